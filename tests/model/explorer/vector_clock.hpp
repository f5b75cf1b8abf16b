// SPDX-License-Identifier: Apache-2.0
// Vector clocks (Fidge 1988, Mattern 1989): what of each thread's past an event has before it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace penstock::model {

inline constexpr unsigned kThreadsMax = 8;  ///< the host, which sets up and checks, and seven more
using Epoch = std::int16_t;  ///< SSE2 knows their maximum; steps are bounded far below
inline constexpr Epoch kNever = INT16_MAX;

struct VectorClock {
  std::array<Epoch, kThreadsMax> at{};

  void join(const VectorClock& other) noexcept {
    for (unsigned i = 0; i < kThreadsMax; ++i) at[i] = std::max(at[i], other.at[i]);
  }
  [[nodiscard]] bool covers(unsigned thread, Epoch epoch) const noexcept {
    return at[thread] >= epoch;
  }
  /// True if one of `epochs`, each of its own thread, is in this past.
  [[nodiscard]] bool covers_any(const std::array<Epoch, kThreadsMax>& epochs) const noexcept {
    bool any = false;
    for (unsigned i = 0; i < kThreadsMax; ++i) any |= epochs[i] <= at[i];
    return any;
  }
};

}  // namespace penstock::model
