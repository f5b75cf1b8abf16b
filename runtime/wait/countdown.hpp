// SPDX-License-Identifier: Apache-2.0
// A count of what is still running; others wait until it is zero.
// Counted down by any thread, once by each that was counted; the waiting thread reads the epoch,
// then the count, then waits, so that no end between these is missed.
#pragma once

#include <atomic>
#include <cstdint>

#include <penstock/runtime/base/atomics.hpp>
#include <penstock/runtime/wait/parker.hpp>

namespace penstock {

template <class Atomics>
class BasicCountdown {
 public:
  /// Before those who count down are started.
  void reset(unsigned count) noexcept {
    // relaxed: ordered by the start of the threads, which comes later.
    left_.store(count, std::memory_order_relaxed);
  }
  /// One has ended: what it did is visible to whoever finds zero. Any thread.
  void count_down() noexcept {
    // release: pairs with the acquire in zero(); as a read-modify-write it also passes on what the
    // others released before.
    left_.fetch_sub(1, std::memory_order_release);
    parker_.wake();
  }
  [[nodiscard]] bool zero() const noexcept {
    // acquire: pairs with the release in count_down(): all that those who ended did.
    return left_.load(std::memory_order_acquire) == 0;
  }

  /// Lets all who wait look again.
  void wake() noexcept { parker_.wake(); }
  /// To be read before zero(), for wait().
  [[nodiscard]] std::uint32_t epoch() const noexcept { return parker_.epoch(); }
  /// Waits for the next count_down() or wake() since `epoch`; false if the time ran out. 0: no
  /// limit.
  bool wait(std::uint32_t epoch, std::uint64_t timeout_ns) noexcept {
    return parker_.wait(epoch, timeout_ns);
  }

 private:
  // Written by those who end, read by who waits.
  typename Atomics::template Atomic<unsigned> left_{0};
  BasicParker<Atomics> parker_;
};

using Countdown = BasicCountdown<StdAtomics>;

}  // namespace penstock
