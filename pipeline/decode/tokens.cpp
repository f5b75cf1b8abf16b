// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/tokens.hpp>

#include <array>

#include <penstock/pipeline/decode/scalar.hpp>

namespace penstock::decoding {
namespace {

/// Of the kinds of open containers one bit each, the innermost lowest: 1 is an object.
class Nesting {
 public:
  explicit Nesting(unsigned depth_max) noexcept : room_(depth_max) {}
  [[nodiscard]] bool in_object() const noexcept { return (kinds_ & 1) != 0; }
  [[nodiscard]] bool outside() const noexcept { return depth_ == 0; }
  [[nodiscard]] bool full() const noexcept { return depth_ == room_; }
  void push(bool object) noexcept {
    kinds_ = kinds_ << 1 | static_cast<std::uint64_t>(object);
    ++depth_;
  }
  void pop() noexcept {
    kinds_ >>= 1;
    --depth_;
  }

 private:
  std::uint64_t kinds_ = 0;
  unsigned depth_ = 0;
  unsigned room_;
};

bool opens(char byte) noexcept { return byte == '{' || byte == '['; }

/// '{' + 2 is '}', '[' + 2 is ']'.
bool closes(char close, char open) noexcept { return close == open + 2; }

/// By how much a token's byte changes the depth.
consteval std::array<std::int8_t, 256> make_depths() {
  std::array<std::int8_t, 256> depths{};
  depths['{'] = depths['['] = 1;
  depths['}'] = depths[']'] = -1;
  return depths;
}
constexpr std::array<std::int8_t, 256> kDepths = make_depths();

}  // namespace

const std::uint32_t* walk_value(const Tokens& tokens, const std::uint32_t* first,
                                unsigned depth_max) noexcept {
  const char* const bytes = tokens.bytes;
  const std::uint32_t* const end = tokens.places + tokens.count;
  const std::uint32_t* at = first;
  Nesting nesting(depth_max);
  for (;;) {
    if (nesting.in_object()) {
      if (bytes[at[0]] != '"' || bytes[at[1]] != ':') return nullptr;
      at += 2;
    }
    const char kind = bytes[*at];
    if (kind == '"') {
      ++at;
    } else if (kind == '-' || is_digit(kind)) {
      if (!is_number(bytes, at[0], at[1], tokens.length)) return nullptr;
      ++at;
    } else if (opens(kind)) {
      if (nesting.full()) return nullptr;
      ++at;
      if (!closes(bytes[*at], kind)) {
        nesting.push(kind == '{');
        continue;
      }
      if (++at == end) return nullptr;
    } else {
      // The document's last brace fails here too, so that a scalar has a token behind it.
      if (kind == '}' || !is_literal(bytes, at[0], at[1])) return nullptr;
      ++at;
    }
    for (;;) {
      if (nesting.outside()) return at;
      const char byte = bytes[*at];
      ++at;
      if (byte == ',') break;
      if (byte != (nesting.in_object() ? '}' : ']') || at == end) return nullptr;
      nesting.pop();
    }
  }
}

std::uint32_t skip_container(const Tokens& tokens, std::uint32_t open) noexcept {
  const char* const bytes = tokens.bytes;
  const std::uint32_t* const end = tokens.places + tokens.count;
  int depth = 0;
  for (const std::uint32_t* at = tokens.places + open; at < end; ++at) {
    // One branch for all kinds of tokens: it is taken once.
    depth += kDepths[static_cast<unsigned char>(bytes[*at])];
    if (depth == 0) return static_cast<std::uint32_t>(at + 1 - tokens.places);
  }
  return 0;
}

std::uint32_t skip_value(const Tokens& tokens, std::uint32_t first) noexcept {
  const char kind = tokens.byte(first);
  std::uint32_t next = first + 1;
  if (opens(kind)) {
    next = skip_container(tokens, first);
  } else if (kind == '}' || kind == ']' || kind == ',' || kind == ':') {
    return 0;
  }
  return next < tokens.count ? next : 0;
}

}  // namespace penstock::decoding
