// SPDX-License-Identifier: Apache-2.0
// One seed: a pipeline and its oracle go through the same steps, one thread, a clock that the
// simulation moves. A publish that waits for room is a fiber that the scheduler lets go on later.
// 1. Everything is drawn from the seed; two runs of a seed give the same trace.
// 2. After each step the answers, and after many the counts, must be those of the oracle; at the
//    end what came out, in which order, and the history (history.hpp).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock::test {

/// How often something happened, so that a fault that never happens is seen.
struct Coverage {
  enum What : unsigned {
    accepted,
    completed,
    dropped,
    dead,
    refused_full,
    refused_dropped,
    refused_closed,
    refused_too_large,
    refused_invalid,
    refused_missing_key,
    publishes_that_waited,
    publishes_that_timed_out,
    publishes_that_waited_for_nothing,  ///< the ring was closed meanwhile
    spilled,
    lent,
    claims_committed,
    claims_given_up,
    arena_ends_skipped,
    emitted,
    emitted_into_full_rings,
    handlers_threw,
    sink_failures,
    reject_failures,
    stops_in_the_middle,
    stops_with_open_claims,
    stops_with_blocked_publishes,
    abandons,
    seeds_run_twice,
    kCount
  };
  static const char* name_of(unsigned what);
  std::array<std::uint64_t, kCount> count{};
  void add(const Coverage& other) {
    for (unsigned i = 0; i < kCount; ++i) count[i] += other.count[i];
  }
};

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
