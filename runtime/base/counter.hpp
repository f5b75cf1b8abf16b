// SPDX-License-Identifier: Apache-2.0
// A counter with one writer that any thread may read.
// 1. One thread adds, by a load and a store, and pays for no locked instruction.
// 2. A reader gets a value that the counter had. Counters order nothing, each other neither: sums
//    over several are exact once their writers are quiet.
#pragma once

#include <atomic>
#include <cstdint>

#include <penstock/runtime/base/atomics.hpp>

namespace penstock {

template <class Atomics>
class BasicCounter {
 public:
  /// The writing thread only. A load and a store: no other thread's update can be lost, since there
  /// is none, and no locked instruction is paid.
  void add(std::uint64_t count) noexcept {
    // relaxed: own value.
    const std::uint64_t before = value_.load(std::memory_order_relaxed);
    // relaxed: statistic.
    value_.store(before + count, std::memory_order_relaxed);
  }
  /// Exact once the writer is quiet.
  [[nodiscard]] std::uint64_t get() const noexcept {
    // relaxed: statistic.
    return value_.load(std::memory_order_relaxed);
  }

 private:
  // Written by one thread, read by any.
  typename Atomics::template Atomic<std::uint64_t> value_{0};
};

using Counter = BasicCounter<StdAtomics>;

}  // namespace penstock
