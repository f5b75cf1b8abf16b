// SPDX-License-Identifier: Apache-2.0
// How full a ring is, from values that were read one after the other while its threads go on.
// 1. What is read later may be ahead of what was read before by more than the ring holds: runners
//    passed events in between. A count of all events takes that as it is, a gauge ends at the size.
// 2. A difference of half the counter or more means that the later value lies behind.
#pragma once

#include <algorithm>
#include <cstdint>

#include <penstock/runtime/ring/position.hpp>

namespace penstock {

/// How many places were claimed beyond the `handled` that a runner counted before; 0 if it has
/// passed more than `claimed` says.
constexpr std::uint32_t claimed_beyond(std::uint64_t handled, Position claimed) noexcept {
  static_assert(Position::kSequenceBits == 32);
  const std::uint32_t beyond =
      Position::sequences_between(static_cast<std::uint32_t>(handled), claimed.sequence());
  return static_cast<std::int32_t>(beyond) < 0 ? 0 : beyond;
}

/// Slots in use, of `slots`, where `done` was read before `claimed`.
constexpr std::uint32_t slots_between(Position done, Position claimed,
                                      std::uint32_t slots) noexcept {
  return std::min(Position::sequences_between(done.sequence(), claimed.sequence()), slots);
}

/// The same of the arena.
constexpr std::uint64_t arena_bytes_between(Position done, Position claimed,
                                            std::uint64_t arena_bytes) noexcept {
  return std::min(
      Position::units_between(done.units(), claimed.units()) * std::uint64_t{kUnitBytes},
      arena_bytes);
}

}  // namespace penstock
