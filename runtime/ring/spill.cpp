// SPDX-License-Identifier: Apache-2.0
#include <penstock/runtime/ring/spill.hpp>

#include <mimalloc.h>

#include <penstock/runtime/base/check.hpp>
#include <penstock/runtime/ring/padding.hpp>

namespace penstock {

std::uint64_t Spill::cost(std::uint64_t length) noexcept {
  return mi_good_size(length + kPaddingBytes);
}

char* Spill::try_allocate(std::uint32_t length) noexcept {
  // relaxed: own value: the budget guards no memory, it only counts; the blocks travel by the
  // stamps.
  std::uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (used + cost(length) > bytes_max_) return nullptr;
    // relaxed: own value, as above.
  } while (!used_.compare_exchange_weak(used, used + cost(length), std::memory_order_relaxed,
                                        std::memory_order_relaxed));
  auto* const block = static_cast<char*>(mi_malloc(length + kPaddingBytes));
  if (block == nullptr) {
    // relaxed: own value, as above.
    used_.fetch_sub(cost(length), std::memory_order_relaxed);
    return nullptr;
  }
  pad(block + length);
  return block;
}

void Spill::free(const char* block, std::uint32_t length) noexcept {
  mi_free(const_cast<char*>(block));
  // relaxed: own value, as above.
  const std::uint64_t before = used_.fetch_sub(cost(length), std::memory_order_relaxed);
  PENSTOCK_DCHECK(before >= cost(length));
  static_cast<void>(before);
}

}  // namespace penstock
