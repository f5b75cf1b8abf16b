// SPDX-License-Identifier: Apache-2.0
// A ring with memory of its own and one reader, for tests.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/runtime/ring/event_ring.hpp>

namespace penstock::test {

template <class Position = penstock::Position>
class RingFixture {
 public:
  using Ring = BasicEventRing<StdAtomics, Position>;

  struct Sizes {
    std::uint32_t slots = 8;
    std::uint64_t arena_bytes = 4096;
    std::uint32_t reserve_slots = 0;
    Position start = {};
  };

  explicit RingFixture(const Sizes& sizes)
      : slots_(std::make_unique<typename Ring::Slot[]>(sizes.slots)),
        arena_(static_cast<char*>(std::aligned_alloc(kUnitBytes, sizes.arena_bytes))),
        ring({.slots = slots_.get(),
              .slots_count = sizes.slots,
              .arena = arena_.get(),
              .arena_bytes = sizes.arena_bytes,
              .reserve_slots = sizes.reserve_slots}),
        at_(sizes.start) {
    cursor.reset(sizes.start);
    ring.add_gate(cursor);
    ring.add_listener(parker);
    ring.prepare(sizes.start);
  }

  /// Publishes a copy of `bytes`; false if the ring refused.
  bool publish(std::string_view bytes) {
    typename Ring::Claim claim;
    if (ring.try_claim(bytes.size(), false, claim) != ClaimResult::claimed) return false;
    claim.publish_copy(bytes, {});
    return true;
  }

  /// Reads the next event and releases its place; "(none)" if there is none, "(tombstone)" for one.
  std::string read() {
    if (!ring.published(at_.sequence())) return "(none)";
    const typename Ring::Slot& slot = ring.slot(at_.sequence());
    std::string text =
        slot.kind == SlotKind::tombstone ? "(tombstone)" : std::string(slot.bytes, slot.length);
    at_ = Position::make(slot.end_units, std::uint64_t{at_.sequence()} + 1);
    waiters = cursor.advance(at_, [] { return true; });
    return text;
  }

  [[nodiscard]] Position at() const { return at_; }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  std::unique_ptr<typename Ring::Slot[]> slots_;
  std::unique_ptr<char, Free> arena_;

 public:
  Ring ring;
  typename Ring::Cursor cursor;
  typename Ring::Parker parker;
  typename Ring::Cursor::Waiters waiters;

 private:
  Position at_;
};

}  // namespace penstock::test
