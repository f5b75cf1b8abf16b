// SPDX-License-Identifier: Apache-2.0
#include <penstock/runtime/machine/memory.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace penstock {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) noexcept {
  return (bytes + unit - 1) / unit * unit;
}

/// Where not more than half of it would be rounding.
bool wants_huge(const MappingOptions& options) noexcept {
  return options.huge && options.bytes >= kHugePageBytes / 2;
}

std::size_t page_bytes(const MappingOptions& options) noexcept {
  return wants_huge(options) ? kHugePageBytes : static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

tl::unexpected<Error> refusal(std::size_t bytes, int errno_value) {
  return system_error(ErrorCode::unavailable,
                      "reserving " + std::to_string(bytes) + " bytes of memory", errno_value);
}

}  // namespace

std::size_t Mapping::whole_pages(const MappingOptions& options) noexcept {
  return rounded_up(options.bytes, page_bytes(options));
}

Result<Mapping> Mapping::reserve(const MappingOptions& options) {
  // Rounding up must not wrap to something small.
  if (options.bytes > PTRDIFF_MAX) return refusal(options.bytes, ENOMEM);
  const bool huge = wants_huge(options);
  const std::size_t unit = page_bytes(options);
  const std::size_t bytes = whole_pages(options);
  // One huge page more, so that the beginning can be moved to where one begins.
  const std::size_t reserved = huge ? bytes + unit : bytes;
  void* const memory =
      mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return refusal(options.bytes, errno);
  auto* begin = static_cast<std::byte*>(memory);
  if (huge) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    const std::size_t before = rounded_up(address, unit) - address;
    if (before != 0) munmap(begin, before);
    munmap(begin + before + bytes, unit - before);
    begin += before;
  }
  Mapping mapping;
  mapping.data_ = begin;
  mapping.bytes_ = bytes;
  mapping.huge_ = huge && madvise(begin, bytes, MADV_HUGEPAGE) == 0;
  return mapping;
}

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace penstock
