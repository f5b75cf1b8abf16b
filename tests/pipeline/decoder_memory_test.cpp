// SPDX-License-Identifier: Apache-2.0
// The decoder reads nothing but the document: not at a page's edge, whatever bytes stand behind it,
// with every simdjson kernel of this machine, and for data that is broken under `envelope`.
#include <penstock/pipeline/decode/decoder.hpp>

#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <unistd.h>

#include <penstock/pipeline/event/data.hpp>

#include "documents.hpp"

namespace penstock {
namespace {

using testing::decode;
using testing::Decoded;
using testing::DocumentMaker;
using testing::make_decoder;
using testing::test_documents;
using testing::test_seed;

bool same(View a, View b) {
  return a.offset == b.offset && a.length_and_escaped == b.length_and_escaped;
}

/// Everything that a caller can see.
void expect_same(const Decoded& a, const Decoded& b, std::string_view document) {
  ASSERT_EQ(to_string(a.answer.refusal), to_string(b.answer.refusal)) << document;
  ASSERT_EQ(a.answer.offset, b.answer.offset) << document;
  ASSERT_EQ(a.answer.attribute, b.answer.attribute) << document;
  if (!a.answer.ok()) return;
  const Envelope& x = a.envelope;
  const Envelope& y = b.envelope;
  ASSERT_TRUE(same(x.id, y.id) && same(x.source, y.source) && same(x.type, y.type) &&
              same(x.subject, y.subject) && same(x.time, y.time) && same(x.data, y.data) &&
              same(x.datacontenttype, y.datacontenttype) && same(x.dataschema, y.dataschema))
      << document;
  ASSERT_EQ(x.data_kind, y.data_kind) << document;
  ASSERT_EQ(x.extensions_count, y.extensions_count) << document;
  ASSERT_EQ(x.extension_kinds, y.extension_kinds) << document;
  ASSERT_EQ(a.index.count, b.index.count) << document;
}

/// Reads all of a value in every way. Returns what it counted, so that nothing is optimised away.
std::size_t read_all(const Data& data, unsigned depth) {
  std::size_t sum = data.get_string().value_or("").size() + data.raw().value_or("").size();
  sum += static_cast<std::size_t>(data.get_int64().has_value()) + data.get_double().has_value() +
         data.get_bool().has_value() + data["k1"].exists() + data.at(2).exists();
  if (depth == 0) return sum;
  for (const Data::Item item : data) sum += item.name.size() + read_all(item.value, depth - 1);
  return sum;
}

/// A text that ends at the last byte before memory that must not be touched.
class EdgeBuffer {
 public:
  EdgeBuffer()
      : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
        memory_(static_cast<char*>(::mmap(nullptr, kPages * page_ + page_, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    ::mprotect(memory_ + kPages * page_, page_, PROT_NONE);
  }
  EdgeBuffer(const EdgeBuffer&) = delete;
  EdgeBuffer& operator=(const EdgeBuffer&) = delete;
  ~EdgeBuffer() { ::munmap(memory_, kPages * page_ + page_); }

  [[nodiscard]] std::size_t room() const { return kPages * page_; }
  std::string_view place(std::string_view text) {
    char* const at = memory_ + kPages * page_ - text.size();
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

 private:
  static constexpr std::size_t kPages = 16;
  std::size_t page_;
  char* memory_;
};

TEST(DecoderMemoryTest, document_at_a_pages_edge_is_read_to_its_last_byte_only) {
  DocumentMaker maker(test_seed());
  EdgeBuffer edge;
  Decoder here = make_decoder();
  Decoder there = make_decoder();
  for (std::uint64_t i = test_documents(20000); i > 0; --i) {
    std::string document = maker.valid_event();
    if (i % 3 == 0) document.resize(maker.below(document.size() + 1));
    if (i % 3 == 1) document = maker.mutated(document);
    if (document.size() > edge.room()) continue;
    const Decoded expected = decode(here, document);
    const std::string_view placed = edge.place(document);
    const Decoded decoded = decode(there, placed);
    expect_same(expected, decoded, document);
    if (::testing::Test::HasFatalFailure()) return;
    EXPECT_EQ(describe(decoded.answer, placed), describe(expected.answer, document));
    ValueKind kind{};
    if (decoded.answer.ok()) there.find_extension(placed, decoded.envelope, "ext6", kind);
  }
}

TEST(DecoderMemoryTest, bytes_behind_the_document_never_change_the_answer) {
  DocumentMaker maker(test_seed());
  Decoder decoder = make_decoder();
  Decoder other = make_decoder();
  for (std::uint64_t i = test_documents(5000); i > 0; --i) {
    const std::string document = maker.mutated(maker.valid_event());
    const Decoded expected = decode(decoder, document);
    for (const std::string_view behind :
         {"\n", "\"", "}", "{", "\\", "1", "e5", "\xFF", "]}],:\""}) {
      std::string padded = document;
      while (padded.size() < document.size() + 64) padded += behind;
      const Decoded decoded = decode(other, std::string_view(padded).substr(0, document.size()));
      expect_same(expected, decoded, document);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(DecoderMemoryTest, every_kernel_gives_the_same_answer) {
  const simdjson::implementation* const usual = simdjson::get_active_implementation();
  const std::uint64_t seed = test_seed();
  for (const DecodeMode mode : {DecodeMode::full, DecodeMode::envelope}) {
    Decoder expected = make_decoder(mode);
    for (const simdjson::implementation* kernel : simdjson::get_available_implementations()) {
      if (!kernel->supported_by_runtime_system()) continue;
      simdjson::get_active_implementation() = kernel;
      Decoder decoder = make_decoder(mode);
      simdjson::get_active_implementation() = usual;
      DocumentMaker maker(seed);
      for (std::uint64_t i = test_documents(5000); i > 0; --i) {
        const std::string document =
            i % 4 == 0 ? maker.valid_event() : maker.mutated(maker.valid_event());
        const Decoded ours = decode(expected, document);
        const Decoded theirs = decode(decoder, document);
        // Kernels cut broken data into tokens in different ways; nobody looks at those here.
        if (mode == DecodeMode::envelope && testing::refusal_of(document) != Refusal::none)
          continue;
        expect_same(ours, theirs, document);
        if (::testing::Test::HasFatalFailure()) {
          FAIL() << kernel->name();
        }
      }
    }
  }
}

TEST(DecoderMemoryTest, cursor_over_broken_data_ends_and_stays_inside) {
  DocumentMaker maker(test_seed());
  EdgeBuffer edge;
  Decoder decoder = make_decoder(DecodeMode::envelope);
  std::uint64_t values = 0;
  for (std::uint64_t i = test_documents(20000); i > 0; --i) {
    const std::string document = "{" + std::string(testing::kRequiredMembers) +
                                 ",\"data\":" + maker.mutated(maker.value(0)) + "}";
    if (document.size() > edge.room()) continue;
    const std::string_view placed = edge.place(document);
    const Decoded decoded = decode(decoder, placed);
    if (!decoded.answer.ok() || decoded.envelope.data_kind != DataKind::json) continue;
    const Data data = Data::of_event(placed, decoded.index, decoded.envelope, decoder);
    values += read_all(data, 4);
  }
  EXPECT_GT(values, 0u);
}

}  // namespace
}  // namespace penstock
