// SPDX-License-Identifier: Apache-2.0
// Refusals as text: their stable names, and a sentence for a person. Only refused events come here.
#include <penstock/pipeline/decode/decoder.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

#include <penstock/pipeline/decode/escapes.hpp>

namespace penstock {
namespace {

constexpr std::size_t kQuotedBytesMax = 60;  ///< of a document, in a sentence

/// Appends text from a document so that the sentence stays one line of valid UTF-8.
void append_printable(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const char* const start = text.data();
  const char* from = start;
  const char* const end = start + text.size();
  while (from != end && static_cast<std::size_t>(from - start) < kQuotedBytesMax) {
    const auto byte = static_cast<unsigned char>(*from);
    // A backslash is a character here: what is shown is the raw text.
    const decoding::Character character =
        byte == '\\' ? decoding::Character{'\\', from + 1} : decoding::read_character(from, end);
    const bool control = character.code_point < 0x20 ||
                         (character.code_point >= 0x7F && character.code_point <= 0x9F);
    if (character.ok() && !control) {
      out.append(from, character.next);
      from = character.next;
      continue;
    }
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
    ++from;
  }
  if (from != end) out += "...";
}

/// The raw text of the value at `offset`: a string with its quotes, or up to a comma or bracket.
std::string_view value_at(std::string_view document, std::size_t offset) {
  if (offset >= document.size()) return {};
  const std::string_view rest = document.substr(offset);
  std::size_t at = 1;
  if (rest.front() == '"') {
    while (at < rest.size() && rest[at] != '"') at += rest[at] == '\\' ? 2 : 1;
    return rest.substr(0, at + 1);
  }
  if (rest.front() == '{' || rest.front() == '[') return rest;
  while (at < rest.size() &&
         std::string_view(",]} \t\r\n").find(rest[at]) == std::string_view::npos)
    ++at;
  return rest.substr(0, at);
}

enum class Shape : std::uint8_t {
  document,   ///< a sentence about the document as a whole
  place,      ///< and the bytes at the offset
  attribute,  ///< begins with the attribute
  value,      ///< and ends with its value
};

struct Rule {
  std::string_view name;
  Shape shape;
  std::string_view sentence;
};

constexpr std::array<Rule, 23> kRules = {{
    {"none", Shape::document, "no fault"},
    {"empty", Shape::document, "the event is empty"},
    {"too_large", Shape::document, "the event is larger than event_bytes_max"},
    {"byte_order_mark", Shape::document, "the event begins with a byte order mark"},
    {"invalid_json", Shape::place, "invalid JSON"},
    {"invalid_utf8", Shape::place, "invalid UTF-8"},
    {"invalid_escape", Shape::place, "invalid escape in a string"},
    {"invalid_number", Shape::place, "invalid number"},
    {"control_character", Shape::place, "unescaped control character in a string"},
    {"too_deep", Shape::place, "nested deeper than 64 levels"},
    {"trailing_bytes", Shape::place, "bytes after the end of the event"},
    {"not_an_object", Shape::document, "the event is no JSON object"},
    {"duplicate_attribute", Shape::attribute, "stands twice"},
    {"missing_attribute", Shape::attribute, "is missing"},
    {"empty_attribute", Shape::attribute, "is empty"},
    {"wrong_type", Shape::value, "is no string"},
    {"unsupported_specversion", Shape::value, "is not \"1.0\""},
    {"invalid_attribute_name", Shape::attribute, "has a character outside a-z0-9"},
    {"invalid_time", Shape::value, "is not an RFC 3339 timestamp"},
    {"invalid_value", Shape::value, "has a control character or a noncharacter"},
    {"data_twice", Shape::document, "both \"data\" and \"data_base64\" are present"},
    {"invalid_base64", Shape::value, "is not Base64"},
    {"too_many_extensions", Shape::document, "more than 1024 extensions"},
}};
static_assert(kRules.size() == static_cast<std::size_t>(Refusal::too_many_extensions) + 1);
static_assert(Decoder::kDepthMax == 64 && Decoder::kExtensionsMax == 1024, "as the sentences say");

const Rule& rule_of(Refusal refusal) noexcept { return kRules[static_cast<std::size_t>(refusal)]; }

void append_name(std::string& out, const DecodeAnswer& answer, std::string_view document) {
  out += '"';
  if (answer.name.present()) {
    append_printable(out, document.substr(answer.name.offset, answer.name.length()));
  } else {
    out += answer.attribute;
  }
  out += "\" ";
}

}  // namespace

std::string_view to_string(Refusal refusal) noexcept { return rule_of(refusal).name; }

std::string describe(const DecodeAnswer& answer, std::string_view document) {
  const Rule& rule = rule_of(answer.refusal);
  std::string sentence;
  if (rule.shape == Shape::attribute || rule.shape == Shape::value) {
    if (answer.refusal == Refusal::invalid_attribute_name) sentence += "attribute name ";
    append_name(sentence, answer, document);
  }
  if (answer.refusal == Refusal::invalid_attribute_name && answer.name.length() == 0) {
    sentence += "is empty";
  } else if (answer.refusal == Refusal::wrong_type && answer.name.present()) {
    sentence += "is no string, boolean or 32-bit integer";
  } else {
    sentence += rule.sentence;
  }
  if (rule.shape == Shape::place) {
    sentence += " at byte ";
    sentence += std::to_string(answer.offset);
  }
  if (rule.shape != Shape::place && rule.shape != Shape::value) return sentence;
  const std::string_view shown =
      rule.shape == Shape::value
          ? value_at(document, answer.offset)
          : document.substr(std::min<std::size_t>(answer.offset, document.size()));
  if (shown.empty()) return sentence + ": the document ends";
  sentence += ": ";
  append_printable(sentence, shown);
  return sentence;
}

}  // namespace penstock
