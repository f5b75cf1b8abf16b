// SPDX-License-Identifier: Apache-2.0
#include <penstock/runtime/ring/spill.hpp>

#include <cstdlib>

#include <mimalloc.h>

#include <penstock/runtime/base/check.hpp>
#include <penstock/runtime/ring/padding.hpp>

namespace penstock {
namespace {

// Sanitizers see into their own allocator alone: a block that mimalloc takes from one thread and
// gives to another looks like a race, and a write behind it like none of their business.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)  // gcc
#define PENSTOCK_SPILL_SANITIZED 1
#elif defined(__has_feature)  // clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PENSTOCK_SPILL_SANITIZED 1
#endif
#endif

#if defined(PENSTOCK_SPILL_SANITIZED)
void* allocate(std::size_t bytes) noexcept { return std::malloc(bytes); }
void release(void* block) noexcept { std::free(block); }
#else
void* allocate(std::size_t bytes) noexcept { return mi_malloc(bytes); }
void release(void* block) noexcept { mi_free(block); }
#endif

}  // namespace

std::uint64_t Spill::cost(std::uint64_t length) noexcept {
  return mi_good_size(length + kPaddingBytes);
}

char* Spill::try_allocate(std::uint32_t length) noexcept {
  if (!budget_.try_take(cost(length))) return nullptr;
  auto* const block = static_cast<char*>(allocate(length + kPaddingBytes));
  if (block == nullptr) {
    budget_.give_back(cost(length));
    return nullptr;
  }
  pad(block + length);
  return block;
}

void Spill::free(const char* block, std::uint32_t length) noexcept {
  release(const_cast<char*>(block));
  const std::uint64_t before = budget_.give_back(cost(length));
  PENSTOCK_DCHECK(before >= cost(length));
  static_cast<void>(before);
}

}  // namespace penstock
