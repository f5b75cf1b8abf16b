// SPDX-License-Identifier: Apache-2.0
// Seeds: each is a run (run.hpp) of a pipeline and its oracle through the same steps.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "coverage.hpp"

namespace penstock::test {

struct SeedResult {
  std::string failure;  ///< empty if all was right
  std::string world;
  std::uint64_t trace_hash = 0;
  std::uint64_t steps = 0;
  Coverage coverage;
  std::vector<std::string> trace;  ///< of every step, if asked for
};

[[nodiscard]] SeedResult simulate(std::uint64_t seed, bool keep_trace);

/// The seed that is being simulated, for who has to say where it crashed or hangs.
inline std::atomic<std::uint64_t> seed_under_way{0};

/// Seeds `first` to `first + count - 1`, every hundredth twice. Returns the first failure with its
/// trace, or an empty text.
struct SeedsResult {
  std::string failure;
  std::uint64_t seeds = 0;
  std::uint64_t steps = 0;
  Coverage coverage;
};
[[nodiscard]] SeedsResult simulate_seeds(std::uint64_t first, std::uint64_t count, double seconds);

}  // namespace penstock::test
