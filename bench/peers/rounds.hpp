// SPDX-License-Identifier: Apache-2.0
// Takes the samples of a case: rounds, interleaved, each sample between two probes of the machine.
//   round:  ours rival rival rival rival  ours rival rival rival rival  ...
//           \________ a heat __________/
//   sample: references, probe | implementation | references, probe (which the next one begins with)
// 1. A sample counts if both probes tell of the same distance, the references of each core agree,
//    and its threads had their CPUs for 99 % of it (for 100 % none would count: the kernel has
//    work, too).
// 2. Samples are compared within a heat only, and only if distance and references agree there too.
// 3. What does not count is counted.
#pragma once

#include <cstdint>
#include <vector>

#include "machine/probe.hpp"
#include "scenario.hpp"

namespace penstock::bench {

struct RoundOptions {
  unsigned rounds = 15;
  double seconds = 0.02;  ///< of one sample: short ones fit between two disturbances
  Cores cores;
  DistanceBounds distances;

  [[nodiscard]] ProbeLength probes() const {
    return seconds < 0.005 ? ProbeLength::tiny : ProbeLength::whole;
  }
};

struct Kept {
  unsigned heat = 0;
  Distance distance = Distance::near;
  double ns_per_item = 0;
  References references;
};

/// Of one implementation.
struct Measured {
  std::uint64_t count = 0;  ///< items of one sample
  std::vector<Kept> kept;
  unsigned dropped_distance = 0;  ///< the cores moved meanwhile
  unsigned dropped_speed = 0;     ///< the reference changed by more than 8 % meanwhile
  unsigned dropped_waited = 0;    ///< its threads waited for their CPUs, for others ran there

  [[nodiscard]] std::vector<double> ns_at(Distance distance) const;
};

struct CaseResult {
  const Case* made = nullptr;
  std::vector<Measured> measured;      ///< as the implementations of the case
  std::vector<double> round_trips_ns;  ///< of all probes
};

/// Ends the program if a checksum is not what it has to be.
[[nodiscard]] CaseResult measure(const Case& made, const RoundOptions& options);

/// Rates of `ours` against `rival`, pair by pair: above 1 ours is the faster.
[[nodiscard]] std::vector<double> paired_ratios(const Measured& ours, const Measured& rival,
                                                Distance distance);

}  // namespace penstock::bench
