// SPDX-License-Identifier: Apache-2.0
// Takes the samples of a case: rounds, interleaved, each sample between two probes of the machine.
//   round:  ours rival rival rival rival  ours rival rival rival rival  ...
//           \________ a heat __________/     (every second round: the other way round)
//   sample: references, probe | implementation | references, probe (which the next one begins with)
// 1. A sample counts if both probes tell of the same distance, the references of each core agree,
//    and its threads had their CPUs for 99 % of it (of 100 % none would: the kernel works, too).
// 2. Samples are compared within a heat only, and only if distance and references agree there too.
// 3. What does not count is counted.
// 4. An implementation whose process ends has no samples, but a reason; the others go on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "machine/probe.hpp"
#include "scenario.hpp"

namespace penstock::bench {

struct RoundOptions {
  unsigned rounds = 15;
  double seconds = 0.02;  ///< of one sample: short ones fit between two disturbances
  /// Of what is compiled while it runs: at least so long, and up to kSettleFactor times as long
  /// until its rate stands.
  double settle_seconds = 3;
  Cores cores;
  DistanceBounds distances;

  static constexpr double kSettleFactor = 5;

  [[nodiscard]] ProbeLength probes() const {
    return seconds < 0.005 ? ProbeLength::tiny : ProbeLength::whole;
  }
};

struct Kept {
  unsigned heat = 0;
  Distance distance = Distance::near;
  double round_trip_ns = 0;  ///< before it
  double ns = 0;             ///< an item, or a latency
  double held_up_ns = 0;     ///< of an open loop
  References references;
};

/// Of one implementation.
struct Measured {
  std::uint64_t count = 0;  ///< items of one sample
  std::vector<Kept> kept;
  unsigned dropped_distance = 0;  ///< the cores moved meanwhile
  unsigned dropped_speed = 0;     ///< the reference changed by more than 8 % meanwhile
  unsigned dropped_waited = 0;    ///< its threads waited for their CPUs, for others ran there
  double settled_after_s = 0;     ///< of warm-up, where it was asked to settle
  bool settled = false;
  std::string gone;  ///< why there are no samples; empty where there may be some

  [[nodiscard]] std::vector<double> ns_at(Distance distance, double Kept::*of = &Kept::ns) const;
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
