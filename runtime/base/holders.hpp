// SPDX-License-Identifier: Apache-2.0
// How many hold a shared thing; the last one to leave ends it.
// 1. Only who holds it may make another holder, so that a count of zero stays zero.
// 2. Who is told that it was the last sees all that the others did with the thing, and is alone
//    with it.
#pragma once

#include <atomic>
#include <cstdint>

#include <penstock/runtime/base/atomics.hpp>

namespace penstock {

/// Begins with one holder.
template <class Atomics>
class BasicHolders {
 public:
  /// Any thread that is a holder.
  void add() noexcept {
    // relaxed: the new holder is made from a live one, which already sees the thing.
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  /// True for the last one: all that the others did with the thing came before.
  [[nodiscard]] bool leave() noexcept {
    // acq_rel: release pairs with the last holder's acquire, so that every use of the thing
    // precedes its end.
    return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  // Written by any holder.
  typename Atomics::template Atomic<std::uint32_t> count_{1};
};

using Holders = BasicHolders<StdAtomics>;

}  // namespace penstock
