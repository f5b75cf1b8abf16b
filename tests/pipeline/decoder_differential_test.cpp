// SPDX-License-Identifier: Apache-2.0
// The decoder against a second, slow and obvious reader: another JSON parser (nlohmann), and the
// rules of CloudEvents written once more over its tree.
// Differences that are meant: numbers that are grammatical but too large for a double are accepted
// (nobody asked for their value); a byte order mark and nesting beyond the limit are refused.
#include <chrono>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <penstock/pipeline/decode/decoder.hpp>

#include "documents.hpp"

namespace penstock {
namespace {

using nlohmann::json;
using testing::decode;
using testing::Decoded;
using testing::DocumentMaker;
using testing::make_decoder;
using testing::test_documents;
using testing::test_seed;

enum class Json { valid, invalid, overflow };

struct Parsed {
  Json answer = Json::invalid;
  json tree;
  bool names_twice = false;  ///< members of the event, not of its data
  int depth = 0;
};

Parsed parse(const std::string& document) {
  Parsed parsed;
  std::set<std::string> names;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    using Event = json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start)
      parsed.depth = std::max(parsed.depth, depth + 1);
    if (event == Event::key && depth == 1)
      parsed.names_twice |= !names.insert(value.get<std::string>()).second;
    return true;
  };
  try {
    parsed.tree = json::parse(document, watch);
    parsed.answer = Json::valid;
  } catch (const json::out_of_range&) {
    parsed.answer = Json::overflow;
  } catch (const json::exception&) {
    parsed.answer = Json::invalid;
  }
  return parsed;
}

bool has_forbidden_character(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = [&](std::size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u;
    };
    if (byte < 0x20 || byte == 0x7F || (byte == 0xC2 && next(1) < 0xA0)) return true;
    if (byte == 0xEF && next(1) == 0xB7 && next(2) >= 0x90 && next(2) <= 0xAF) return true;
    if (byte == 0xEF && next(1) == 0xBF && next(2) >= 0xBE) return true;
    if (byte >= 0xF0 && (next(1) & 0x0F) == 0x0F && next(2) == 0xBF && next(3) >= 0xBE) return true;
  }
  return false;
}

bool is_rfc3339(const std::string& text) {
  static const std::regex kGrammar(
      R"((\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|([+-])(\d\d):(\d\d)))");
  std::smatch m;
  if (!std::regex_match(text, m, kGrammar)) return false;
  const auto number = [&](std::size_t i) { return m[i].matched ? std::stoi(m[i]) : 0; };
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year(number(1)),
                                    chrono::month(static_cast<unsigned>(number(2))),
                                    chrono::day(static_cast<unsigned>(number(3)))};
  if (!date.ok() || number(4) > 23 || number(5) > 59 || number(6) > 60) return false;
  if (number(10) > 23 || number(11) > 59) return false;
  if (number(6) < 60) return true;
  const chrono::minutes zone{(m[9] == "-" ? -1 : 1) * (number(10) * 60 + number(11))};
  const auto utc =
      chrono::sys_days(date) + chrono::hours(number(4)) + chrono::minutes(number(5)) - zone;
  const auto next = utc + chrono::minutes(1);
  return next == chrono::floor<chrono::days>(next) &&
         chrono::year_month_day(chrono::floor<chrono::days>(next)).day() == chrono::day(1);
}

bool is_base64(const std::string& text) {
  static const std::regex kGrammar("([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?");
  return std::regex_match(text, kGrammar);
}

bool is_extension_name(const std::string& name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string::npos;
}

/// CloudEvents' rules over a tree; why it is refused, or nothing.
std::optional<std::string> broken_rule(const Parsed& parsed) {
  const json& event = parsed.tree;
  if (!event.is_object()) return "no object";
  if (parsed.names_twice) return "name twice";
  for (const char* name : {"id", "source", "type", "specversion"})
    if (!event.contains(name) || !event[name].is_string()) return "required";
  if (event["specversion"] != "1.0") return "specversion";
  bool base64 = false;
  static const std::set<std::string> kTexts = {
      "id", "source", "type", "specversion", "time", "datacontenttype", "dataschema", "subject"};
  for (const auto& [name, value] : event.items()) {
    if (name == "data") continue;
    const bool known = kTexts.contains(name) || name == "data_base64";
    if (!known && !is_extension_name(name)) return "name";
    if (value.is_null()) continue;
    if (name == "data_base64") {
      if (!value.is_string() || !is_base64(value)) return "base64";
      base64 = true;
      continue;
    }
    if (value.is_string() && has_forbidden_character(value)) return "characters";
    if (kTexts.contains(name)) {
      if (!value.is_string() || value.get<std::string>().empty()) return "text";
      continue;
    }
    if (value.is_string() || value.is_boolean()) continue;
    if (!value.is_number_integer()) return "extension";
    if (value.is_number_unsigned() ? value.get<std::uint64_t>() > 2147483647u
                                   : value.get<std::int64_t>() < -2147483648ll)
      return "integer";
  }
  if (base64 && event.contains("data")) return "data twice";
  if (event.contains("time") && !event["time"].is_null() && !is_rfc3339(event["time"]))
    return "time";
  return std::nullopt;
}

bool is_json_refusal(Refusal refusal) { return refusal <= Refusal::not_an_object; }

/// What is wrong with the decoder's answer; empty if nothing is.
std::string difference(const std::string& document, Refusal ours) {
  const Parsed parsed = parse(document);
  if (document.starts_with("\xEF\xBB\xBF"))
    return ours == Refusal::byte_order_mark ? "" : "byte order mark";
  // nlohmann reads no further than a zero byte, which JSON has nowhere.
  const bool zero = document.find('\0') != std::string::npos;
  if (!zero && parsed.answer == Json::overflow) return "";
  if (zero || parsed.answer == Json::invalid)
    return is_json_refusal(ours) && ours != Refusal::none ? "" : "no JSON";
  if (parsed.depth > static_cast<int>(Decoder::kDepthMax))
    return ours == Refusal::too_deep ? "" : "depth";
  const std::optional<std::string> rule = broken_rule(parsed);
  if (!rule) return ours == Refusal::none ? "" : "valid";
  const bool named =
      ours != Refusal::none && (!is_json_refusal(ours) || ours == Refusal::not_an_object);
  return named ? "" : *rule;
}

TEST(DecoderDifferentialTest, generated_and_mutated_documents_agree_with_the_slow_reader) {
  DocumentMaker maker(test_seed());
  Decoder decoder = make_decoder();
  std::map<std::string_view, std::uint64_t> answers;
  for (std::uint64_t i = test_documents(50000); i > 0; --i) {
    const bool valid = i % 8 == 0;
    const std::string document = valid ? maker.valid_event() : maker.mutated(maker.valid_event());
    const Decoded decoded = decode(decoder, document);
    ++answers[to_string(decoded.answer.refusal)];
    const std::string reason = difference(document, decoded.answer.refusal);
    ASSERT_EQ(reason, "") << to_string(decoded.answer.refusal) << ": " << document;
    if (valid) {
      ASSERT_TRUE(decoded.answer.ok()) << describe(decoded.answer, document) << "\n" << document;
    }
  }
  // The mutations must reach most reasons, or the test tries little.
  EXPECT_GT(answers.size(), 15u);
}

TEST(DecoderDifferentialTest, decoded_texts_agree_with_the_slow_reader) {
  DocumentMaker maker(test_seed());
  Decoder decoder = make_decoder();
  for (std::uint64_t i = test_documents(5000); i > 0; --i) {
    const std::string document = maker.valid_event();
    const Decoded decoded = decode(decoder, document);
    ASSERT_TRUE(decoded.answer.ok()) << document;
    const Parsed parsed = parse(document);
    if (parsed.answer == Json::overflow) continue;
    const json& event = parsed.tree;
    EXPECT_EQ(decoder.text(document, decoded.envelope.id), event["id"].get<std::string>());
    EXPECT_EQ(decoder.text(document, decoded.envelope.source), event["source"].get<std::string>());
    EXPECT_EQ(decoded.envelope.subject.present(), event.contains("subject"));
    for (const auto& [name, value] : event.items()) {
      ValueKind kind{};
      const Extension found = decoder.find_extension(document, decoded.envelope, name, kind);
      ASSERT_EQ(found.value.present(), name.starts_with("ext") && !value.is_null()) << document;
      if (!found.value.present()) continue;
      const std::string_view text = decoder.text(document, found.value);
      EXPECT_EQ(text, value.is_string() ? value.get<std::string>() : value.dump()) << document;
    }
  }
}

}  // namespace
}  // namespace penstock
