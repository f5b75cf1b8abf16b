// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/escapes.hpp>

#include <array>
#include <cstddef>
#include <cstring>

namespace penstock::decoding {
namespace {

constexpr std::uint32_t kBroken = Character::kBroken;

std::uint32_t hex_digit(char byte) noexcept {
  if (byte >= '0' && byte <= '9') return static_cast<std::uint32_t>(byte - '0');
  const char lower = static_cast<char>(byte | 0x20);
  if (lower >= 'a' && lower <= 'f') return static_cast<std::uint32_t>(lower - 'a' + 10);
  return kBroken;
}

/// The value of "\uXXXX" at `from`, or kBroken.
std::uint32_t read_hex(const char* from, const char* end) noexcept {
  if (end - from < 6 || from[0] != '\\' || from[1] != 'u') return kBroken;
  std::uint32_t value = 0;
  for (int i = 2; i < 6; ++i) {
    const std::uint32_t digit = hex_digit(from[i]);
    if (digit == kBroken) return kBroken;
    value = value << 4 | digit;
  }
  return value;
}

Character read_unicode_escape(const char* from, const char* end) noexcept {
  const std::uint32_t first = read_hex(from, end);
  if (first == kBroken || (first >= 0xDC00 && first <= 0xDFFF)) return {kBroken, from};
  if (first < 0xD800 || first > 0xDBFF) return {first, from + 6};
  const std::uint32_t second = read_hex(from + 6, end);
  if (second < 0xDC00 || second > 0xDFFF) return {kBroken, from};
  return {0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), from + 12};
}

Character read_escape(const char* from, const char* end) noexcept {
  if (end - from < 2) return {kBroken, from};
  switch (from[1]) {
    case '"':
    case '\\':
    case '/': return {static_cast<std::uint32_t>(from[1]), from + 2};
    case 'b': return {'\b', from + 2};
    case 'f': return {'\f', from + 2};
    case 'n': return {'\n', from + 2};
    case 'r': return {'\r', from + 2};
    case 't': return {'\t', from + 2};
    case 'u': return read_unicode_escape(from, end);
    default: return {kBroken, from};
  }
}

char* write_utf8(std::uint32_t code_point, char* out) noexcept {
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80 | (code_point >> shift & 0x3F));
  };
  if (code_point < 0x80) {
    *out++ = static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *out++ = static_cast<char>(0xC0 | code_point >> 6);
    *out++ = tail(0);
  } else if (code_point < 0x10000) {
    *out++ = static_cast<char>(0xE0 | code_point >> 12);
    *out++ = tail(6);
    *out++ = tail(0);
  } else {
    *out++ = static_cast<char>(0xF0 | code_point >> 18);
    *out++ = tail(12);
    *out++ = tail(6);
    *out++ = tail(0);
  }
  return out;
}

/// The next backslash, or end.
const char* find_backslash(const char* from, const char* end) noexcept {
  if (from == end) return end;
  const void* const found = std::memchr(from, '\\', static_cast<std::size_t>(end - from));
  return found == nullptr ? end : static_cast<const char*>(found);
}

}  // namespace

Character read_character(const char* from, const char* end) noexcept {
  if (*from == '\\') return read_escape(from, end);
  const auto first = static_cast<unsigned char>(*from);
  if (first < 0x80) return {first, from + 1};
  const int length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || end - from < length) return {kBroken, from};
  std::uint32_t code_point = first & (0x7Fu >> length);
  for (int i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(from[i]);
    if ((byte & 0xC0) != 0x80) return {kBroken, from};
    code_point = code_point << 6 | (byte & 0x3F);
  }
  // Overlong forms, surrogates, and what is beyond the last plane (RFC 3629 section 3).
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kSmallest[static_cast<std::size_t>(length)] || surrogate ||
      code_point > 0x10FFFF)
    return {kBroken, from};
  return {code_point, from + length};
}

bool escapes_valid(const char* from, const char* end) noexcept {
  while ((from = find_backslash(from, end)) != end) {
    const Character character = read_escape(from, end);
    if (!character.ok()) return false;
    from = character.next;
  }
  return true;
}

char* unescape(std::string_view raw, char* out) noexcept {
  const char* from = raw.data();
  const char* const end = from + raw.size();
  while (from != end) {
    const char* const stop = find_backslash(from, end);
    const auto plain = static_cast<std::size_t>(stop - from);
    std::memcpy(out, from, plain);
    out += plain;
    if (stop == end) break;
    const Character character = read_escape(stop, end);
    if (!character.ok()) return nullptr;
    out = write_utf8(character.code_point, out);
    from = character.next;
  }
  return out;
}

bool means(std::string_view raw, std::string_view text) noexcept {
  // Decoding never lengthens: an escape of 6 bytes gives at most 3, a pair of 12 gives 4.
  if (raw.size() < text.size()) return false;
  const char* from = raw.data();
  const char* const end = from + raw.size();
  while (from != end) {
    if (*from != '\\') {
      if (text.empty() || text.front() != *from) return false;
      ++from;
      text.remove_prefix(1);
      continue;
    }
    const Character character = read_escape(from, end);
    if (!character.ok()) return false;
    char bytes[4];
    const auto length = static_cast<std::size_t>(write_utf8(character.code_point, bytes) - bytes);
    if (text.substr(0, length) != std::string_view(bytes, length)) return false;
    from = character.next;
    text.remove_prefix(length);
  }
  return text.empty();
}

}  // namespace penstock::decoding
