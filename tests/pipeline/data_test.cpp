// SPDX-License-Identifier: Apache-2.0
// The cursor over an event's data: steps, reads, iteration, and the reason of each read that fails.
#include <penstock/pipeline/event/data.hpp>

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "documents.hpp"

namespace penstock {
namespace {

using testing::decode;
using testing::Decoded;
using testing::DocumentMaker;
using testing::event_with;
using testing::make_decoder;

class DataTest : public ::testing::Test {
 protected:
  /// A cursor over this value as an event's data; valid until the next call.
  Data data(std::string_view value) {
    document_ = event_with("\"data\":" + std::string(value) + ",\"zz\":1");
    const Decoded decoded = decode(decoder_, document_);
    EXPECT_TRUE(decoded.answer.ok()) << describe(decoded.answer, document_);
    return Data::of_event(document_, decoded.index, decoded.envelope, decoder_);
  }
  DataError error_of(std::string_view value) {
    const auto number = data(value).get_int64();
    return number ? DataError::absent : number.error();
  }

  std::string document_;
  Decoder decoder_ = make_decoder();
};

TEST_F(DataTest, steps_lead_through_objects_and_arrays) {
  const Data order = data(R"({"id":"o-1","items":[{"sku":"a","n":2},{"sku":"b","n":3}],)"
                          R"("address":{"city":"X"},"paid":true})");
  EXPECT_EQ(order["id"].get_string(), "o-1");
  EXPECT_EQ(order["items"].at(1)["sku"].get_string(), "b");
  EXPECT_EQ(order["items"].at(0)["n"].get_int64(), 2);
  EXPECT_EQ(order["address"]["city"].get_string(), "X");
  EXPECT_EQ(order["paid"].get_bool(), true);
  EXPECT_EQ(order["items"].raw(), R"([{"sku":"a","n":2},{"sku":"b","n":3}])");
}

TEST_F(DataTest, step_that_leads_nowhere_gives_its_reason) {
  const Data order = data(R"({"a":{"b":1},"c":[1,2]})");
  EXPECT_EQ(order["x"].get_string().error(), DataError::no_such_field);
  EXPECT_EQ(order["x"]["y"].at(3).get_int64().error(), DataError::no_such_field);
  EXPECT_EQ(order["c"].at(2).get_int64().error(), DataError::no_such_field);
  EXPECT_EQ(order["c"]["a"].get_int64().error(), DataError::wrong_type);
  EXPECT_EQ(order.at(0).raw().error(), DataError::wrong_type);
  EXPECT_EQ(order["a"]["b"]["c"].type(), DataType::none);
  EXPECT_FALSE(order["x"].exists());
  EXPECT_TRUE(order["a"].exists());
  EXPECT_EQ(Data(DataError::absent)["a"].get_bool().error(), DataError::absent);
  EXPECT_EQ(data("{}")["a"].error(), DataError::no_such_field);
  EXPECT_EQ(data("[]").at(0).error(), DataError::no_such_field);
}

TEST_F(DataTest, field_of_another_level_is_not_taken) {
  EXPECT_EQ(data(R"({"a":{"b":1},"x":[{"b":2}],"b":3})")["b"].get_int64(), 3);
  EXPECT_EQ(data(R"({"x":"b","b":3})")["b"].get_int64(), 3);
}

TEST_F(DataTest, first_field_wins_where_a_name_stands_twice) {
  EXPECT_EQ(data(R"({"a":1,"a":2})")["a"].get_int64(), 1);
}

TEST_F(DataTest, names_are_compared_by_what_they_mean) {
  const Data fields = data(R"({"\u0061b":1,"c\\d":2,"e\"":3,"\ud83d\ude00":4,"":5})");
  EXPECT_EQ(fields["ab"].get_int64(), 1);
  EXPECT_EQ(fields["c\\d"].get_int64(), 2);
  EXPECT_EQ(fields["e\""].get_int64(), 3);
  EXPECT_EQ(fields["\xF0\x9F\x98\x80"].get_int64(), 4);
  EXPECT_EQ(fields[""].get_int64(), 5);
  EXPECT_FALSE(fields["c\\\\d"].exists());
  EXPECT_FALSE(fields["\\u0061b"].exists());
}

TEST_F(DataTest, types_are_told_apart) {
  EXPECT_EQ(data("{}").type(), DataType::object);
  EXPECT_EQ(data("[]").type(), DataType::array);
  EXPECT_EQ(data("\"\"").type(), DataType::string);
  EXPECT_EQ(data("-1").type(), DataType::number);
  EXPECT_EQ(data("false").type(), DataType::boolean);
  EXPECT_EQ(data("null").type(), DataType::null);
  EXPECT_TRUE(data("null").is_null());
  EXPECT_EQ(data("null").get_string().error(), DataError::wrong_type);
  EXPECT_EQ(data("\"1\"").get_int64().error(), DataError::wrong_type);
  EXPECT_EQ(data("1").get_bool().error(), DataError::wrong_type);
}

TEST_F(DataTest, integers_are_read_to_their_limits) {
  EXPECT_EQ(data("0").get_int64(), 0);
  EXPECT_EQ(data("-0").get_int64(), 0);
  EXPECT_EQ(data(" 9223372036854775807 ").get_int64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(data("-9223372036854775808").get_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(error_of("9223372036854775808"), DataError::out_of_range);
  EXPECT_EQ(error_of("-9223372036854775809"), DataError::out_of_range);
  EXPECT_EQ(error_of("1.0"), DataError::wrong_type);
  EXPECT_EQ(error_of("1e3"), DataError::wrong_type);
}

TEST_F(DataTest, doubles_are_rounded_correctly) {
  EXPECT_EQ(data("0.1").get_double(), 0.1);
  EXPECT_EQ(data("12").get_double(), 12.0);
  EXPECT_EQ(data("9007199254740993").get_double(), 9007199254740992.0);
  EXPECT_EQ(data("-33.09").get_double(), -33.09);
  EXPECT_EQ(data("0.000123").get_double(), 0.000123);
  // Its digits are too many for one rounding.
  EXPECT_EQ(data("96.48064786969077").get_double(), 96.48064786969077);
  EXPECT_TRUE(std::signbit(data("-0.0").get_double().value()));
  EXPECT_EQ(data("2.2250738585072011e-308").get_double(), 2.2250738585072011e-308);
  EXPECT_EQ(data("1.7976931348623157e308").get_double(), std::numeric_limits<double>::max());
  EXPECT_EQ(data("1e999").get_double().error(), DataError::out_of_range);
  EXPECT_EQ(data("-1e309").get_double().error(), DataError::out_of_range);
  EXPECT_EQ(data("1" + std::string(400, '0')).get_double().error(), DataError::out_of_range);
  EXPECT_EQ(data("1" + std::string(400, '0') + "e-5").get_double().error(),
            DataError::out_of_range);
}

TEST_F(DataTest, numbers_below_the_smallest_double_are_zero) {
  EXPECT_EQ(data("1e-999").get_double(), 0.0);
  EXPECT_EQ(data("0." + std::string(400, '0') + "1").get_double(), 0.0);
  EXPECT_EQ(data("0e999").get_double(), 0.0);
  EXPECT_EQ(data("0e99999999999999999999999").get_double(), 0.0);
  EXPECT_EQ(data("1e-99999999999999999999999").get_double(), 0.0);
  EXPECT_EQ(data("1e99999999999999999999999").get_double().error(), DataError::out_of_range);
  EXPECT_TRUE(std::signbit(data("-1e-999").get_double().value()));
}

TEST_F(DataTest, strings_with_escapes_are_decoded) {
  EXPECT_EQ(data(R"("a\n\t\"\\\/\u00e4\u20ac\ud83d\ude00")").get_string(),
            "a\n\t\"\\/\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(data(R"("\u0000")").get_string(), std::string_view("\0", 1));
  EXPECT_EQ(data(R"("\n")").raw(), R"("\n")");
}

TEST_F(DataTest, iteration_gives_fields_and_elements_in_order) {
  std::string seen;
  for (const Data::Item item : data(R"({"a":1,"b\u0063":{"x":[1,2]},"d":[],"e":"f"})"))
    seen += std::string(item.name) + "=" + std::string(item.value.raw().value()) + ";";
  EXPECT_EQ(seen, R"(a=1;bc={"x":[1,2]};d=[];e="f";)");
  std::int64_t sum = 0;
  for (const Data::Item item : data("[1, 2 ,[4],3]")) sum += item.value.get_int64().value_or(100);
  EXPECT_EQ(sum, 106);
  for (const std::string_view none : {"{}", "[]", "1", "\"x\"", "null"})
    EXPECT_EQ(data(none).begin(), data(none).end()) << none;
}

TEST_F(DataTest, broken_data_under_envelope_gives_invalid_json) {
  decoder_ = make_decoder(DecodeMode::envelope);
  EXPECT_EQ(data("01").get_int64().error(), DataError::invalid_json);
  EXPECT_EQ(data("1x").get_double().error(), DataError::invalid_json);
  EXPECT_EQ(data("01.5").get_double().error(), DataError::invalid_json);
  EXPECT_EQ(data("1.").get_double().error(), DataError::invalid_json);
  EXPECT_EQ(data(".5").get_double().error(), DataError::invalid_json);
  EXPECT_EQ(data("1.5.5").get_double().error(), DataError::invalid_json);
  EXPECT_EQ(data("tru").get_bool().error(), DataError::invalid_json);
  EXPECT_EQ(data(R"("\x")").get_string().error(), DataError::invalid_json);
  EXPECT_EQ(data(R"({"a" 1})")["a"].get_int64().error(), DataError::invalid_json);
  EXPECT_EQ(data(R"({"a":})")["a"].get_int64().error(), DataError::invalid_json);
  EXPECT_EQ(data(R"({"a":1 "b":2})")["b"].get_int64().error(), DataError::invalid_json);
  EXPECT_EQ(data("[1 2]").at(1).get_int64().error(), DataError::invalid_json);
  EXPECT_EQ(data(R"({"a":1,"b" 2})")["a"].get_int64(), 1);
}

/// The whole tree through the cursor.
nlohmann::json tree_of(const Data& data) {
  switch (data.type()) {
    case DataType::object: {
      nlohmann::json tree = nlohmann::json::object();
      for (const Data::Item item : data) {
        // This reader keeps the first of two fields, nlohmann the last.
        tree[std::string(item.name)] = tree_of(item.value);
        EXPECT_EQ(data[item.name].exists(), true);
      }
      return tree;
    }
    case DataType::array: {
      nlohmann::json tree = nlohmann::json::array();
      for (const Data::Item item : data) tree.push_back(tree_of(item.value));
      return tree;
    }
    case DataType::string: return std::string(data.get_string().value());
    case DataType::boolean: return data.get_bool().value();
    case DataType::number: {
      const auto integer = data.get_int64();
      return integer ? nlohmann::json(*integer) : nlohmann::json(data.get_double().value());
    }
    default: return nullptr;
  }
}

TEST_F(DataTest, random_data_reads_as_another_parser_reads_it) {
  DocumentMaker maker(testing::test_seed());
  for (std::uint64_t i = testing::test_documents(5000); i > 0; --i) {
    const std::string value = maker.value(0);
    const nlohmann::json expected = nlohmann::json::parse(value, nullptr, false);
    if (expected.is_discarded()) continue;  // a number too large for a double
    ASSERT_EQ(tree_of(data(value)), expected) << value;
  }
}

}  // namespace
}  // namespace penstock
