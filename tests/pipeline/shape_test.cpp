// SPDX-License-Identifier: Apache-2.0
// A decoder that has learnt what events look like against one that has never seen any: the answers,
// and what is read, are the same.
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/pipeline/decode/shape.hpp>
#include <penstock/pipeline/decode/special.hpp>
#include <penstock/pipeline/decode/structural_index.hpp>
#include <penstock/pipeline/decode/tokens.hpp>

#include "documents.hpp"

namespace penstock {
namespace {

using testing::decode;
using testing::Decoded;
using testing::DocumentMaker;
using testing::make_decoder;
using testing::test_documents;
using testing::test_seed;

constexpr int kEnough = 16;  ///< events of a new shape until it is learnt

std::string text_of(std::string_view document, const Decoded& decoded) {
  const DecodeAnswer& answer = decoded.answer;
  std::string text(to_string(answer.refusal));
  text += ' ' + std::to_string(answer.offset) + ' ' + std::string(answer.attribute) + ' ' +
          std::to_string(answer.name.offset) + '+' + std::to_string(answer.name.length());
  if (!answer.ok()) return text;
  std::array<unsigned char, sizeof(Envelope)> bytes{};
  std::memcpy(bytes.data(), &decoded.envelope, sizeof(Envelope));
  for (const unsigned char byte : bytes) text += ' ' + std::to_string(byte);
  return text + ' ' + std::string(document);
}

void expect_as_new(Decoder& experienced, const std::string& document) {
  Decoder fresh = make_decoder();
  const std::string wanted = text_of(document, decode(fresh, document));
  ASSERT_EQ(text_of(document, decode(experienced, document)), wanted) << document;
}

constexpr std::string_view kBegin =
    R"({"specversion":"1.0","id":"event-0001","source":"/shop","type":"order.placed",)";
constexpr std::string_view kMiddle =
    R"("datacontenttype":"application/json","seq":"12","averylongextension1":"x","n":5,)";
constexpr std::string_view kEnd = R"("data":{"a":[1,2]},"subject":"s"})";

TEST(ShapeTest, events_that_differ_from_those_before_are_answered_as_by_a_new_decoder) {
  const std::string usual = std::string(kBegin) + std::string(kMiddle) + std::string(kEnd);
  Decoder decoder = make_decoder();
  for (int i = 0; i < kEnough; ++i) expect_as_new(decoder, usual);
  const std::vector<std::pair<std::string_view, std::string_view>> changes = {
      {R"("seq":)", R"("sea":)"},
      {R"("seq":)", R"("seqq":)"},
      {R"("seq":)", R"("se":)"},
      {R"("seq":)", R"("se_":)"},
      {R"("seq":)", R"("seq" :)"},
      {R"("seq":)", R"("seq": )"},
      {R"("seq":)", R"("s\u0065q":)"},
      {R"("seq":"12")", R"("seq":12)"},
      {R"("seq":"12")", R"("seq":null)"},
      {R"("seq":"12")", R"("seq":"")"},
      {R"("seq":"12")", R"("seq":"1\n2")"},
      {R"("seq":"12")", R"("seq":"\u00412")"},
      {R"("seq":"12")", "\"seq\":\"1\xC3\xA4\""},
      {R"("seq":"12")", R"("seq":[12])"},
      {R"("seq":"12",)", ""},
      {R"("seq":"12",)", R"("seq":"12","seq":"12",)"},
      {R"("n":5,)", R"("n":5,"seq":"12",)"},
      {R"("n":5,)", R"("n":5,"id":"again",)"},
      {R"("n":5,)", R"("n":"5",)"},
      {R"("n":5,)", R"("n":5.5,)"},
      {R"("averylongextension1")", R"("averylongextension2")"},
      {R"("averylongextension1")", R"("averylongextensiom1")"},
      {R"("averylongextension1")", R"("averylongextensi0n1")"},
      {R"("averylongextension1")", R"("averylongextensxxnsion1")"},
      {R"("datacontenttype")", R"("datacontenttypf")"},
      {R"("datacontenttype")", R"("datacontentyype")"},
      {R"("id":"event-0001")", R"("id":"")"},
      {R"("id":"event-0001")", R"("id":null)"},
      {R"("id":"event-0001",)", ""},
      {R"("id":"event-0001")", R"("ie":"event-0001")"},
      {R"("specversion":"1.0")", R"("specversion":"1.1")"},
      {R"("data":{"a":[1,2]})", R"("data":"text")"},
      {R"("data":{"a":[1,2]})", R"("data":{"a":[1,2})"},
      {R"("data":{"a":[1,2]})", R"("data_base64":"AAEC")"},
      {R"("data":{"a":[1,2]},)", ""},
      {R"(,"subject":"s")", ""},
      {R"("subject":"s")", R"("subject":"s","more":"m")"},
      {R"("subject":"s")", R"("seq":"s")"},
      {R"("subject":"s"})", R"("subject":"s")"},
  };
  for (const auto& [part, other] : changes) {
    std::string document = usual;
    document.replace(document.find(part), part.size(), other);
    expect_as_new(decoder, document);
    expect_as_new(decoder, usual);
  }
}

TEST(ShapeTest, members_of_events_that_came_in_a_row_stand_where_they_are_expected) {
  const std::string usual = std::string(kBegin) + std::string(kMiddle) + std::string(kEnd);
  const std::string padded = usual + std::string(64, '\n');
  const std::string_view document(padded.data(), usual.size());
  auto indexer = decoding::StructuralIndexer::create(4096, 4096);
  ASSERT_TRUE(indexer);
  DocumentIndex index;
  ASSERT_TRUE(indexer->make(document, index));
  const decoding::Tokens tokens(document, index);
  decoding::Shape shape;
  EXPECT_EQ(shape.end(), shape.begin());
  for (int i = 0; i < kEnough; ++i) shape.missed(tokens);
  // The tenth begins too near the end to be compared by words.
  ASSERT_EQ(shape.end() - shape.begin(), 9);
  EXPECT_FALSE(shape.whole());
  std::uint32_t at = 1;
  for (const decoding::Shape::Member& member : shape) {
    EXPECT_TRUE(member.stands_at(document.data(), tokens.place(at), tokens.place(at + 1),
                                 decoding::Shape::words_end(tokens.length)))
        << document.substr(tokens.place(at));
    at = decoding::skip_value(tokens, at + 2) + 1;
  }
}

TEST(SpecialTest, fastest_search_finds_the_first_special_byte_wherever_it_stands) {
  const decoding::FindSpecial find = decoding::fastest_find_special();
  constexpr std::uint32_t kLongest = 130;
  for (const char special : {'\\', '\x7F', '\x80', '\xC3', '\xFE'}) {
    std::string text(kLongest, 'a');
    for (std::uint32_t place = 0; place < kLongest; ++place) {
      text[place] = special;
      for (std::uint32_t end = 0; end <= kLongest; ++end)
        for (std::uint32_t from = 0; from <= end; ++from)
          ASSERT_EQ(find(text.data(), from, end), place >= from && place < end ? place : end)
              << from << ' ' << place << ' ' << end;
      text[place] = static_cast<char>(' ' + place % 60);  // of those that are not special
    }
  }
}

TEST(ShapeTest, broken_events_are_answered_as_by_a_new_decoder) {
  DocumentMaker maker(test_seed());
  for (std::uint64_t i = test_documents(10000) / 50; i > 0; --i) {
    const std::string usual = maker.valid_event();
    Decoder decoder = make_decoder();
    for (int k = 0; k < kEnough; ++k) static_cast<void>(decode(decoder, usual));
    for (int k = 0; k < 50; ++k) expect_as_new(decoder, maker.mutated(usual));
  }
}

TEST(ShapeTest, shapes_that_keep_changing_are_read_as_by_a_new_decoder) {
  DocumentMaker maker(test_seed());
  Decoder decoder = make_decoder();
  std::vector<std::string> shapes;
  for (int i = 0; i < 3; ++i) shapes.push_back(maker.valid_event());
  for (int i = 0; i < 300; ++i)
    for (std::uint64_t run = maker.below(12); run > 0; --run)
      expect_as_new(decoder, shapes[static_cast<std::size_t>(i) % shapes.size()]);
}

}  // namespace
}  // namespace penstock
