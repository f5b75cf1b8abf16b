// SPDX-License-Identifier: Apache-2.0
// Routing keys: what a spec names, what is read, and which specs are refused.
#include <penstock/pipeline/decode/key.hpp>

#include <gtest/gtest.h>

#include "documents.hpp"

namespace penstock {
namespace {

using testing::decode;
using testing::Decoded;
using testing::event_with;
using testing::make_decoder;

class KeyTest : public ::testing::Test {
 protected:
  std::string read(std::string_view spec, const std::string& document, bool with_index = true) {
    const Result<KeyReader> key = KeyReader::create(spec);
    EXPECT_TRUE(key.has_value()) << spec;
    const Decoded decoded = decode(decoder_, document);
    EXPECT_TRUE(decoded.answer.ok()) << describe(decoded.answer, document);
    const std::optional<std::string_view> value = key->read(
        document, decoded.envelope, with_index ? decoded.index : DocumentIndex{}, decoder_);
    return value ? std::string(*value) : "(none)";
  }

  static std::string problem(std::string_view spec) {
    const Result<KeyReader> key = KeyReader::create(spec);
    return key ? "" : key.error().message;
  }

  Decoder decoder_ = make_decoder();
};

TEST_F(KeyTest, attributes_are_keys) {
  const std::string document = event_with(R"("subject":"c\u00fc","time":"2024-01-01T00:00:00Z")");
  EXPECT_EQ(read("id", document), "a1");
  EXPECT_EQ(read("source", document), "/s");
  EXPECT_EQ(read("type", document), "t");
  EXPECT_EQ(read("subject", document), "c\xC3\xBC");
  EXPECT_EQ(read("time", document), "2024-01-01T00:00:00Z");
  EXPECT_EQ(read("dataschema", document), "(none)");
}

TEST_F(KeyTest, extensions_are_keys) {
  const std::string document = event_with(R"("a":1,"b":true,"c":null,"d":"x\"","e":"","f":"six")");
  EXPECT_EQ(read("a", document), "1");
  EXPECT_EQ(read("b", document), "true");
  EXPECT_EQ(read("c", document), "(none)");
  EXPECT_EQ(read("d", document), "x\"");
  EXPECT_EQ(read("e", document), "");
  EXPECT_EQ(read("f", document), "six");
  EXPECT_EQ(read("g", document), "(none)");
}

TEST_F(KeyTest, paths_in_data_are_keys) {
  const std::string document =
      event_with(R"("data":{"orderId":"o\u002d1","n":12.50,"ok":false,"no":null,)"
                 R"("items":[{"sku":"s0"},{"1":"s1"}]})");
  for (const bool with_index : {true, false}) {
    EXPECT_EQ(read("data.orderId", document, with_index), "o-1");
    EXPECT_EQ(read("data.n", document, with_index), "12.50");
    EXPECT_EQ(read("data.ok", document, with_index), "false");
    EXPECT_EQ(read("data.no", document, with_index), "(none)");
    EXPECT_EQ(read("data.items", document, with_index), "(none)");
    EXPECT_EQ(read("data.items.0", document, with_index), "(none)");
    EXPECT_EQ(read("data.items.0.sku", document, with_index), "s0");
    EXPECT_EQ(read("data.items.1.1", document, with_index), "s1");
    EXPECT_EQ(read("data.items.2.sku", document, with_index), "(none)");
    EXPECT_EQ(read("data.items.99999999999999999999", document, with_index), "(none)");
    EXPECT_EQ(read("data.orderId.x", document, with_index), "(none)");
  }
  EXPECT_EQ(read("data.x", event_with(R"("data":"text")")), "(none)");
  EXPECT_EQ(read("data.x", event_with(R"("data_base64":"AA==")")), "(none)");
  EXPECT_EQ(read("data.x", event_with("")), "(none)");
}

TEST_F(KeyTest, only_paths_need_data) {
  EXPECT_FALSE(KeyReader::create("subject")->needs_data());
  EXPECT_FALSE(KeyReader::create("partitionkey")->needs_data());
  EXPECT_TRUE(KeyReader::create("data.a")->needs_data());
}

TEST_F(KeyTest, reader_of_no_spec_reads_the_source) {
  const std::string document = event_with("");
  const Decoded decoded = decode(decoder_, document);
  EXPECT_EQ(KeyReader().read(document, decoded.envelope, decoded.index, decoder_), "/s");
}

TEST_F(KeyTest, malformed_specs_are_refused_with_the_reason) {
  EXPECT_EQ(problem(""), "key \"\" is empty: give an attribute or a path in data");
  EXPECT_EQ(problem("data"), "key \"data\" names no field: write \"data.<field>\"");
  EXPECT_EQ(problem("data."), "key \"data.\" has an empty step");
  EXPECT_EQ(problem("data.a..b"), "key \"data.a..b\" has an empty step");
  EXPECT_EQ(problem("data.a."), "key \"data.a.\" has an empty step");
  EXPECT_EQ(problem("specversion"), "key \"specversion\" is the same in every event");
  for (const std::string_view spec : {"Subject", "data_base64", "my.ext", ".a", "a b", "s\xC3\xA4"})
    EXPECT_NE(problem(spec), "") << spec;
}

}  // namespace
}  // namespace penstock
