// SPDX-License-Identifier: Apache-2.0
#include "simulation.hpp"

#include <chrono>

#include "run.hpp"

namespace penstock::test {

SeedResult simulate(std::uint64_t seed, bool keep_trace) {
  seed_under_way.store(seed, std::memory_order_relaxed);
  return Run(seed, keep_trace).result();
}

SeedsResult simulate_seeds(std::uint64_t first, std::uint64_t count, double seconds) {
  constexpr std::uint64_t kTwiceEvery = 100;
  constexpr std::size_t kStepsShown = 40;
  const auto begin = std::chrono::steady_clock::now();
  SeedsResult all;
  for (std::uint64_t seed = first; seed < first + count && all.failure.empty(); ++seed) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    if (elapsed.count() > seconds) break;
    SeedResult one = simulate(seed, false);
    ++all.seeds;
    all.steps += one.steps;
    all.coverage.add(one.coverage);
    if (one.failure.empty() && seed % kTwiceEvery == 0) {
      ++all.coverage.count[Coverage::seeds_run_twice];
      if (simulate(seed, false).trace_hash != one.trace_hash)
        one.failure = "two runs of one seed differ";
    }
    if (one.failure.empty()) continue;
    all.failure = "seed " + std::to_string(seed) + ": " + one.failure + "\nworld: " + one.world;
    const std::vector<std::string> trace = simulate(seed, true).trace;
    for (std::size_t i = trace.size() > kStepsShown ? trace.size() - kStepsShown : 0;
         i < trace.size(); ++i)
      all.failure += "\n  " + trace[i];
    all.failure += "\nrepeat: penstock_sim --seed " + std::to_string(seed) + "\n";
  }
  return all;
}

}  // namespace penstock::test
