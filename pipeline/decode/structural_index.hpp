// SPDX-License-Identifier: Apache-2.0
// The structural index of documents: simdjson's stage 1, and the memory that keeps its results.
// Stage 1 finds brackets, colons, commas and the first bytes of strings and scalars; it checks that
// strings are closed, free of raw control characters, and valid UTF-8.
// 1. Indexes of a batch stand behind each other and do not move until clear().
// 2. An index of `count` entries is followed by two entries that hold the document's length.
// 3. Memory is reserved for the worst case, a structural in every byte; pages that no index needs
//    are never touched.
// 4. One thread uses it. No byte outside a document is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock::decoding {

class StructuralIndexer {
 public:
  /// Errors: unavailable, if memory cannot be reserved.
  static Result<StructuralIndexer> create(std::uint32_t document_bytes_max,
                                          std::uint32_t batch_bytes_max);
  StructuralIndexer(StructuralIndexer&&) noexcept;
  StructuralIndexer& operator=(StructuralIndexer&&) noexcept;
  ~StructuralIndexer();

  /// simdjson's name of the kernel that it chose for this machine.
  static std::string kernel();
  /// Memory that one with these limits reserves.
  static std::size_t memory_bytes(std::uint32_t document_bytes_max,
                                  std::uint32_t batch_bytes_max) noexcept;

  /// Forgets all indexes and reservations.
  void clear() noexcept {
    used_ = 0;
    reserved_ = 0;
  }

  [[nodiscard]] bool has_room(std::size_t document_bytes) const noexcept {
    if (used_ + reserved_ == 0) return true;
    return document_bytes + kSlackEntries <= capacity_ - used_ - reserved_;
  }

  /// Keeps room for a document that may be indexed later. Requires: has_room(document_bytes).
  void reserve(std::size_t document_bytes) noexcept { reserved_ += document_bytes + kSlackEntries; }

  /// False if stage 1 refuses the document, or if it has no room.
  [[nodiscard]] bool make(std::string_view document, DocumentIndex& index) noexcept;

  /// As make, for a document whose room was reserved.
  [[nodiscard]] bool make_reserved(std::string_view document, DocumentIndex& index) noexcept;

 private:
  struct Stage1;
  struct Unmap {
    std::size_t bytes = 0;
    void operator()(std::uint32_t* entries) const noexcept;
  };

  /// Stage 1 writes up to 16 entries past the last one, and three behind the count.
  static constexpr std::size_t kSlackEntries = 64;

  StructuralIndexer(std::unique_ptr<Stage1> stage1, std::unique_ptr<std::uint32_t, Unmap> entries,
                    std::size_t capacity) noexcept;

  static std::size_t capacity_for(std::uint32_t document_bytes_max,
                                  std::uint32_t batch_bytes_max) noexcept;

  // Fixed after construction.
  std::unique_ptr<Stage1> stage1_;
  std::unique_ptr<std::uint32_t, Unmap> entries_;
  std::size_t capacity_ = 0;
  // The decoder's thread only.
  std::size_t used_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace penstock::decoding
