// SPDX-License-Identifier: Apache-2.0
// What the decoder refuses: every reason, every rule, and the sentence that a person reads.
#include <penstock/pipeline/decode/decoder.hpp>

#include <set>

#include <gtest/gtest.h>

#include "documents.hpp"

namespace penstock {
namespace {

using testing::decode;
using testing::event_with;
using testing::make_decoder;
using testing::refusal_of;

struct Case {
  Refusal refusal;
  std::string document;
};

/// The event without one of its required members, which is put in otherwise.
std::string event_but(std::string_view id, std::string_view source, std::string_view type,
                      std::string_view specversion) {
  std::string text = "{";
  for (const std::string_view member : {id, source, type, specversion})
    if (!member.empty()) text += (text.size() > 1 ? "," : "") + std::string(member);
  return text + "}";
}

constexpr std::string_view kId = R"("id":"a")";
constexpr std::string_view kSource = R"("source":"/s")";
constexpr std::string_view kType = R"("type":"t")";
constexpr std::string_view kVersion = R"("specversion":"1.0")";

std::vector<Case> json_cases() {
  using enum Refusal;
  const auto data = [](std::string_view value) {
    return event_with("\"data\":" + std::string(value));
  };
  return {
      {empty, ""},
      {empty, " \r\n\t"},
      {byte_order_mark, "\xEF\xBB\xBF" + event_with("")},
      {not_an_object, "[1]"},
      {not_an_object, "\"text\""},
      {not_an_object, "12"},
      {not_an_object, "[" + event_with("") + "]"},
      {trailing_bytes, event_with("") + "x"},
      {trailing_bytes, event_with("") + "{}"},
      {trailing_bytes, event_with("") + "}"},
      {trailing_bytes, event_with("") + ","},
      {trailing_bytes, event_with("") + "\x01"},
      {trailing_bytes, event_with("") + std::string(1, '\0')},
      {invalid_utf8, event_with("\"subject\":\"\xC3\x28\"")},
      {invalid_utf8, event_with("\"subject\":\"\xC0\x80\"")},
      {invalid_utf8, data("\"\xED\xA0\x80\"")},
      {invalid_utf8, data("\"\xF4\x90\x80\x80\"")},
      {invalid_utf8, event_with("") + "\xFF"},
      {control_character, data("\"a\x01z\"")},
      {control_character, data("\"a\nz\"")},
      {control_character, data("\"" + std::string(1, '\0') + "\"")},
      {control_character, event_with("\"subject\":\"a\tb\"")},
      {invalid_escape, data(R"("\x")")},
      {invalid_escape, data(R"("\u12g4")")},
      {invalid_escape, data(R"("\ud800")")},
      {invalid_escape, data(R"("\ud800\u0041")")},
      {invalid_escape, data(R"("\udc00")")},
      {invalid_escape, data(R"({"\ud800":1})")},
      {invalid_escape, event_with(R"("subject":"\ud800")")},
      {invalid_escape, event_with(R"("s\q":"x")")},
      {too_deep, data(std::string(64, '[') + std::string(64, ']'))},
      {too_deep, data(std::string(100000, '['))},
      {too_deep, std::string(R"({"a":)") + std::string(64, '[')},
  };
}

TEST(RefusalTest, broken_json_is_refused_with_its_reason) {
  for (const Case& c : json_cases())
    EXPECT_EQ(to_string(refusal_of(c.document)), to_string(c.refusal)) << c.document.substr(0, 200);
}

TEST(RefusalTest, broken_grammar_is_refused) {
  for (const std::string_view document : {"{",
                                          "}",
                                          "{]",
                                          "[}",
                                          "{\"id\"",
                                          "{\"id\":",
                                          "{\"id\":}",
                                          "{\"id\":\"a\"",
                                          "{\"id\":\"a\",",
                                          "{\"id\":\"a\",}",
                                          "{,}",
                                          "{\"id\" \"a\"}",
                                          "{\"id\":\"a\" \"b\":1}",
                                          "{\"id\":\"a",
                                          "{id:\"a\"}",
                                          "{'id':'a'}",
                                          "{1:2}",
                                          "{\"a\"::1}",
                                          "{\"a\":1,,\"b\":2}",
                                          "{\"a\":1:2}",
                                          "lunch",
                                          "{\\\"id\\\":1}",
                                          "{\"a\":\"b\"c}",
                                          "{\"a\":\"b\"\"c\"}"})
    EXPECT_EQ(refusal_of(document), Refusal::invalid_json) << document;
  for (const std::string_view data :
       {"tru",       "truex",       "true1",     "nul",        "False",
        "nan",       "Infinity",    "undefined", "[1,]",       "[,1]",
        "[1 2]",     "{\"a\"}",     "{\"a\":}",  "{\"a\":1,}", "{\"a\":1 \"b\":2}",
        "{1:2}",     "[1}",         "{\"a\":1]", "[\"a\"b]",   "\"a\"b",
        "true\"a\"", "[true\"a\"]", "{\"a\"1}",  "/*c*/1",     "[true\x0C]",
        "\x1A 1",    "'a'",         "{\"a\",1}"})
    EXPECT_EQ(refusal_of(event_with("\"data\":" + std::string(data))), Refusal::invalid_json)
        << data;
}

TEST(RefusalTest, numbers_follow_the_grammar) {
  for (const std::string_view number :
       {"01",     "-",     "-01", "00",           "1.",         "-1.",           "1.e5",
        "1e",     "1e+",   "1E-", "1.5e",         "--1",        "0x10",          "1_0",
        "1.2.3",  "1e5.5", "1a",  "12345678901.", "123456789a", "0.1234567890e", "-a",
        "1\"a\"", "1\x0C"}) {
    EXPECT_EQ(refusal_of(event_with("\"data\":" + std::string(number))), Refusal::invalid_number)
        << number;
    EXPECT_EQ(refusal_of(event_with("\"data\":[" + std::string(number) + "]")),
              Refusal::invalid_number)
        << number;
  }
  for (const std::string_view number : {"+1", ".5"})
    EXPECT_EQ(refusal_of(event_with("\"data\":" + std::string(number))), Refusal::invalid_json)
        << number;
  for (const std::string_view number :
       {"0",        "-0",        "0.0",      "10",        "-10",       "1.5",
        "0.25",     "1e5",       "1E5",      "1e+5",      "1e-5",      "0e0",
        "1.5e300",  "1e999",     "12345678", "123456789", "1234.5678", "12345678.90123",
        "-1234567", "-12345678", "0.1",      "-0.12345"}) {
    EXPECT_EQ(refusal_of(event_with("\"data\":" + std::string(number))), Refusal::none) << number;
    EXPECT_EQ(refusal_of(event_with("\"data\":[ " + std::string(number) + " ]")), Refusal::none)
        << number;
  }
}

std::vector<Case> rule_cases() {
  using enum Refusal;
  return {
      {missing_attribute, "{}"},
      {missing_attribute, event_but("", kSource, kType, kVersion)},
      {missing_attribute, event_but(kId, "", kType, kVersion)},
      {missing_attribute, event_but(kId, kSource, "", kVersion)},
      {missing_attribute, event_but(kId, kSource, kType, "")},
      {wrong_type, event_but(R"("id":null)", kSource, kType, kVersion)},
      {wrong_type, event_but(R"("id":12)", kSource, kType, kVersion)},
      {wrong_type, event_but(kId, R"("source":["x"])", kType, kVersion)},
      {wrong_type, event_but(kId, kSource, R"("type":{"a":1})", kVersion)},
      {wrong_type, event_but(kId, kSource, kType, R"("specversion":1.0)")},
      {wrong_type, event_with(R"("subject":true)")},
      {wrong_type, event_with(R"("time":0)")},
      {wrong_type, event_with(R"("data_base64":12)")},
      {wrong_type, event_with(R"("ext":1.5)")},
      {wrong_type, event_with(R"("ext":1e3)")},
      {wrong_type, event_with(R"("ext":2147483648)")},
      {wrong_type, event_with(R"("ext":-2147483649)")},
      {wrong_type, event_with(R"("ext":[])")},
      {wrong_type, event_with(R"("ext":{"a":"b"})")},
      {empty_attribute, event_but(R"("id":"")", kSource, kType, kVersion)},
      {empty_attribute, event_but(kId, R"("source":"")", kType, kVersion)},
      {empty_attribute, event_with(R"("subject":"")")},
      {empty_attribute, event_with(R"("datacontenttype":"")")},
      {empty_attribute, event_with(R"("dataschema":"")")},
      {unsupported_specversion, event_but(kId, kSource, kType, R"("specversion":"0.3")")},
      {unsupported_specversion, event_but(kId, kSource, kType, R"("specversion":"1.0.2")")},
      {unsupported_specversion, event_but(kId, kSource, kType, R"("specversion":"1")")},
      {invalid_attribute_name, event_with(R"("myExt":"x")")},
      {invalid_attribute_name, event_with(R"("my.extension":"x")")},
      {invalid_attribute_name, event_with(R"("my_ext":"x")")},
      {invalid_attribute_name, event_with(R"("":"x")")},
      {invalid_attribute_name, event_with("\"\xC3\xA4\":\"x\"")},
      {invalid_attribute_name, event_with(R"("\u0041":"x")")},
      {invalid_attribute_name, event_with(R"("abcdefghijklmnoPqrstuvwxyz":"x")")},
      {invalid_attribute_name, event_with(R"("data_base65":"x")")},
      {duplicate_attribute, event_with(R"("id":"a1")")},
      {duplicate_attribute, event_with(R"("\u0069d":"a1")")},
      {duplicate_attribute, event_with(R"("subject":null,"subject":"x")")},
      {duplicate_attribute, event_with(R"("data":1,"data":1)")},
      {duplicate_attribute, event_with(R"("data_base64":"","data_base64":"")")},
      {duplicate_attribute, event_with(R"("ext":1,"other":2,"ext":1)")},
      {duplicate_attribute, event_with(R"("ext":null,"e\u0078t":1)")},
      {duplicate_attribute,
       event_with(R"("a\u0062cdefghijklmnopqrstuvwxyz":1,"abcdefghijklmnopqrstuvwxyz":1)")},
      {data_twice, event_with(R"("data":1,"data_base64":"AA==")")},
      {data_twice, event_with(R"("data_base64":"AA==","data":null)")},
      {invalid_base64, event_with(R"("data_base64":"A")")},
      {invalid_base64, event_with(R"("data_base64":"AA")")},
      {invalid_base64, event_with(R"("data_base64":"AA=A")")},
      {invalid_base64, event_with(R"("data_base64":"====")")},
      {invalid_base64, event_with(R"("data_base64":"A===")")},
      {invalid_base64, event_with(R"("data_base64":"AA-_")")},
      {invalid_base64, event_with(R"("data_base64":"AA A")")},
      {invalid_base64, event_with(R"("data_base64":"\/A=A")")},
      {invalid_value, event_with("\"subject\":\"a\x7F\"")},
      {invalid_value, event_with("\"subject\":\"a\xC2\x85\"")},
      {invalid_value, event_with("\"subject\":\"\xEF\xBF\xBF\"")},
      {invalid_value, event_with(R"("subject":"\u0000")")},
      {invalid_value, event_with(R"("ext":"a\nb")")},
      {invalid_value, event_with(R"("ext":"\ud83f\udffe")")},
  };
}

TEST(RefusalTest, broken_rules_are_refused_with_their_reason) {
  for (const Case& c : rule_cases()) {
    EXPECT_EQ(to_string(refusal_of(c.document)), to_string(c.refusal)) << c.document;
    EXPECT_EQ(to_string(refusal_of(c.document, DecodeMode::envelope)), to_string(c.refusal))
        << c.document;
  }
}

TEST(RefusalTest, timestamps_are_checked_in_every_range) {
  const auto event = [](std::string_view time) {
    return event_with("\"time\":\"" + std::string(time) + '"');
  };
  for (const std::string_view time : {"lunchtime",
                                      "2024-01-01",
                                      "2024-01-01T00:00:00",
                                      "2024-01-01 00:00:00Z",
                                      "2024-00-01T00:00:00Z",
                                      "2024-13-01T00:00:00Z",
                                      "2024-01-00T00:00:00Z",
                                      "2024-01-32T00:00:00Z",
                                      "2023-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2024-04-31T00:00:00Z",
                                      "2024-01-01T24:00:00Z",
                                      "2024-01-01T00:60:00Z",
                                      "2024-01-01T00:00:61Z",
                                      "2024-01-01T00:00:00.Z",
                                      "2024-01-01T00:00:00,5Z",
                                      "2024-01-01T00:00:00+24:00",
                                      "2024-01-01T00:00:00+00:60",
                                      "2024-01-01T00:00:00+0100",
                                      "2024-01-01T00:00:00+01",
                                      "2024-1-01T00:00:00Z",
                                      "2024-01-01T00:00:00Zx",
                                      "2024-01-01T00:00:00ZZ",
                                      "02024-01-01T00:00:00Z",
                                      "2024-01-01T00:00:60Z",
                                      "2024-06-29T23:59:60Z",
                                      "2024-07-01T00:59:60Z",
                                      "2024-01-01T0a:00:00Z",
                                      "2024-01-01T00:00:00.1a"})
    EXPECT_EQ(refusal_of(event(time)), Refusal::invalid_time) << time;
  for (const std::string_view time :
       {"2024-02-29T23:59:59Z", "2000-02-29T00:00:00z", "0000-01-01t00:00:00Z",
        "9999-12-31T23:59:59.999999999Z", "2016-12-31T23:59:60Z", "2017-01-01T00:59:60+01:00",
        "2016-12-31T15:59:60-08:00", "2024-01-01T00:00:00-23:59",
        "2024-01-01T00:00:00.123456789012345678901234567890+05:30"})
    EXPECT_EQ(refusal_of(event(time)), Refusal::none) << time;
}

TEST(RefusalTest, extensions_are_bounded) {
  const auto event = [](unsigned count) {
    std::string members;
    for (unsigned i = 0; i < count; ++i)
      members += (i > 0 ? ",\"e" : "\"e") + std::to_string(i) + "\":" + std::to_string(i);
    return event_with(members);
  };
  EXPECT_EQ(refusal_of(event(Decoder::kExtensionsMax)), Refusal::none);
  EXPECT_EQ(refusal_of(event(Decoder::kExtensionsMax + 1)), Refusal::too_many_extensions);
}

TEST(RefusalTest, event_over_the_limit_is_refused) {
  Result<Decoder> decoder = Decoder::create({.event_bytes_max = 100});
  ASSERT_TRUE(decoder.has_value());
  const std::string document = event_with("\"data\":\"" + std::string(100, 'x') + '"');
  EXPECT_EQ(decode(*decoder, document).answer.refusal, Refusal::too_large);
  EXPECT_EQ(decode(*decoder, event_with("")).answer.refusal, Refusal::none);
}

TEST(RefusalTest, broken_json_is_named_before_broken_rules) {
  EXPECT_EQ(refusal_of(R"({"id":12,"data":[1,})"), Refusal::invalid_json);
  EXPECT_EQ(refusal_of(R"({"id":12,"data":[01]})"), Refusal::invalid_number);
}

TEST(RefusalTest, every_reason_has_a_name_of_its_own_and_a_sentence) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Refusal::too_many_extensions); ++i) {
    const auto refusal = static_cast<Refusal>(i);
    EXPECT_TRUE(names.insert(to_string(refusal)).second);
    EXPECT_FALSE(describe({.refusal = refusal}, "{}").empty());
  }
}

TEST(RefusalTest, sentences_name_attribute_and_value) {
  const auto sentence = [](const std::string& document) {
    Decoder decoder = make_decoder();
    return describe(decode(decoder, document).answer, document);
  };
  EXPECT_EQ(sentence(event_with(R"("time":"lunchtime")")),
            R"("time" is not an RFC 3339 timestamp: "lunchtime")");
  EXPECT_EQ(sentence(event_with(R"("my.extension":1)")),
            R"(attribute name "my.extension" has a character outside a-z0-9)");
  EXPECT_EQ(sentence(event_with(R"("":1)")), R"(attribute name "" is empty)");
  EXPECT_EQ(sentence(event_with(R"("id":"b")")), R"("id" stands twice)");
  EXPECT_EQ(sentence(event_with(R"("ext":1.5)")),
            R"("ext" is no string, boolean or 32-bit integer: 1.5)");
  EXPECT_EQ(sentence(R"({"source":"/s","type":"t","specversion":"1.0"})"), R"("id" is missing)");
  EXPECT_EQ(sentence(R"({"id":"a" "b"})"), R"(invalid JSON at byte 10: "b"})");
  EXPECT_EQ(sentence(R"({"id":)"), "invalid JSON at byte 6: the document ends");
  EXPECT_EQ(sentence(event_with("\"data\":\"\xFF\"")), "invalid UTF-8 at byte 64: \\xff\"}");
  EXPECT_EQ(sentence(event_with("\"time\":\"" + std::string(100, 'x') + '"')),
            "\"time\" is not an RFC 3339 timestamp: \"" + std::string(59, 'x') + "...");
}

}  // namespace
}  // namespace penstock
