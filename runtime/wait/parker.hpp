// SPDX-License-Identifier: Apache-2.0
// A Parker: the one futex word on which a thread (or all producers that wait for room in one ring)
// parks. Protocol of the parking side: epoch() first; then register where the news will come from
// (a flag in a claim word or in a cursor), which fails if the news is already there; then
// wait(epoch). The waking side does its news first, finds the flag, and calls wake(). Between
// epoch() and wait() the epoch changes, so the wait returns at once: no wake-up is lost, and no
// fence is needed.
#pragma once

#include <cstdint>

#include <penstock/runtime/base/atomics.hpp>

namespace penstock {

/// Told by wake() beside the futex word; host mode writes an eventfd with it.
class WakeListener {
 public:
  virtual ~WakeListener() = default;
  virtual void woken() noexcept = 0;
};

template <class Atomics>
class alignas(kControlBytes) BasicParker {
 public:
  [[nodiscard]] std::uint32_t epoch() const noexcept {
    // acquire: pairs with the release in wake(), so that what the waker published before is visible
    // to the checks that follow; and those checks cannot move before this load.
    return epoch_.load(std::memory_order_acquire);
  }

  /// False if the time ran out without a wake-up. 0: no limit.
  bool wait(std::uint32_t epoch, std::uint64_t timeout_ns) noexcept {
    return Atomics::wait(epoch_, epoch, timeout_ns);
  }

  /// Wakes all who wait and those about to. One system call; any thread.
  void wake() noexcept {
    // release: pairs with the acquire in epoch(): the news precedes the wake-up.
    epoch_.fetch_add(1, std::memory_order_release);
    Atomics::wake_all(epoch_);
    if (listener_ != nullptr) listener_->woken();
  }

  /// Requires: nobody wakes yet.
  void listen(WakeListener* listener) noexcept { listener_ = listener; }

 private:
  // Written by wakers, read by the one who parks.
  typename Atomics::template Atomic<std::uint32_t> epoch_{0};
  // Fixed after construction.
  WakeListener* listener_ = nullptr;
};

using Parker = BasicParker<StdAtomics>;

}  // namespace penstock
