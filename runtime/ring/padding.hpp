// SPDX-License-Identifier: Apache-2.0
// Copies an event by whole cache lines and fills what is left with newlines, so that SIMD readers
// may run past its end without touching a neighbour's memory (a data race) and without finding
// there anything that could change their answer.
#pragma once

#include <cstddef>
#include <cstring>

#include <penstock/runtime/ring/position.hpp>

namespace penstock {

/// Requires: `to` begins a cache line and has units_for(length) units.
inline void copy_with_padding(char* to, const char* from, std::size_t length) noexcept {
  if (length != 0) std::memcpy(to, from, length);  // an empty text may have no address
  // Less than two lines' length is left: their beginning and their end overlap.
  std::memset(to + length, '\n', kPaddingBytes);
  std::memset(to + (units_for(length) - 1) * kUnitBytes, '\n', kPaddingBytes);
}

/// Writes the newlines behind an event that was written in place.
inline void pad(char* end) noexcept { std::memset(end, '\n', kPaddingBytes); }

}  // namespace penstock
