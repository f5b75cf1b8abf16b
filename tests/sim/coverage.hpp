// SPDX-License-Identifier: Apache-2.0
// How often each kind of event and of fault happened, so that one that never happens is seen.
#pragma once

#include <array>
#include <cstdint>

namespace penstock::test {

struct Coverage {
  enum What : unsigned {
    accepted,
    completed,
    dropped,
    dead,
    left_in_flight,
    refused_full,
    refused_dropped,
    refused_closed,
    refused_too_large,
    refused_invalid,
    refused_missing_key,
    publishes_that_waited,
    publishes_that_timed_out,
    publishes_with_a_limit_of_their_own,
    publishes_that_waited_for_nothing,  ///< the ring was closed meanwhile
    spilled,
    lent,
    claims_committed,
    claims_given_up,
    claims_ended_in_drains,
    arena_ends_skipped,
    emitted,
    emitted_into_full_rings,
    handlers_threw,
    sink_failures,
    reject_failures,
    stops_in_the_middle,
    stops_with_open_claims,
    stops_with_blocked_publishes,
    stops_by_handlers,
    stops_while_full,
    stops_at_their_deadline,
    stops_that_drained,
    abandoned,
    destroyed,
    seeds_run_twice,
    kCount
  };
  static const char* name_of(unsigned what);
  std::array<std::uint64_t, kCount> count{};
  void add(const Coverage& other) {
    for (unsigned i = 0; i < kCount; ++i) count[i] += other.count[i];
  }
  std::uint64_t& operator[](What what) { return count[what]; }
};

}  // namespace penstock::test
