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
  if (!budget_.try_take(cost(length))) return nullptr;
  auto* const block = static_cast<char*>(mi_malloc(length + kPaddingBytes));
  if (block == nullptr) {
    budget_.give_back(cost(length));
    return nullptr;
  }
  pad(block + length);
  return block;
}

void Spill::free(const char* block, std::uint32_t length) noexcept {
  mi_free(const_cast<char*>(block));
  const std::uint64_t before = budget_.give_back(cost(length));
  PENSTOCK_DCHECK(before >= cost(length));
  static_cast<void>(before);
}

}  // namespace penstock
