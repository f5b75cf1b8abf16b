// SPDX-License-Identifier: Apache-2.0
// Threads that do not sit still: each pins itself to a random CPU of those that it may use, again
// now and then, and yields at random places, so that a few CPUs show many interleavings.
// A failure names the seed; PENSTOCK_STRESS_SEED takes it back, PENSTOCK_STRESS_ROUNDS makes longer
// runs.
#pragma once

#include <sched.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "../dice.hpp"

namespace penstock::test {

using CpuList = std::vector<int>;

/// Those that this thread may use; empty if the system does not say.
inline CpuList allowed_cpus() {
  CpuList cpus;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  return cpus;
}

inline bool move_to(const CpuList& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

/// Keeps this thread, and those that it starts, to some CPUs.
class KeptTo {
 public:
  explicit KeptTo(const CpuList& cpus) : before_(allowed_cpus()), kept_(move_to(cpus)) {}
  KeptTo(const KeptTo&) = delete;
  KeptTo& operator=(const KeptTo&) = delete;
  ~KeptTo() { move_to(before_); }
  [[nodiscard]] bool kept() const noexcept { return kept_; }

 private:
  CpuList before_;
  bool kept_;
};

/// Used by one thread at a time; it moves whichever thread calls it.
class Restless {
 public:
  /// May be made by another thread than the one that will use it.
  explicit Restless(std::uint64_t seed, CpuList cpus = allowed_cpus())
      : dice_(seed), cpus_(std::move(cpus)) {}
  /// To be called wherever another thread could come in between.
  void maybe() {
    if (dice_.percent(10)) sched_yield();
    if (calls_++ % kCallsPerMove == 0) move();
  }
  [[nodiscard]] Dice& dice() noexcept { return dice_; }

 private:
  static constexpr unsigned kCallsPerMove = 200;  // a move costs some microseconds

  void move() {
    if (cpus_.empty()) return;
    // Denied: it stays where it is.
    move_to({cpus_[dice_.below(static_cast<unsigned>(cpus_.size()))]});
  }

  Dice dice_;
  CpuList cpus_;
  unsigned calls_ = 0;
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

/// A test that is run on all CPUs that the process may use, and again on exactly two of them.
class OnCpus : public ::testing::TestWithParam<std::size_t> {
 protected:
  static constexpr std::size_t kAll = 0;

  /// `round(seed, cpus)` is called with how many CPUs its threads have.
  template <class Round>
  void for_seeds_on_cpus(std::uint64_t rounds, Round&& round) {
    CpuList cpus = allowed_cpus();
    if (cpus.size() < GetParam())
      std::printf("this process may use only %zu of the %zu CPUs that this test is for\n",
                  cpus.size(), GetParam());
    for_seeds(rounds, [&](std::uint64_t seed) {
      CpuList some = cpus;
      Dice dice(seed);
      while (GetParam() != kAll && some.size() > GetParam())
        some.erase(some.begin() + dice.below(static_cast<unsigned>(some.size())));
      const KeptTo keeper(some);
      ASSERT_TRUE(keeper.kept()) << "affinity was denied: nothing says on how many CPUs this runs";
      round(seed, static_cast<unsigned>(some.size()));
    });
  }

 public:
  static std::string name_of(const ::testing::TestParamInfo<std::size_t>& info) {
    return info.param == kAll ? "on_all_cpus" : "on_" + std::to_string(info.param) + "_cpus";
  }
};

}  // namespace penstock::test
