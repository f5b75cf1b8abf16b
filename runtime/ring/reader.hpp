// SPDX-License-Identifier: Apache-2.0
// A Reader: the place of one runner in a ring. It knows what may be read, hands the places back
// once they are done, registers for the next news, and wakes whoever waits for this runner.
//   producers --stamps--> first reader --cursor--> later readers --cursor (gate)--> producers
// 1. The owner reads and writes what the Reader says is available, then calls advance() once for
//    all of it; after that it must not touch those places.
// 2. It parks only after arm() answered `armed` (or `drained`, and then only close or start wakes).
// Used by the thread that drives the runner, but for what is marked.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <penstock/runtime/ring/event_ring.hpp>

namespace penstock {

template <class Atomics, class Position>
class BasicEventRing<Atomics, Position>::Reader {
 public:
  /// Requires: both outlive it, and the cursor was reset to `start`.
  Reader(BasicEventRing& ring, Cursor& cursor, Position start = {}) noexcept
      : ring_(&ring), cursor_(&cursor), at_(start) {}

  // Before start, one thread.
  /// Reads only what the runner of this cursor has finished.
  void add_upstream(Cursor& cursor) { upstream_.push_back(&cursor); }
  /// Woken when this reader moves on and a runner behind it waits.
  void add_follower(Parker& parker) {
    if (std::find(followers_.begin(), followers_.end(), &parker) == followers_.end())
      followers_.push_back(&parker);
  }

  /// Everything before it is finished.
  [[nodiscard]] Position at() const noexcept { return at_; }
  [[nodiscard]] std::uint32_t sequence_at(std::uint32_t offset) const noexcept {
    return Position::sequence_after(at_.sequence(), offset);
  }
  /// Requires: it is there, see is_there().
  [[nodiscard]] const Slot& slot_at(std::uint32_t offset) const noexcept {
    const Slot& slot = ring_->slot(sequence_at(offset));
    Atomics::plain_read(&slot.length, sizeof(Slot) - offsetof(Slot, length));
    return slot;
  }
  /// True if it reads behind the producers, and not behind other runners.
  [[nodiscard]] bool first() const noexcept { return upstream_.empty(); }

  /// At most how many places, up to `limit`, may be read; of a first reader each one only once
  /// is_there() says so.
  [[nodiscard]] std::uint32_t available(std::uint32_t limit) const noexcept {
    for (const Cursor* const cursor : upstream_)
      limit =
          std::min(limit, Position::sequences_between(at_.sequence(), cursor->load().sequence()));
    return limit;
  }
  /// Requires: offset < available().
  [[nodiscard]] bool is_there(std::uint32_t offset) const noexcept {
    return !first() || ring_->published(sequence_at(offset));
  }

  /// Gives back the next `count` places, and wakes who waits for that. Producers are woken once a
  /// good part is free, and always when nothing is left to do, since no later advance would wake
  /// them. Requires: count > 0, all were there.
  void advance(std::uint32_t count) noexcept;

  /// Registers for the next wake-up, or tells why not.
  [[nodiscard]] ParkAnswer arm() noexcept;
  /// True if nothing will come any more.
  [[nodiscard]] bool drained() const noexcept { return ring_->drained(at_); }
  /// True if the next place is claimed and not published.
  [[nodiscard]] bool next_is_unpublished() const noexcept {
    return first() && ring_->position().sequence() != at_.sequence() &&
           !ring_->published(at_.sequence());
  }
  /// The same, as far as any other thread can see it.
  [[nodiscard]] bool waits_for_claim() const noexcept;

 private:
  // Fixed after start.
  BasicEventRing* ring_;
  Cursor* cursor_;
  std::vector<Cursor*> upstream_;
  std::vector<Parker*> followers_;
  // The owning thread only.
  Position at_;  ///< what the cursor says
};

template <class Atomics, class Position>
void BasicEventRing<Atomics, Position>::Reader::advance(std::uint32_t count) noexcept {
  // The end of the last place is read before the place is given back.
  at_ = Position::make(slot_at(count - 1).end_units, sequence_at(count));
  const typename Cursor::Waiters waiters =
      cursor_->advance(at_, [this] { return ring_->worth_waking_producers(at_); });
  if (waiters.producers) ring_->wake_producers();
  if (waiters.segments)
    for (Parker* const follower : followers_) follower->wake();
}

template <class Atomics, class Position>
ParkAnswer BasicEventRing<Atomics, Position>::Reader::arm() noexcept {
  if (first()) return ring_->try_park(at_);
  if (drained()) return ParkAnswer::drained;
  for (Cursor* const cursor : upstream_) {
    const Position seen = cursor->load();
    if (seen.sequence() != at_.sequence()) continue;
    return cursor->try_flag(seen, Cursor::kSegmentsWait) ? ParkAnswer::armed : ParkAnswer::work;
  }
  return ParkAnswer::work;
}

template <class Atomics, class Position>
bool BasicEventRing<Atomics, Position>::Reader::waits_for_claim() const noexcept {
  if (!first()) return false;
  const Position at = cursor_->load();
  const bool waits =
      ring_->position().sequence() != at.sequence() && !ring_->published(at.sequence());
  // A place that the runner has passed in the meantime may hold the stamp of another lap.
  return waits && cursor_->load().sequence() == at.sequence();
}

/// Registers every one of a thread's readers (or runners: pointers to whatever has arm()) for its
/// next wake-up: armed only if all are armed or drained.
template <class Readers>
[[nodiscard]] ParkAnswer arm_all(const Readers& readers) noexcept {
  bool all_drained = true;
  bool unpublished = false;
  for (auto* const reader : readers) {
    switch (reader->arm()) {
      case ParkAnswer::work: return ParkAnswer::work;
      case ParkAnswer::unpublished: unpublished = true; break;
      case ParkAnswer::armed: all_drained = false; break;
      case ParkAnswer::drained: break;
    }
  }
  if (unpublished) return ParkAnswer::unpublished;
  return all_drained ? ParkAnswer::drained : ParkAnswer::armed;
}

}  // namespace penstock
