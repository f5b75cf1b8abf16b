// SPDX-License-Identifier: Apache-2.0
// Tells whether a sample was taken on the machine that it claims. On virtual machines the distance
// between two cores changes without notice, and neighbours slow both cores for stretches: so each
// sample is bracketed by a cache-line round trip between the two cores, and by a bare one-core
// reference.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace penstock::bench {

/// Nanoseconds for one cache line to go from `cpu_a` to `cpu_b` and back: the median of several
/// stretches.
double round_trip_ns(unsigned cpu_a, unsigned cpu_b);

/// Pins the calling thread; false if the system does not let it.
bool pin_to(unsigned cpu);

/// True if two probes tell of the same distance.
inline bool same_distance(double before_ns, double after_ns) {
  return std::max(before_ns, after_ns) < 1.5 * std::min(before_ns, after_ns);
}

/// Below it two cores count as near: round trips of about 100 ns and of 470 to 700 ns were seen.
inline constexpr double kNearNs = 250;

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

}  // namespace penstock::bench
