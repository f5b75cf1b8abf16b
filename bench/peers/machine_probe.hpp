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

/// Where two CPUs of a virtual machine are. Round trips of 55 to 57, of 105 to 145 and of 440 to
/// 700 ns were seen on an AMD EPYC; at 55 ns two busy threads ran at 0.6 of their speed each, for
/// they were the two threads of one core.
enum class Distance : std::uint8_t { one_core, near, far };

inline Distance distance_of(double round_trip_ns) {
  return round_trip_ns < 80    ? Distance::one_core
         : round_trip_ns < 250 ? Distance::near
                               : Distance::far;
}

/// True if two probes tell of the same distance.
inline bool same_distance(double before_ns, double after_ns) {
  return distance_of(before_ns) == distance_of(after_ns) &&
         std::max(before_ns, after_ns) < 1.5 * std::min(before_ns, after_ns);
}

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

}  // namespace penstock::bench
