// SPDX-License-Identifier: Apache-2.0
// A Cursor: the Position up to which one runner has finished, which others gate on.
// One thread advances it; producers and later segments read it, and set a flag in its word before
// they park, so that the advance that they wait for sees them. Setting a flag by CAS on the very
// word that was judged insufficient leaves no moment in which a wake-up could be lost: either the
// CAS fails because the cursor moved, or the move comes later and finds the flag.
#pragma once

#include <cstdint>

#include <penstock/runtime/base/atomics.hpp>
#include <penstock/runtime/ring/position.hpp>

namespace penstock {

template <class Atomics, class Position>
class alignas(kControlBytes) BasicCursor {
 public:
  static constexpr std::uint64_t kSegmentsWait = Position::kLowFlag;
  static constexpr std::uint64_t kProducersWait = Position::kHighFlag;

  struct Waiters {
    bool segments = false;
    bool producers = false;
  };

  /// Requires: no other thread uses the cursor yet.
  void reset(Position start) noexcept {
    // relaxed: ordered by the start of the threads, which comes later.
    word_.store(start.word, std::memory_order_relaxed);
  }

  /// With flags. Acquires what the owner did up to there: a producer may overwrite those slots, a
  /// later segment may read what this one wrote beside them.
  [[nodiscard]] Position load() const noexcept {
    // acquire: pairs with the release in advance(); the owner's last reads and writes of those
    // slots.
    return {word_.load(std::memory_order_acquire)};
  }

  /// Owner only. Moves to `to` and tells who must be woken. Where producers wait, `worth_waking`
  /// (asked only then) decides whether they are woken or stay registered: once a good part is free,
  /// and always when nothing is left to do, since no later advance would wake them.
  template <class WorthWaking>
  Waiters advance(Position to, WorthWaking&& worth_waking) noexcept {
    // relaxed: own value, to which others only add flags.
    std::uint64_t old = word_.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    bool wake_producers = false;
    do {
      if ((old & kProducersWait) != 0 && !wake_producers) wake_producers = worth_waking();
      next = to.word | (wake_producers ? 0 : old & kProducersWait);
      // release: pairs with load(); all that the owner did with the slots behind `to`.
      // relaxed: on failure only flags changed, and the loop takes them from `old`.
    } while (!word_.compare_exchange_weak(old, next, std::memory_order_release,
                                          std::memory_order_relaxed));
    return {.segments = (old & kSegmentsWait) != 0, .producers = wake_producers};
  }

  /// Registers a waiter. False if the cursor is no longer at `seen`: look again instead of parking.
  [[nodiscard]] bool try_flag(Position seen, std::uint64_t flag) noexcept {
    // Already registered: an advance since `seen` has woken, which the caller's epoch tells, or
    // kept it.
    if ((seen.word & flag) != 0) return true;
    // relaxed: the flag hands nothing over; being a read-modify-write it continues the release
    // sequence of the owner's advance. On failure the caller loads again.
    return word_.compare_exchange_strong(seen.word, seen.word | flag, std::memory_order_relaxed,
                                         std::memory_order_relaxed);
  }

 private:
  // Written by the owner (position) and by waiters (flags), read by producers and later segments.
  typename Atomics::template Atomic<std::uint64_t> word_{0};
};

}  // namespace penstock
