// SPDX-License-Identifier: Apache-2.0
// How a spinning reader keeps off the producer's heels. A reader that takes each item as it comes
// fetches the producer's cache lines while they are written: both then wait for lines instead of
// moving items. One that waits a little where it found little finds much the next time.
// 1. A poll that found nothing is followed by one pause, so an idle reader sees the next item as
//    soon as one that only spins.
// 2. Polls that find some, but few, are followed by 1, 3, 7 ... kPausesMax pauses; so an item waits
//    for no longer than those (63 pauses take 0.6 to 3 us, by machine).
// 3. A poll that finds enough is followed by half as many as the one before.
#pragma once

#include <algorithm>
#include <cstddef>

#include <penstock/runtime/base/atomics.hpp>

namespace penstock {

/// Of one reading thread.
template <class Atomics>
class BasicPace {
 public:
  static constexpr unsigned kPausesMax = 63;
  static constexpr std::size_t kFew = 512;

  /// `few`: a poll of fewer items is too small. At most what a poll can find: the slots of the ring
  /// or the budget, or each poll is followed by all pauses.
  explicit BasicPace(std::size_t few = kFew) noexcept : few_(few) {}

  /// After each poll, with how many items it has handled. Returns when it is worth polling again.
  void polled(std::size_t count) noexcept {
    if (count == 0) {
      pauses_ /= 2;
      return Atomics::pause();
    }
    pauses_ = count < few_ ? std::min(2 * pauses_ + 1, kPausesMax) : pauses_ / 2;
    for (unsigned i = 0; i < pauses_; ++i) Atomics::pause();
  }

 private:
  // Fixed after construction.
  std::size_t few_;
  // Reader thread only.
  unsigned pauses_ = 0;
};

using Pace = BasicPace<StdAtomics>;

}  // namespace penstock
