// SPDX-License-Identifier: Apache-2.0
// Threads that do not sit still: each pins itself to a random CPU of those that it may use, again
// now and then, and yields at random places, so that a few CPUs show many interleavings.
// A failure names the seed; PENSTOCK_STRESS_SEED takes it back, PENSTOCK_STRESS_ROUNDS makes longer
// runs.
#pragma once

#include <sched.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "../dice.hpp"

namespace penstock::test {

class Restless {
 public:
  explicit Restless(std::uint64_t seed) : dice_(seed) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &allowed)) cpus_.push_back(cpu);
    move();
  }
  /// To be called wherever another thread could come in between.
  void maybe() {
    if (dice_.percent(10)) sched_yield();
    if (dice_.below(1000) == 0) move();
  }
  [[nodiscard]] Dice& dice() noexcept { return dice_; }

 private:
  void move() {
    if (cpus_.empty()) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpus_[dice_.below(static_cast<unsigned>(cpus_.size()))], &one);
    sched_setaffinity(0, sizeof one, &one);  // denied: it stays where it is
  }

  Dice dice_;
  std::vector<int> cpus_;
};

inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Calls `round(seed)` for some seeds, until one fails.
template <class Round>
void for_seeds(std::uint64_t rounds, Round&& round) {
  const std::uint64_t first = number_from("PENSTOCK_STRESS_SEED", 1);
  rounds = number_from("PENSTOCK_STRESS_ROUNDS", rounds);
  for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
    SCOPED_TRACE("PENSTOCK_STRESS_SEED=" + std::to_string(seed) + " PENSTOCK_STRESS_ROUNDS=1");
    round(seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace penstock::test
