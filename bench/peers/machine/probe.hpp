// SPDX-License-Identifier: Apache-2.0
// Tells whether a sample was taken on the machine that it claims. On virtual machines the distance
// between two cores changes without notice, and neighbours slow both cores for stretches: so each
// sample is bracketed by a cache-line round trip between the two cores, and by a bare one-core
// reference on each.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "../scenario.hpp"

namespace penstock::bench {

/// How long a probe takes. Shorter ones are for trying the program, not for measuring.
enum class ProbeLength : std::uint8_t { whole, tiny };

/// Nanoseconds for one cache line to go from `cpu_a` to `cpu_b` and back: the median of several
/// stretches.
double round_trip_ns(unsigned cpu_a, unsigned cpu_b, ProbeLength length = ProbeLength::whole);

/// How fast both cores are, each alone.
struct References {
  double consumer_ns = 0;
  double source_ns = 0;
};

/// Nanoseconds of a fixed piece of work on each core, in its first two caches: the reference.
References references(const Cores& cores, ProbeLength length = ProbeLength::whole);

/// Pins the calling thread; false if the system does not let it.
bool pin_to(unsigned cpu);
/// The same; ends the program if it cannot be, since a sample from elsewhere says nothing.
void pin_or_give_up(unsigned cpu);

/// How long the calling thread was ready to run and did not, since this was made: because others
/// ran, which no probe before or after can see. 0 where the kernel does not tell (proc(5),
/// schedstat).
class WaitedForCpu {
 public:
  WaitedForCpu() : before_ns_(total_ns()) {}
  void restart() { before_ns_ = total_ns(); }
  [[nodiscard]] double ns() const { return total_ns() - before_ns_; }

 private:
  static double total_ns();

  double before_ns_;
};

/// Where two CPUs of a virtual machine are.
enum class Distance : std::uint8_t { one_core, near, far };
inline constexpr std::size_t kDistances = 3;

/// From which round trip on two CPUs are near, and from which far. On an AMD EPYC round trips of
/// 55 to 57, of 105 to 145 and of 440 to 700 ns were seen; at 55 ns two busy threads ran at 0.6 of
/// their speed each, for they were the two threads of one core.
struct DistanceBounds {
  double near_from_ns = 80;
  double far_from_ns = 250;
};

Distance distance_of(double round_trip_ns, const DistanceBounds& bounds);
std::string_view to_string(Distance distance);

/// True if neither round trip is 1.5 times the other.
bool same_round_trip(double a_ns, double b_ns);
/// True if two probes tell of the same distance.
bool same_distance(double before_ns, double after_ns, const DistanceBounds& bounds);
/// True if the references of each core are within 8 %: neighbours slow the cores 1.5-fold in
/// stretches.
bool same_speed(const References& before, const References& after);

/// 0 if there are none.
double median(std::vector<double> values);

}  // namespace penstock::bench
