// SPDX-License-Identifier: Apache-2.0
// The bodies of BasicEventRing: claiming, the gate, parking, closing.
// Threads and invariants: see event_ring.hpp.
#pragma once

#include <bit>
#include <cstring>

#include <penstock/runtime/ring/event_ring.hpp>

namespace penstock {

template <class Atomics, class Position>
BasicEventRing<Atomics, Position>::BasicEventRing(const Memory& memory) noexcept
    : slots_(memory.slots),
      arena_(memory.arena),
      slots_count_(memory.slots_count),
      reserve_slots_(memory.reserve_slots),
      units_count_(memory.arena_bytes / kUnitBytes),
      // The same share of the arena as of the slots.
      reserve_units_(units_count_ * memory.reserve_slots / memory.slots_count) {
  PENSTOCK_CHECK(std::has_single_bit(slots_count_) && std::has_single_bit(units_count_));
  PENSTOCK_CHECK(slots_count_ <= Position::kSequenceMask / 2 + 1);
  PENSTOCK_CHECK(units_count_ <= Position::kUnitMask / 2 + 1);
  PENSTOCK_CHECK(reserve_slots_ < slots_count_ && (units_count_ - reserve_units_) / 2 >= 1);
}

template <class Atomics, class Position>
void BasicEventRing<Atomics, Position>::add_gate(Cursor& cursor) noexcept {
  PENSTOCK_CHECK(gates_count_ < kGatesMax);
  gates_[gates_count_++] = &cursor;
}

template <class Atomics, class Position>
void BasicEventRing<Atomics, Position>::add_listener(Parker& parker) noexcept {
  for (std::uint32_t i = 0; i < listeners_count_; ++i)
    if (listeners_[i] == &parker) return;
  PENSTOCK_CHECK(listeners_count_ < kListenersMax);
  listeners_[listeners_count_++] = &parker;
}

template <class Atomics, class Position>
void BasicEventRing<Atomics, Position>::prepare(Position start) noexcept {
  PENSTOCK_CHECK(gates_count_ != 0);
  for (std::uint32_t i = 0; i < slots_count_; ++i) {
    const std::uint32_t first = Position::sequence_after(start.sequence(), i);
    // The stamp of one lap before: no value that the counter could mean as published.
    // relaxed: ordered by the release below.
    slot_to_write(first).stamp.store(
        Position::sequence_after(
            first, 1 + static_cast<std::uint32_t>(Position::kSequenceMask) + 1 - slots_count_),
        std::memory_order_relaxed);
  }
  Atomics::plain_write(arena_, arena_bytes());
  for (std::uint64_t unit = 0; unit < units_count_; ++unit) arena_[unit * kUnitBytes] = '\n';
  // relaxed: ordered by the release below.
  gate_.store(start.word, std::memory_order_relaxed);
  std::uint64_t unopened = kUnopened;
  // release: pairs with position(): a producer that finds the ring open finds all of the above.
  // relaxed: on failure it was closed before it opened.
  claim_.compare_exchange_strong(unopened, start.word, std::memory_order_release,
                                 std::memory_order_relaxed);
}

template <class Atomics, class Position>
std::pair<Position, typename BasicEventRing<Atomics, Position>::Cursor*>
BasicEventRing<Atomics, Position>::slowest(Position gate) const noexcept {
  Cursor* cursor = gates_[0];
  Position least = cursor->load();
  for (std::uint32_t i = 1; i < gates_count_; ++i) {
    const Position other = gates_[i]->load();
    if (Position::sequences_between(gate.sequence(), other.sequence()) <
        Position::sequences_between(gate.sequence(), least.sequence())) {
      least = other;
      cursor = gates_[i];
    }
  }
  return {least, cursor};
}

template <class Atomics, class Position>
std::uint32_t BasicEventRing<Atomics, Position>::backlog() const noexcept {
  // The claim word first: cursors that moved meanwhile may be ahead of it, which is no backlog.
  const Position at = position();
  // relaxed: only where the cursors' distances are measured from; the answer is a statistic.
  const Position gate{gate_.load(std::memory_order_relaxed)};
  const std::uint32_t count =
      Position::sequences_between(slowest(gate).first.sequence(), at.sequence());
  return count > slots_count_ ? 0 : count;
}

/// False if the gate stands where the slowest cursor is: there is no more room than it says.
template <class Atomics, class Position>
bool BasicEventRing<Atomics, Position>::refresh_gate(Position gate) noexcept {
  const Position least = slowest(gate).first.without_flags();
  if (least.word == gate.word) return false;
  // release: passes on what slowest() acquired from the cursors to whoever acquires the gate,
  // before it writes into the slots that were given free. relaxed: on failure somebody else moved
  // the gate, and the caller loads it again.
  gate_.compare_exchange_strong(gate.word, least.word, std::memory_order_release,
                                std::memory_order_relaxed);
  return true;
}

// This and try_claim() are inlined where they are called: what is constant there (one event, no
// reserve) and a claim that never leaves its registers are 15 % of a publish's instructions.
template <class Atomics, class Position>
template <class Extent>
[[gnu::always_inline]] inline ClaimResult BasicEventRing<Atomics, Position>::take(
    std::uint32_t count, bool use_reserve, Extent extent_from, Taken& taken) noexcept {
  Position at = position();
  for (;;) {
    if (at.low()) return ClaimResult::closed;
    // acquire: pairs with the release in refresh_gate(): the readers have left the slots behind it.
    // The claim word was acquired before, so this gate is at least the one by which `at` was
    // claimed.
    const Position gate{gate_.load(std::memory_order_acquire)};
    if (Position::sequences_between(gate.sequence(), at.sequence()) > slots_count_) {
      at = position();  // The gate is ahead: others claimed, and were read, since `at` was loaded.
      continue;
    }
    const std::uint64_t units = extent_from(at.units());
    if (!fits(gate, at, count, units, use_reserve)) {
      if (!refresh_gate(gate)) return ClaimResult::full;
      continue;
    }
    const Position to = Position::make(at.units() + units, std::uint64_t{at.sequence()} + count);
    // release: the gate that `to` was checked by precedes it, see invariant 3.
    // acquire: on failure, as in position().
    if (claim_.compare_exchange_weak(at.word, to.word, std::memory_order_release,
                                     std::memory_order_acquire)) {
      taken = {.from = at, .to = to, .wakes = at.high()};
      return ClaimResult::claimed;
    }
  }
}

template <class Atomics, class Position>
void BasicEventRing<Atomics, Position>::hand_out(Claim& claim, std::uint32_t sequence,
                                                 std::uint64_t end_units, std::uint64_t units,
                                                 bool wakes) noexcept {
  PENSTOCK_DCHECK(!claim);
  claim.ring_ = this;
  claim.data_ =
      units == 0 ? nullptr : arena_ + ((end_units - units) & (units_count_ - 1)) * kUnitBytes;
  claim.sequence_ = sequence;
  claim.end_units_ = static_cast<std::uint32_t>(end_units & Position::kUnitMask);
  claim.wakes_ = wakes;
}

template <class Atomics, class Position>
[[gnu::always_inline]] inline ClaimResult BasicEventRing<Atomics, Position>::try_claim(
    std::uint64_t bytes, bool use_reserve, Claim& claim) noexcept {
  PENSTOCK_DCHECK(bytes <= inline_bytes_max());
  const std::uint64_t units = units_for(bytes);
  Taken taken;
  const ClaimResult result = take(
      1, use_reserve, [&](std::uint64_t start) { return extent(start, units); }, taken);
  if (result == ClaimResult::claimed)
    hand_out(claim, taken.from.sequence(), taken.to.units(), units, taken.wakes);
  return result;
}

template <class Atomics, class Position>
ClaimResult BasicEventRing<Atomics, Position>::try_claim_slot(bool use_reserve,
                                                              Claim& claim) noexcept {
  Taken taken;
  const ClaimResult result = take(
      1, use_reserve, [](std::uint64_t) { return std::uint64_t{0}; }, taken);
  if (result == ClaimResult::claimed)
    hand_out(claim, taken.from.sequence(), taken.to.units(), 0, taken.wakes);
  return result;
}

template <class Atomics, class Position>
ClaimResult BasicEventRing<Atomics, Position>::try_claim_batch(
    std::span<const std::uint32_t> lengths, bool use_reserve, std::span<Claim> claims) noexcept {
  PENSTOCK_CHECK(!lengths.empty() && lengths.size() <= kClaimsMax &&
                 lengths.size() <= claims.size());
  const auto count = static_cast<std::uint32_t>(lengths.size());
  std::uint64_t units_in_all = 0;
  for (const std::uint32_t length : lengths) units_in_all += units_for(length);
  // More could be refused for ever by an empty ring.
  PENSTOCK_CHECK(count <= slots_count_ - reserve_slots_ &&
                 units_in_all <= (units_count_ - reserve_units_) / 2);
  Taken taken;
  const auto extent_of_all = [&](std::uint64_t start) {
    std::uint64_t end = start;
    for (const std::uint32_t length : lengths) end += extent(end, units_for(length));
    return end - start;
  };
  const ClaimResult result = take(count, use_reserve, extent_of_all, taken);
  if (result != ClaimResult::claimed) return result;
  std::uint64_t at = taken.from.units();
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t units = units_for(lengths[i]);
    at += extent(at, units);
    // The first one wakes: it may be read as soon as it is published, whatever becomes of the rest.
    hand_out(claims[i], Position::sequence_after(taken.from.sequence(), i), at, units,
             taken.wakes && i == 0);
  }
  return result;
}

template <class Atomics, class Position>
void BasicEventRing<Atomics, Position>::publish(Slot& slot, std::uint32_t sequence,
                                                bool wakes) noexcept {
  // release: pairs with the acquire in published(): the slot, the bytes and the envelope.
  slot.stamp.store(stamp_of(sequence), std::memory_order_release);
  if (!wakes) [[likely]]
    return;
  for (std::uint32_t i = 0; i < listeners_count_; ++i) listeners_[i]->wake();
}

template <class Atomics, class Position>
bool BasicEventRing<Atomics, Position>::register_for_room(std::uint64_t units,
                                                          bool use_reserve) noexcept {
  const Position at = position();
  if (at.low()) return false;
  // relaxed: only where the cursors' distances are measured from. If an old gate takes another for
  // the slowest: that one still has events before it, and wakes when it has read them.
  const Position gate{gate_.load(std::memory_order_relaxed)};
  const auto [seen, cursor] = slowest(gate);
  const std::uint64_t needed = units == 0 ? 0 : extent(at.units(), units);
  // A stale `at` behind the cursor looks like a huge distance: look again rather than park.
  if (Position::sequences_between(seen.sequence(), at.sequence()) > slots_count_ ||
      fits(seen, at, 1, needed, use_reserve))
    return false;
  return cursor->try_flag(seen, Cursor::kProducersWait);
}

template <class Atomics, class Position>
bool BasicEventRing<Atomics, Position>::wait_for_room(std::uint64_t bytes, bool use_reserve,
                                                      std::uint64_t timeout_ns,
                                                      BasicCounter<Atomics>* late) noexcept {
  const std::uint32_t epoch = room_.epoch();
  if (!register_for_room(units_for(bytes), use_reserve)) return true;
  if (room_.wait(epoch, timeout_ns)) return true;
  if (late != nullptr && was_forgotten(units_for(bytes), use_reserve, epoch)) late->add(1);
  return false;
}

template <class Atomics, class Position>
bool BasicEventRing<Atomics, Position>::wait_for_slot(bool use_reserve, std::uint64_t timeout_ns,
                                                      BasicCounter<Atomics>* late) noexcept {
  const std::uint32_t epoch = room_.epoch();
  if (!register_for_room(0, use_reserve)) return true;
  if (room_.wait(epoch, timeout_ns)) return true;
  if (late != nullptr && was_forgotten(0, use_reserve, epoch)) late->add(1);
  return false;
}

/// True if the slowest reader has gone so far that the advance by which it came there should have
/// woken a producer that waits for `units`, or if the ring was closed. What is claimed only grows
/// while a cursor stands, and a place that is not published was not published before: what makes a
/// wake-up worth it here and now did so at that advance.
template <class Atomics, class Position>
bool BasicEventRing<Atomics, Position>::owes_wake(std::uint64_t units,
                                                  bool use_reserve) const noexcept {
  const Position at = position();
  if (at.low()) return true;
  // relaxed: only where the cursors' distances are measured from.
  const Position gate{gate_.load(std::memory_order_relaxed)};
  const Position done = slowest(gate).first;
  const std::uint64_t needed = units == 0 ? 0 : extent(at.units(), units);
  // A cursor that has passed `at` looks like a huge distance: then all is moving.
  return Position::sequences_between(done.sequence(), at.sequence()) <= slots_count_ &&
         fits(done, at, 1, needed, use_reserve) && worth_waking_producers(done);
}

/// After a time-out. It may have met a waker between its news and its wake; that one only needs a
/// moment.
template <class Atomics, class Position>
bool BasicEventRing<Atomics, Position>::was_forgotten(std::uint64_t units, bool use_reserve,
                                                      std::uint32_t epoch) noexcept {
  for (unsigned i = 0; i < kLateChecks; ++i) {
    if (room_.epoch() != epoch || !owes_wake(units, use_reserve)) return false;
    Atomics::sleep_ns(kLateLookNs / kLateChecks);
  }
  return room_.epoch() == epoch;
}

/// Whether an advance to `done` wakes producers that wait for room.
template <class Atomics, class Position>
bool BasicEventRing<Atomics, Position>::worth_waking_producers(Position done) const noexcept {
  const Position claimed = position();
  const bool slots_free =
      Position::sequences_between(done.sequence(), claimed.sequence()) <= slots_count() / 2;
  const bool arena_free =
      Position::units_between(done.units(), claimed.units()) * kUnitBytes <= arena_bytes() / 2;
  return (slots_free && arena_free) || !published(done.sequence());
}

template <class Atomics, class Position>
ParkAnswer BasicEventRing<Atomics, Position>::try_park(Position cursor) noexcept {
  Position at = position();
  for (;;) {
    if (at.sequence() != cursor.sequence())
      return published(cursor.sequence()) ? ParkAnswer::work : ParkAnswer::unpublished;
    if (at.low()) return ParkAnswer::drained;
    if (at.high()) return ParkAnswer::armed;
    // relaxed: the flag hands nothing over; as a read-modify-write it continues the release
    // sequence of the last claim. On failure somebody claimed, closed, or parked beside us: the
    // next round needs but the word, and the stamp.
    if (claim_.compare_exchange_weak(at.word, at.word | Position::kHighFlag,
                                     std::memory_order_relaxed, std::memory_order_relaxed))
      return ParkAnswer::armed;
  }
}

template <class Atomics, class Position>
bool BasicEventRing<Atomics, Position>::drained(Position cursor) const noexcept {
  const Position at = position();
  return at.low() && at.sequence() == cursor.sequence();
}

template <class Atomics, class Position>
void BasicEventRing<Atomics, Position>::close() noexcept {
  std::uint64_t unopened = kUnopened;
  // relaxed: the order of read-modify-writes on this one word decides between a claim, the opening
  // and the close.
  if (!claim_.compare_exchange_strong(unopened, Position::kLowFlag, std::memory_order_relaxed,
                                      std::memory_order_relaxed))
    // relaxed: as above.
    claim_.fetch_or(Position::kLowFlag, std::memory_order_relaxed);
  room_.wake();
  for (std::uint32_t i = 0; i < listeners_count_; ++i) listeners_[i]->wake();
}

}  // namespace penstock
