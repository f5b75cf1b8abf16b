// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/flow/partitioner.hpp>

#include <cstddef>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace penstock {

Partitioner::Partitioner(unsigned partitions, std::uint64_t seed) noexcept : seed_(seed), table_{} {
  for (unsigned bucket = 0; bucket < kBuckets; ++bucket)
    table_[bucket] = static_cast<std::uint16_t>(bucket % partitions);
}

std::uint64_t Partitioner::hash(std::string_view key) const noexcept {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed_);
}

}  // namespace penstock
