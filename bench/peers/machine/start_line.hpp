// SPDX-License-Identifier: Apache-2.0
// Two threads on two CPUs: they meet, and only then does the clock start. The thread that made them
// is blocked in join() meanwhile, off their CPUs. A clock that starts before both run measures the
// scheduler: a delay of 4 ms was seen.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include <penstock/runtime/base/atomics.hpp>

#include "../scenario.hpp"
#include "probe.hpp"

namespace penstock::bench {

using SteadyTime = std::chrono::steady_clock;

inline double ns_between(SteadyTime::time_point begin, SteadyTime::time_point end) {
  return std::chrono::duration<double, std::nano>(end - begin).count();
}

/// Where both threads of a run meet, as often as they like.
class StartLine {
 public:
  void meet() {
    waited().restart();
    // acquire, release: what either did before is visible to both behind the line.
    const std::uint32_t arrived = arrived_.fetch_add(1, std::memory_order_acq_rel);
    const std::uint32_t wanted = (arrived / 2 + 1) * 2;
    // acquire: as above. Compared by difference: the other may have come to the next line already.
    while (arrived_.load(std::memory_order_acquire) - wanted > UINT32_MAX / 2) StdAtomics::pause();
  }

  /// Of the calling thread, since it was last at a line.
  static WaitedForCpu& waited() {
    static thread_local WaitedForCpu since;
    return since;
  }

 private:
  alignas(128) std::atomic<std::uint32_t> arrived_{0};
};

/// Told by a thread that found nothing to take; ends the program if that lasts so long that an item
/// must have been lost.
class Patience {
 public:
  explicit Patience(const char* what) noexcept : what_(what) {}

  /// `count`: how many there were so far.
  void found_nothing(std::uint64_t count) {
    if (++rounds_ % kRoundsPerClock != 0) return;
    const SteadyTime::time_point now = SteadyTime::now();
    if (count != count_) {
      count_ = count;
      since_ = now;
    } else if (now - since_ > kLongest) {
      give_up(std::string(what_) + ": nothing has come for ten seconds behind item " +
              std::to_string(count) + ": something was lost");
    }
  }

 private:
  static constexpr std::uint32_t kRoundsPerClock = 1 << 16;
  static constexpr std::chrono::seconds kLongest{10};

  const char* what_;
  std::uint32_t rounds_ = 0;
  std::uint64_t count_ = 0;
  SteadyTime::time_point since_ = SteadyTime::now();
};

/// Runs both at once, each pinned to its CPU, and returns when both have ended: how long they were
/// ready to run, and did not, behind the last line.
template <class Consume, class Produce>
[[nodiscard]] double on_two_cores(const Cores& cores, Consume consume, Produce produce) {
  double source_waited_ns = 0;
  double consumer_waited_ns = 0;
  std::thread source([&] {
    pin_or_give_up(cores.source);
    produce();
    source_waited_ns = StartLine::waited().ns();
  });
  std::thread consumer([&] {
    pin_or_give_up(cores.consumer);
    consume();
    consumer_waited_ns = StartLine::waited().ns();
  });
  source.join();
  consumer.join();
  return source_waited_ns + consumer_waited_ns;
}

}  // namespace penstock::bench
