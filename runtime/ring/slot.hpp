// SPDX-License-Identifier: Apache-2.0
// The 64-byte descriptor of one event in a ring, written by one producer per lap.
// The stamp stands in it, so that one cache miss brings both the news that the event is there and
// where it lies.
#pragma once

#include <cstddef>
#include <cstdint>

#include <penstock/runtime/ring/position.hpp>

namespace penstock {

enum class SlotKind : std::uint8_t {
  inline_bytes,  ///< in the arena
  spilled,       ///< in a block of its own, freed by the last runner
  lent,          ///< in memory of a Lender, given back by the last runner
  tombstone,     ///< claimed and abandoned: no event
};

/// Owns memory that events may lie in without being copied. The bytes must not change, and 64 bytes
/// behind each event must be readable, until give_back().
class Lender {
 public:
  virtual ~Lender() = default;
  /// Called by the last runner's thread, once for each event.
  virtual void give_back(const char* bytes, std::uint32_t length) noexcept = 0;
};

/// What a producer says of an event beside its bytes.
struct SlotFields {
  std::uint64_t key_hash = 0;
  std::uint64_t accepted_ns = 0;
  std::uint64_t line = 0;    ///< in its source, from 1; 0: none
  std::uint16_t source = 0;  ///< number of the source; 0: a producer of the host
  bool decoded = false;      ///< the envelope was written before the stamp
  /// Bytes of what the producer says about the event's bytes, in the lines behind their padding; 0:
  /// none. Written by publish_copy().
  std::uint32_t annex_bytes = 0;
};

template <class Atomics>
struct alignas(64) BasicSlot {
  // Written by the claiming producer, read by runners. `stamp` is the event's sequence + 1 once all
  // other fields, the arena bytes and the envelope are written.
  typename Atomics::template Atomic<std::uint32_t> stamp{0};
  std::uint32_t length = 0;
  const char* bytes = nullptr;
  SlotFields fields;            ///< 32 bytes
  std::uint32_t end_units = 0;  ///< where the next event's arena bytes may begin
  SlotKind kind = SlotKind::inline_bytes;
  Lender* lender = nullptr;

  /// Begins a cache line. Requires: fields.annex_bytes != 0.
  [[nodiscard]] const char* annex() const noexcept {
    return bytes + units_for(length) * kUnitBytes;
  }
};

}  // namespace penstock
