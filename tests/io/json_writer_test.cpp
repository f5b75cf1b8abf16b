// SPDX-License-Identifier: Apache-2.0
// What is written is JSON whatever the texts hold.
#include <penstock/io/json_writer.hpp>

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace penstock {
namespace {

std::string text_of(std::string_view text) { return JsonWriter{}.value(text).text(); }

TEST(JsonWriter, nests_with_commas_where_they_belong) {
  JsonWriter json;
  json.begin_object().member("a", 1).key("b").begin_array().value(true).null().begin_object();
  json.end_object().end_array().key("c").begin_object().end_object().member("d", "x").end_object();
  EXPECT_EQ(json.text(), R"({"a":1,"b":[true,null,{}],"c":{},"d":"x"})");
}

TEST(JsonWriter, escapes_what_json_demands) {
  EXPECT_EQ(text_of("a\"b\\c\n\r\t\x01\x1f/"), R"("a\"b\\c\n\r\t\u0001\u001f/")");
  EXPECT_EQ(text_of(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonWriter, bad_utf8_becomes_replacement_characters) {
  EXPECT_EQ(text_of("\xC3\xA9\xF0\x9F\x98\x80"), "\"\xC3\xA9\xF0\x9F\x98\x80\"");
  EXPECT_EQ(text_of("a\xFF"), "\"a\xEF\xBF\xBD\"");
}

TEST(JsonWriter, numbers_have_seven_digits_and_no_infinity) {
  EXPECT_EQ(JsonWriter{}.value(0.25).text(), "0.25");
  EXPECT_EQ(JsonWriter{}.value(1234567.0).text(), "1234567");
  EXPECT_EQ(JsonWriter{}.value(std::numeric_limits<double>::infinity()).text(), "null");
  EXPECT_EQ(JsonWriter{}.value(~0ULL).text(), "18446744073709551615");
}

TEST(Utf8, accepts_what_rfc_3629_accepts) {
  for (const char* valid :
       {"", "a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(valid)) << valid;
  for (const char* invalid :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\xC3\x28"})
    EXPECT_FALSE(is_utf8(invalid)) << invalid;
}

TEST(Base64, pads_to_groups_of_four) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("\xFF\xFE\xFD\xFC"), "//79/A==");
}

}  // namespace
}  // namespace penstock
