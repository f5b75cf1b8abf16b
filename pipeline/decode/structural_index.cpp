// SPDX-License-Identifier: Apache-2.0
// The one file that knows simdjson. Stage 1 is reached through the parser implementation that
// simdjson selects at run time for this machine; that class is marked private, so a newer simdjson
// may need a change here and nowhere else.
// Stage 1 writes through a pointer that the implementation owns. It is pointed at our memory for
// the length of the call and taken back, so that it is never freed by simdjson.
#include <penstock/pipeline/decode/structural_index.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include <simdjson.h>
#include <sys/mman.h>

namespace penstock::decoding {

struct StructuralIndexer::Stage1 {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  const simdjson::implementation* kernel = nullptr;
  bool checks_all_utf8 = true;  ///< the kernel without SIMD looks only inside strings
};

void StructuralIndexer::Unmap::operator()(std::uint32_t* entries) const noexcept {
  ::munmap(entries, bytes);
}

StructuralIndexer::StructuralIndexer(std::unique_ptr<Stage1> stage1,
                                     std::unique_ptr<std::uint32_t, Unmap> entries,
                                     std::size_t capacity) noexcept
    : stage1_(std::move(stage1)), entries_(std::move(entries)), capacity_(capacity) {}
StructuralIndexer::StructuralIndexer(StructuralIndexer&&) noexcept = default;
StructuralIndexer& StructuralIndexer::operator=(StructuralIndexer&&) noexcept = default;
StructuralIndexer::~StructuralIndexer() = default;

std::size_t StructuralIndexer::capacity_for(std::uint32_t document_bytes_max,
                                            std::uint32_t batch_bytes_max) noexcept {
  return std::size_t{std::max(document_bytes_max, batch_bytes_max)} + kSlackEntries;
}

std::size_t StructuralIndexer::memory_bytes(std::uint32_t document_bytes_max,
                                            std::uint32_t batch_bytes_max) noexcept {
  return capacity_for(document_bytes_max, batch_bytes_max) * sizeof(std::uint32_t);
}

Result<StructuralIndexer> StructuralIndexer::create(std::uint32_t document_bytes_max,
                                                    std::uint32_t batch_bytes_max) {
  const auto unavailable = [] {
    return error(ErrorCode::unavailable, "no memory for a decoder's index");
  };
  std::unique_ptr<Stage1> stage1(new (std::nothrow) Stage1);
  if (stage1 == nullptr) return unavailable();
  stage1->kernel = simdjson::get_active_implementation();
  stage1->checks_all_utf8 = stage1->kernel->name() != "fallback";
  // The depth is that of simdjson's own tree, which is never built.
  if (stage1->kernel->create_dom_parser_implementation(document_bytes_max, 1, stage1->parser) !=
      simdjson::SUCCESS)
    return unavailable();
  stage1->parser->structural_indexes.reset();

  const std::size_t capacity = capacity_for(document_bytes_max, batch_bytes_max);
  const std::size_t bytes = capacity * sizeof(std::uint32_t);
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return system_error(ErrorCode::unavailable, "memory for a decoder's index", errno);
  std::unique_ptr<std::uint32_t, Unmap> entries(static_cast<std::uint32_t*>(memory), Unmap{bytes});
  return StructuralIndexer(std::move(stage1), std::move(entries), capacity);
}

std::string StructuralIndexer::kernel() { return simdjson::get_active_implementation()->name(); }

bool StructuralIndexer::make(std::string_view document, DocumentIndex& index) noexcept {
  if (document.size() + kSlackEntries > capacity_ - used_) return false;
  simdjson::internal::dom_parser_implementation& parser = *stage1_->parser;
  std::uint32_t* const entries = entries_.get() + used_;
  parser.structural_indexes.reset(entries);
  const simdjson::error_code code =
      parser.stage1(reinterpret_cast<const std::uint8_t*>(document.data()), document.size(),
                    simdjson::stage1_mode::regular);
  static_cast<void>(parser.structural_indexes.release());
  if (code != simdjson::SUCCESS) [[unlikely]]
    return false;
  if (!stage1_->checks_all_utf8 &&
      !stage1_->kernel->validate_utf8(document.data(), document.size()))
    return false;
  index = {entries, parser.n_structural_indexes};
  used_ += index.count + 3;
  return true;
}

bool StructuralIndexer::make_reserved(std::string_view document, DocumentIndex& index) noexcept {
  reserved_ -= std::min(reserved_, document.size() + kSlackEntries);
  return make(document, index);
}

}  // namespace penstock::decoding
