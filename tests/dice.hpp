// SPDX-License-Identifier: Apache-2.0
// Random numbers that are the same for a seed on every machine, for tests that repeat from a seed.
#pragma once

#include <cstdint>

namespace penstock::test {

/// splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t roll() noexcept {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// 0 to count - 1.
  unsigned below(unsigned count) noexcept {
    return static_cast<unsigned>((roll() >> 32) * count >> 32);
  }
  bool percent(unsigned chance) noexcept { return below(100) < chance; }

 private:
  std::uint64_t state_;
};

}  // namespace penstock::test
