// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/diagnosis.hpp>

#include <array>
#include <cstddef>

#include <penstock/pipeline/decode/bytes.hpp>
#include <penstock/pipeline/decode/escapes.hpp>
#include <penstock/pipeline/decode/scalar.hpp>

namespace penstock::decoding {
namespace {

/// A recursive grammar turned into a loop: what is expected next, and the open containers.
class Parser {
 public:
  explicit Parser(std::string_view document) noexcept
      : begin_(document.data()), end_(begin_ + document.size()), at_(begin_) {}

  Diagnosis run() noexcept {
    skip_space();
    if (at_ == end_) return {Refusal::empty, 0};
    const char first = *at_;
    if (!document()) return found_;
    skip_space();
    if (at_ != end_) return {Refusal::trailing_bytes, offset()};
    if (first != '{') return {Refusal::not_an_object, 0};
    return {};
  }

 private:
  [[nodiscard]] std::uint32_t offset() const noexcept {
    return static_cast<std::uint32_t>(at_ - begin_);
  }
  bool fail(Refusal refusal) noexcept {
    found_ = {refusal, offset()};
    return false;
  }
  void skip_space() noexcept {
    while (at_ != end_ && is_space(*at_)) ++at_;
  }
  bool take(char byte) noexcept {
    skip_space();
    if (at_ == end_ || *at_ != byte) return false;
    ++at_;
    return true;
  }

  bool document() noexcept {
    do {
      if (!value()) return false;
      while (depth_ > 0 && take(in_object() ? '}' : ']')) --depth_;
      if (depth_ == 0) return true;
      if (!take(',')) return fail(Refusal::invalid_json);
    } while (!in_object() || name());
    return false;
  }

  [[nodiscard]] bool in_object() const noexcept { return objects_[depth_ - 1]; }

  bool name() noexcept {
    skip_space();
    if (at_ == end_ || *at_ != '"') return fail(Refusal::invalid_json);
    return string() && (take(':') || fail(Refusal::invalid_json));
  }

  /// A scalar, an empty container, or the beginnings of containers down to their first scalar.
  bool value() noexcept {
    for (;;) {
      skip_space();
      if (at_ == end_) return fail(Refusal::invalid_json);
      if (*at_ != '{' && *at_ != '[') return scalar();
      if (depth_ == Decoder::kDepthMax) return fail(Refusal::too_deep);
      const bool object = *at_ == '{';
      ++at_;
      if (take(object ? '}' : ']')) return true;
      objects_[depth_++] = object;
      if (object && !name()) return false;
    }
  }

  bool scalar() noexcept {
    if (*at_ == '"') return string();
    if (*at_ == '-' || is_digit(*at_)) return number();
    for (const std::string_view literal : {"true", "false", "null"}) {
      if (!rest().starts_with(literal)) continue;
      at_ += literal.size();
      return ended() || fail(Refusal::invalid_json);
    }
    return fail(Refusal::invalid_json);
  }

  bool number() noexcept {
    const char* const stop = number_end(at_, end_);
    const char* const start = at_;
    if (stop != nullptr) at_ = stop;
    if (stop != nullptr && ended()) return true;
    at_ = start;
    return fail(Refusal::invalid_number);
  }

  bool string() noexcept {
    const char* const open = at_++;
    while (at_ != end_ && *at_ != '"') {
      if (static_cast<unsigned char>(*at_) < 0x20) return fail(Refusal::control_character);
      if (*at_ != '\\') {
        ++at_;
        continue;
      }
      const Character character = read_character(at_, end_);
      if (!character.ok()) return fail(Refusal::invalid_escape);
      at_ = character.next;
    }
    if (at_ == end_) {
      at_ = open;
      return fail(Refusal::invalid_json);
    }
    ++at_;
    return true;
  }

  [[nodiscard]] std::string_view rest() const noexcept {
    return {at_, static_cast<std::size_t>(end_ - at_)};
  }
  /// A scalar ends at white space, at the end, or where a bracket, a comma or a colon stands.
  [[nodiscard]] bool ended() const noexcept {
    return at_ == end_ || is_space(*at_) ||
           std::string_view("{}[],:").find(*at_) != std::string_view::npos;
  }

  const char* begin_;
  const char* end_;
  const char* at_;
  unsigned depth_ = 0;
  std::array<bool, Decoder::kDepthMax> objects_{};
  Diagnosis found_;
};

/// The first byte that begins no valid character, or the length.
std::uint32_t utf8_length(std::string_view text) noexcept {
  const char* from = text.data();
  const char* const end = from + text.size();
  while (from != end) {
    if (static_cast<unsigned char>(*from) < 0x80) {
      ++from;
      continue;
    }
    const Character character = read_character(from, end);
    if (!character.ok()) break;
    from = character.next;
  }
  return static_cast<std::uint32_t>(from - text.data());
}

}  // namespace

Diagnosis diagnose(std::string_view document) noexcept {
  if (document.starts_with("\xEF\xBB\xBF")) return {Refusal::byte_order_mark, 0};
  const std::uint32_t valid = utf8_length(document);
  if (valid != document.size()) return {Refusal::invalid_utf8, valid};
  return Parser(document).run();
}

}  // namespace penstock::decoding
