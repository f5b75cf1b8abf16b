// SPDX-License-Identifier: Apache-2.0
// What the decoder reads from valid events: views, kinds, extensions, indexes, batches.
#include <penstock/pipeline/decode/decoder.hpp>

#include <gtest/gtest.h>

#include "documents.hpp"

namespace penstock {
namespace {

using testing::decode;
using testing::Decoded;
using testing::event_with;
using testing::make_decoder;
using testing::refusal_of;

class DecoderTest : public ::testing::Test {
 protected:
  Decoded accept(const std::string& document) {
    Decoded decoded = decode(decoder_, document);
    EXPECT_EQ(decoded.answer.refusal, Refusal::none) << describe(decoded.answer, document);
    return decoded;
  }

  std::string_view extension(const std::string& document, std::string_view name) {
    const Decoded decoded = accept(document);
    const Extension found = decoder_.find_extension(document, decoded.envelope, name, kind_);
    return found.value.present() ? decoder_.text(document, found.value) : "(absent)";
  }

  Decoder decoder_ = make_decoder();
  ValueKind kind_{};
};

TEST_F(DecoderTest, attributes_are_views_into_the_document) {
  const std::string document =
      R"({"specversion":"1.0","id":"i-1","source":"/shops/7","type":"order.created",)"
      R"("subject":"customer-9","time":"2024-02-29T12:00:00Z",)"
      R"("datacontenttype":"application/json","dataschema":"https://example.com/o",)"
      R"("data":{"a":[1]}})";
  const Envelope envelope = accept(document).envelope;
  const auto text = [&](View view) { return decoder_.text(document, view); };
  EXPECT_EQ(text(envelope.id), "i-1");
  EXPECT_EQ(text(envelope.source), "/shops/7");
  EXPECT_EQ(text(envelope.type), "order.created");
  EXPECT_EQ(text(envelope.subject), "customer-9");
  EXPECT_EQ(text(envelope.time), "2024-02-29T12:00:00Z");
  EXPECT_EQ(text(envelope.datacontenttype), "application/json");
  EXPECT_EQ(text(envelope.dataschema), "https://example.com/o");
  EXPECT_EQ(text(envelope.data), R"({"a":[1]})");
  EXPECT_EQ(envelope.data_kind, DataKind::json);
  EXPECT_EQ(envelope.extensions_count, 0);
}

TEST_F(DecoderTest, white_space_between_all_tokens_is_not_part_of_values) {
  const std::string document =
      "\n { \"specversion\" :\t\"1.0\" , \"id\" : \"a\" , \"source\":\r\n\"/s\" , \"type\":\"t\" ,"
      " \"n\" : 12 , \"b\" : true , \"data\" : -1.5e3 \n } \n";
  const Envelope envelope = accept(document).envelope;
  EXPECT_EQ(decoder_.text(document, envelope.id), "a");
  EXPECT_EQ(decoder_.text(document, envelope.data), "-1.5e3");
  EXPECT_EQ(extension(document, "n"), "12");
  EXPECT_EQ(extension(document, "b"), "true");
}

TEST_F(DecoderTest, every_kind_of_data_is_kept_as_it_stands) {
  for (const std::string_view data :
       {"null", "true", "false", "0", "-0.5", "1e999", "12345678901234567890", "\"\"", "\"a\\nb\"",
        "[]", "{}", "[1,[2,{}],{\"a\":[]}]", "{\"\":{\"a\":\"}\"}}", "\"\\u0000\""}) {
    const std::string document = event_with("\"data\":" + std::string(data));
    const Envelope envelope = accept(document).envelope;
    EXPECT_EQ(envelope.data_kind, DataKind::json);
    EXPECT_EQ(decoder_.text(document, envelope.data), data);
  }
}

TEST_F(DecoderTest, absent_data_is_not_null_data) {
  EXPECT_EQ(accept(event_with("")).envelope.data_kind, DataKind::absent);
  EXPECT_EQ(accept(event_with(R"("data":null)")).envelope.data_kind, DataKind::json);
}

TEST_F(DecoderTest, base64_data_is_the_text_inside_the_quotes) {
  for (const std::string_view data : {"", "AA==", "AAE=", "AAEC", "+/aZ09=="}) {
    const std::string document = event_with("\"data_base64\":\"" + std::string(data) + '"');
    const Envelope envelope = accept(document).envelope;
    EXPECT_EQ(envelope.data_kind, DataKind::base64);
    EXPECT_EQ(decoder_.text(document, envelope.data), data);
  }
  const std::string escaped = event_with(R"("data_base64":"\/\/\u0041=")");
  EXPECT_EQ(decoder_.text(escaped, accept(escaped).envelope.data), "//A=");
}

TEST_F(DecoderTest, null_is_an_absent_optional_attribute) {
  const Envelope envelope =
      accept(event_with(R"("subject":null,"time":null,"dataschema":null,"ext":null)")).envelope;
  EXPECT_FALSE(envelope.subject.present());
  EXPECT_FALSE(envelope.time.present());
  EXPECT_EQ(envelope.extensions_count, 0);
}

TEST_F(DecoderTest, escaped_names_and_values_mean_what_they_decode_to) {
  const std::string document =
      R"({"\u0073pecversion":"\u0031.0","\u0069d":"\u00e4\ud83d\ude00\"","source":"\/s",)"
      R"("type":"t","e\u0078t":"x\\y","time":"2024-01-01T00:00:00\u005A"})";
  const Envelope envelope = accept(document).envelope;
  EXPECT_EQ(decoder_.text(document, envelope.id), "\xC3\xA4\xF0\x9F\x98\x80\"");
  EXPECT_EQ(decoder_.text(document, envelope.source), "/s");
  EXPECT_EQ(extension(document, "ext"), "x\\y");
}

TEST_F(DecoderTest, extensions_have_kinds) {
  const std::string document =
      event_with(R"("s":"","b":false,"i":-2147483648,"j":2147483647,"k":true,"l":"x\"y","m":"z")");
  EXPECT_EQ(accept(document).envelope.extensions_count, 7);
  const auto expect = [&](std::string_view name, std::string_view value, ValueKind kind) {
    EXPECT_EQ(extension(document, name), value) << name;
    EXPECT_EQ(kind_, kind) << name;
  };
  expect("s", "", ValueKind::string);
  expect("b", "false", ValueKind::boolean);
  expect("i", "-2147483648", ValueKind::integer);
  expect("j", "2147483647", ValueKind::integer);
  expect("k", "true", ValueKind::boolean);
  expect("l", "x\"y", ValueKind::string);
  expect("m", "z", ValueKind::string);
  EXPECT_EQ(extension(document, "n"), "(absent)");
  EXPECT_EQ(extension(document, "id"), "(absent)");
}

TEST_F(DecoderTest, extension_behind_data_that_looks_like_members_is_found) {
  const std::string document = event_with(
      R"("a":"1","b":"2","c":"3","data":{"d":"wrong","x":"\"","y":[{"d":0}]},"d":"4","e":null)");
  EXPECT_EQ(extension(document, "d"), "4");
  EXPECT_EQ(extension(document, "e"), "(absent)");
}

TEST_F(DecoderTest, depth_up_to_the_limit_is_accepted) {
  const auto nested = [](unsigned depth) {
    return event_with("\"data\":" + std::string(depth, '[') + std::string(depth, ']'));
  };
  EXPECT_EQ(refusal_of(nested(Decoder::kDepthMax - 1)), Refusal::none);
  EXPECT_EQ(refusal_of(nested(Decoder::kDepthMax)), Refusal::too_deep);
}

TEST_F(DecoderTest, envelope_mode_leaves_data_unread) {
  for (const std::string_view data : {"{\"a\" 1 \"b\"}", "[1,,2}", "tru", "01", "\"\\x\"", "[}"})
    EXPECT_EQ(refusal_of(event_with("\"data\":" + std::string(data)), DecodeMode::envelope),
              Refusal::none)
        << data;
  for (const std::string_view rest : {"\"data\":{\"a\":1", "\"data\":}", "\"data\":[1]]",
                                      "\"data\":1 2", "\"subject\":tru", "\"subject\":\"\\x\""})
    EXPECT_NE(refusal_of(event_with(rest), DecodeMode::envelope), Refusal::none) << rest;
}

TEST_F(DecoderTest, indexes_of_a_batch_stay_where_they_are) {
  decoder_.clear();
  std::vector<std::string> documents;
  for (int i = 0; i < 50; ++i)
    documents.push_back(event_with("\"data\":[" + std::to_string(i) + ",\"x\"]"));
  std::vector<Decoded> decoded(documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    ASSERT_TRUE(decoder_.has_room(documents[i].size()));
    decoded[i].answer = decoder_.decode(documents[i], decoded[i].envelope, decoded[i].index);
  }
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const DocumentIndex index = decoded[i].index;
    EXPECT_EQ(documents[i][index.offsets[0]], '{');
    EXPECT_EQ(documents[i][index.offsets[index.count - 1]], '}');
    EXPECT_EQ(index.offsets[index.count], documents[i].size());
  }
}

TEST_F(DecoderTest, batch_without_room_says_so_and_clear_makes_room) {
  Result<Decoder> made = Decoder::create({.event_bytes_max = 4096, .batch_bytes_max = 4096});
  ASSERT_TRUE(made.has_value());
  made->clear();
  EXPECT_TRUE(made->has_room(4096));
  unsigned count = 0;
  for (Decoded decoded; made->has_room(4000) && count < 100; ++count)
    made->decode(event_with("\"data\":[1,2,3,4,5,6,7,8]"), decoded.envelope, decoded.index);
  EXPECT_LT(count, 100u);
  made->clear();
  EXPECT_TRUE(made->has_room(4096));
  made->reserve(4000);
  EXPECT_FALSE(made->has_room(4000));
  DocumentIndex index;
  EXPECT_TRUE(made->index(event_with(""), index));
}

TEST_F(DecoderTest, texts_beyond_the_scratch_are_given_and_the_same_one_once) {
  const std::string document =
      event_with("\"subject\":\"\\n" + std::string(3 * Decoder::kScratchBytes, 'x') + '"');
  EXPECT_EQ(refusal_of(document), Refusal::invalid_value);
  const std::string quote =
      event_with("\"subject\":\"\\\"" + std::string(3 * Decoder::kScratchBytes, 'x') + '"');
  const Envelope envelope = accept(quote).envelope;
  const std::string_view first = decoder_.text(quote, envelope.subject);
  EXPECT_EQ(first.size(), 3 * Decoder::kScratchBytes + 1);
  EXPECT_EQ(decoder_.text(quote, envelope.subject).data(), first.data());
}

TEST_F(DecoderTest, index_alone_needs_no_valid_event) {
  DocumentIndex index;
  decoder_.clear();
  EXPECT_TRUE(decoder_.index("[1,2]", index));
  EXPECT_EQ(index.count, 5u);
  EXPECT_FALSE(decoder_.index("[\"open]", index));
}

}  // namespace
}  // namespace penstock
