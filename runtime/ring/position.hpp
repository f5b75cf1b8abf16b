// SPDX-License-Identifier: Apache-2.0
// A Position: how far a thread got in the arena and in the slots of one ring, packed into one word
// so that both move together.
//   | units | high flag | low flag | sequence |      30 + 1 + 1 + 32 bits in the product
// A unit is one cache line of the arena, kUnitBytes.
// 1. Both counters are modular: they are compared by difference only, never by `<`.
// 2. In the claim word the flags are `parked` and `closed`; in a cursor's word they say who waits
//    for it. The widths are parameters so that tests/model can run around every counter.
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock {

inline constexpr std::size_t kUnitBytes = 64;
inline constexpr std::size_t kPaddingBytes = 64;  ///< newlines behind every event, for SIMD readers

template <unsigned UnitBits = 30, unsigned SequenceBits = 32>
struct BasicPosition {
  static_assert(UnitBits + SequenceBits + 2 <= 64 && SequenceBits <= 32 && UnitBits <= 32);
  static constexpr unsigned kUnitBits = UnitBits;
  static constexpr unsigned kSequenceBits = SequenceBits;
  static constexpr std::uint64_t kSequenceMask = (std::uint64_t{1} << SequenceBits) - 1;
  static constexpr std::uint64_t kUnitMask = (std::uint64_t{1} << UnitBits) - 1;
  static constexpr std::uint64_t kLowFlag = std::uint64_t{1} << SequenceBits;
  static constexpr std::uint64_t kHighFlag = std::uint64_t{2} << SequenceBits;
  static constexpr unsigned kUnitShift = SequenceBits + 2;

  std::uint64_t word = 0;

  static constexpr BasicPosition make(std::uint64_t units, std::uint64_t sequence) noexcept {
    return {(units & kUnitMask) << kUnitShift | (sequence & kSequenceMask)};
  }
  [[nodiscard]] constexpr std::uint32_t units() const noexcept {
    return static_cast<std::uint32_t>(word >> kUnitShift & kUnitMask);
  }
  [[nodiscard]] constexpr std::uint32_t sequence() const noexcept {
    return static_cast<std::uint32_t>(word & kSequenceMask);
  }
  [[nodiscard]] constexpr bool low() const noexcept { return (word & kLowFlag) != 0; }
  [[nodiscard]] constexpr bool high() const noexcept { return (word & kHighFlag) != 0; }
  [[nodiscard]] constexpr BasicPosition without_flags() const noexcept {
    return {word & ~(kLowFlag | kHighFlag)};
  }

  /// The sequence `count` later.
  static constexpr std::uint32_t sequence_after(std::uint32_t sequence,
                                                std::uint32_t count) noexcept {
    return static_cast<std::uint32_t>((sequence + std::uint64_t{count}) & kSequenceMask);
  }
  /// How many sequences `to` is ahead of `from`, modulo the counter.
  static constexpr std::uint32_t sequences_between(std::uint32_t from, std::uint32_t to) noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{to} - from) & kSequenceMask);
  }
  static constexpr std::uint32_t units_between(std::uint32_t from, std::uint32_t to) noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{to} - from) & kUnitMask);
  }
};

using Position = BasicPosition<>;

/// Arena units that an event of `bytes` takes, its padding included.
constexpr std::uint64_t units_for(std::uint64_t bytes) noexcept {
  return (bytes + kPaddingBytes + kUnitBytes - 1) / kUnitBytes;
}

/// What to claim for an event of `bytes` with an annex behind its padding.
constexpr std::uint64_t bytes_with_annex(std::uint64_t bytes, std::uint64_t annex_bytes) noexcept {
  return annex_bytes == 0 ? bytes : units_for(bytes) * kUnitBytes - kPaddingBytes + annex_bytes;
}

}  // namespace penstock
