// SPDX-License-Identifier: Apache-2.0
// Anonymous private memory for rings, reserved at once and touched page by page by its first user,
// so that each page lies near the CPU of the thread that works in it.
// A Mapping is used by one thread at a time; the memory in it by whoever is given it.
#pragma once

#include <cstddef>
#include <utility>

#include <penstock/runtime/base/result.hpp>

namespace penstock {

/// What to reserve.
struct MappingOptions {
  std::size_t bytes = 0;  ///< at least
  bool huge = true;       ///< a wish: where the kernel refuses, small pages serve
};

/// Owns what it reserved; destroying it gives the memory back. Used by one thread at a time.
class Mapping {
 public:
  /// Zero-filled memory that begins a page (from 1 MiB on, with `huge`, a huge page of 2 MiB), in
  /// whole pages. Errors: unavailable.
  static Result<Mapping> reserve(const MappingOptions& options);
  /// How many bytes reserve() takes for it. Requires: options.bytes <= PTRDIFF_MAX.
  static std::size_t whole_pages(const MappingOptions& options) noexcept;
  Mapping() noexcept = default;
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_), huge_(other.huge_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(huge_, other.huge_);
    return *this;
  }
  ~Mapping();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// True if the kernel took the advice to use huge pages.
  [[nodiscard]] bool huge() const noexcept { return huge_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  bool huge_ = false;
};

}  // namespace penstock
