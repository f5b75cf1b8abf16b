// SPDX-License-Identifier: Apache-2.0
// Writes JSON into a string, on one line: reports, rejects, `--format json`.
// 1. The caller nests properly; commas and escapes are the writer's.
// 2. Texts that are not valid UTF-8 are written with U+FFFD for each bad byte, so that it is always
//    JSON that is written; who must keep the bytes writes base64.
// One thread. Reusing a writer by clear() keeps its memory.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool boolean) { return literal(boolean ? "true" : "false"); }
  /// With six digits behind the first; a number that JSON does not have (inf) is written as null.
  JsonWriter& value(double number);
  template <std::integral Integer>
  JsonWriter& value(Integer number) {
    return literal(std::to_string(number));
  }
  template <class Value>
  JsonWriter& value(const std::vector<Value>& values) {
    begin_array();
    for (const Value& each : values) value(each);
    return end_array();
  }
  JsonWriter& null() { return literal("null"); }

  template <class Value>
  JsonWriter& member(std::string_view name, const Value& content) {
    return key(name).value(content);
  }

  void clear() noexcept {
    text_.clear();
    wants_comma_ = false;
  }
  [[nodiscard]] const std::string& text() const& noexcept { return text_; }
  [[nodiscard]] std::string text() && noexcept { return std::move(text_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& literal(std::string_view text);

  std::string text_;
  bool wants_comma_ = false;
};

/// Appends what stands between the quotes of a JSON string. Bytes that are no UTF-8 become U+FFFD.
void append_json_text(std::string& out, std::string_view text);
/// Bytes of the valid UTF-8 character at the start of `text`, 0 if there is none (RFC 3629, section
/// 4).
[[nodiscard]] std::size_t utf8_character_bytes(std::string_view text) noexcept;
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;
/// RFC 4648, section 4, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace penstock
