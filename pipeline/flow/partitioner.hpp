// SPDX-License-Identifier: Apache-2.0
// Maps keys to partitions: keyed 64-bit hash -> one of 1024 buckets -> partition, by a table.
// A key always maps to one partition. The table, not the hash, knows how many partitions there are,
// so that moving a bucket later moves only its keys. Read-only after construction; any thread.
// Hash: XXH3, 64 bits, seeded (xxHash, Yann Collet).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace penstock {

class Partitioner {
 public:
  static constexpr unsigned kBuckets = 1024;

  Partitioner(unsigned partitions, std::uint64_t seed) noexcept;

  [[nodiscard]] std::uint64_t hash(std::string_view key) const noexcept;
  [[nodiscard]] unsigned partition_of(std::uint64_t hash) const noexcept {
    return table_[hash >> 54];  // the top ten bits
  }

 private:
  std::uint64_t seed_;
  std::array<std::uint16_t, kBuckets> table_;
};

}  // namespace penstock
