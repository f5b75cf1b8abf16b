// SPDX-License-Identifier: Apache-2.0
// How much of something is in use, with a bound that many threads share.
// 1. Never more than `most` is taken, whoever takes and gives back at the same time.
// 2. It only counts: what was taken is handed from thread to thread by other means.
#pragma once

#include <atomic>
#include <cstdint>

#include <penstock/runtime/base/atomics.hpp>

namespace penstock {

template <class Atomics>
class BasicBudget {
 public:
  explicit BasicBudget(std::uint64_t most) noexcept : most_(most) {}

  /// Takes `count` if that much is left. Any thread; never waits.
  [[nodiscard]] bool try_take(std::uint64_t count) noexcept {
    // relaxed: own value: it guards no memory, it only counts.
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (count > most_ || used > most_ - count) return false;
      // relaxed: own value, as above.
    } while (!used_.compare_exchange_weak(used, used + count, std::memory_order_relaxed,
                                          std::memory_order_relaxed));
    return true;
  }
  /// Any thread. Requires: taken before. Returns how much was in use until now.
  std::uint64_t give_back(std::uint64_t count) noexcept {
    // relaxed: own value, as above.
    return used_.fetch_sub(count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t most() const noexcept { return most_; }
  [[nodiscard]] std::uint64_t used() const noexcept {
    // relaxed: statistic.
    return used_.load(std::memory_order_relaxed);
  }

 private:
  // Fixed after construction.
  std::uint64_t most_;
  // Written and read by any.
  typename Atomics::template Atomic<std::uint64_t> used_{0};
};

using Budget = BasicBudget<StdAtomics>;

}  // namespace penstock
