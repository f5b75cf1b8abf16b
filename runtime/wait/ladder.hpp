// SPDX-License-Identifier: Apache-2.0
// What a runner thread does when it finds nothing to do: spin, yield, park; and behind a claim that
// is not yet published: yield, then short sleeps, since nobody will wake it.
// 1. It spins no longer than a park and its wake-up cost, so it never loses more than twice the
//    best.
// 2. It yields only while a yield returns fast: otherwise others want this CPU.
// 3. It parks only after the caller has armed every wake-up that may come (ParkAnswer::armed).
// The spin bound is the ski-rental argument: Karlin, Manasse, McGeoch, Owicki, "Competitive
// randomized algorithms for nonuniform problems", 1990.
#pragma once

#include <algorithm>
#include <cstdint>

#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/ring/event_ring.hpp>
#include <penstock/runtime/wait/parker.hpp>

namespace penstock {

/// What a thread does while it has nothing to do: spin on and on; spin a little, then yield, then
/// park; or park at once.
enum class WaitKind : std::uint8_t { busy_spin, adaptive, park };

/// Written by the waiting thread, read by any.
struct WaitCounters {
  Counter parks;  ///< how often the thread went to sleep
  /// Time-outs that found work nobody woke for within another tenth of a second: a suspected
  /// defect, since a waker may have been kept off its CPU for longer.
  Counter wakes_late;
  Counter unpublished_waits;
};

/// The rungs of one waiting thread; used by that thread only.
template <class Atomics>
class BasicLadder {
 public:
  /// A park ends after so long even if nobody wakes: a bound on the harm of a lost wake-up, and
  /// rare enough to cost nothing when idle.
  static constexpr std::uint64_t kSafetyTimeoutNs = 500'000'000;

  struct Options {
    WaitKind kind = WaitKind::adaptive;
    std::uint64_t spin_ns = 0;  ///< of adaptive
  };

  BasicLadder(const Options& options, BasicParker<Atomics>& parker, const Clock& clock,
              WaitCounters& counters) noexcept
      : options_(options), parker_(&parker), clock_(&clock), counters_(&counters) {}

  /// There was work: begin again at the first rung.
  void worked() noexcept {
    rounds_ = 0;
    sleeps_ = 0;
  }

  /// There was none. `arm` registers for every wake-up and answers with a ParkAnswer; it is called
  /// only before a park. Returns when it is worth looking again.
  template <class Arm>
  void idle(Arm&& arm) noexcept {
    if (rounds_++ == 0) {
      spin_over_ = options_.kind == WaitKind::park || options_.spin_ns == 0;
      idle_since_ns_ = spin_over_ ? 0 : clock_->now_ns();
      yields_ = options_.kind == WaitKind::adaptive ? kYieldsMax : 0;
    }
    if (options_.kind == WaitKind::busy_spin) return spin_on();
    if (still_spinning()) return Atomics::pause();
    if (yields_ > 0) return yield_while_fast();
    park(arm);
  }

 private:
  static constexpr unsigned kYieldsMax = 4;
  static constexpr std::uint64_t kYieldFastNs = 3'000;  ///< a yield to nobody takes about 400 ns
  static constexpr unsigned kRoundsPerClock = 8;        ///< a clock read costs as much as a pause
  static constexpr unsigned kRoundsPerYield = 4'096;    ///< 100 us of spinning
  static constexpr unsigned kSleepsShift = 4;
  static constexpr std::uint64_t kSleepNs = 50'000;
  static constexpr std::uint64_t kSleepNsMax = 1'000'000;
  static constexpr unsigned kLateChecks = 10;
  static constexpr std::uint64_t kLateLookNs = BasicEventRing<Atomics>::kLateLookNs;

  void spin_on() noexcept {
    // Threads may outnumber CPUs although the plan did not think so.
    if (rounds_ % kRoundsPerYield == 0) return Atomics::yield();
    Atomics::pause();
  }

  bool still_spinning() noexcept {
    if (spin_over_) return false;
    if (rounds_ % kRoundsPerClock != 0) return true;
    spin_over_ = clock_->now_ns() - idle_since_ns_ >= options_.spin_ns;
    return !spin_over_;
  }

  void yield_while_fast() noexcept {
    const std::uint64_t before_ns = clock_->now_ns();
    Atomics::yield();
    yields_ = clock_->now_ns() - before_ns < kYieldFastNs ? yields_ - 1 : 0;
  }

  template <class Arm>
  void park(Arm&& arm) noexcept {
    const std::uint32_t epoch = parker_->epoch();
    switch (arm()) {
      case ParkAnswer::armed:
        counters_->parks.add(1);
        if (!parker_->wait(epoch, kSafetyTimeoutNs) && arm() == ParkAnswer::work) count_late(epoch);
        sleeps_ = 0;
        return;
      case ParkAnswer::unpublished: return wait_unpublished();
      case ParkAnswer::work:
      case ParkAnswer::drained: return;
    }
  }

  /// Whoever claimed the next place is between claim and publish: a few nanoseconds, or preempted,
  /// or hanging.
  void wait_unpublished() noexcept {
    counters_->unpublished_waits.add(1);
    if (++sleeps_ <= 1U << kSleepsShift) return Atomics::yield();
    Atomics::sleep_ns(std::min(kSleepNs * (sleeps_ >> kSleepsShift), kSleepNsMax));
  }

  /// The time-out may have met a waker between its publish and its wake; that one only needs a
  /// moment.
  void count_late(std::uint32_t epoch) noexcept {
    for (unsigned i = 0; i < kLateChecks; ++i) {
      if (parker_->epoch() != epoch) return;
      Atomics::sleep_ns(kLateLookNs / kLateChecks);
    }
    counters_->wakes_late.add(1);
  }

  // Fixed after construction.
  Options options_;
  BasicParker<Atomics>* parker_;
  const Clock* clock_;
  WaitCounters* counters_;
  // The waiting thread only.
  std::uint64_t idle_since_ns_ = 0;
  std::uint32_t rounds_ = 0;
  unsigned yields_ = 0;
  unsigned sleeps_ = 0;
  bool spin_over_ = false;
};

using Ladder = BasicLadder<StdAtomics>;

/// What one park and its wake-up across threads cost on this machine now: the median of some
/// rounds, in nanoseconds; 0 where that took so long that spinning is no answer. Measured at the
/// first call (some milliseconds), then remembered. Any thread.
[[nodiscard]] std::uint64_t measured_park_ns();

}  // namespace penstock
