// SPDX-License-Identifier: Apache-2.0
// Which points an execution of a RingWorld comes to. Nothing here is a step of the execution: the
// state of the ring is looked at as it is, not as the thread may see it.
#pragma once

#include "ring_world.hpp"

namespace penstock::model {

/// Half of what the reserve leaves of the arena: the most that may be claimed.
template <class Position>
bool RingWorld<Position>::takes_half(const Offer& offer) const {
  return offer.how != How::spilled &&
         2 * units_for(offer.bytes) * count_of(offer) == shape_.arena_units - reserve_units();
}

/// True while the first runner's thread has not come so far as to open the ring.
template <class Position>
bool RingWorld<Position>::unopened() const {
  return !prepared_ && in_truth([&] {
    return parts_->ring.position().word == (Position::kLowFlag | Position::kHighFlag);
  });
}

/// What was missing when a claim was refused, unless that has passed already.
template <class Position>
void RingWorld<Position>::note_full(const Offer& offer) {
  std::uint32_t slots_used = 0;
  std::uint32_t units_used = 0;
  std::uint64_t units = 0;
  bool apart = false;
  static_cast<void>(in_truth([&] {
    const Position at = parts_->ring.position();
    std::uint32_t least = shape_.slots;
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      if (!shape_.runners[i].gates) continue;
      const Position cursor = parts_->cursors[i].load();
      const std::uint32_t used = Position::sequences_between(cursor.sequence(), at.sequence());
      apart |= least != shape_.slots && used != least;
      least = std::min(least, used);
      slots_used = std::max(slots_used, used);
      units_used = std::max(units_used, Position::units_between(cursor.units(), at.units()));
    }
    for (unsigned i = 0; offer.how != How::spilled && i < count_of(offer); ++i) {
      const std::uint64_t each = units_for(offer.bytes);
      const std::uint64_t rest =
          shape_.arena_units - ((at.units() + units) & (shape_.arena_units - 1));
      units += each <= rest ? each : rest + each;
    }
    return true;
  }));
  const std::uint32_t slots = slots_used + count_of(offer);
  if (slots > shape_.slots) {
    reached_.note(Point::full_by_slots);
  } else if (!offer.use_reserve && slots > shape_.slots - shape_.reserve_slots) {
    reached_.note(Point::full_by_reserve);
  } else if (units_used + units > shape_.arena_units - (offer.use_reserve ? 0 : reserve_units())) {
    reached_.note(Point::full_by_bytes);
  }
  if (apart) reached_.note(Point::gates_apart);
}

template <class Position>
void RingWorld<Position>::note_claimed(unsigned producer, const Offer& offer) {
  if (count_of(offer) > 1 && takes_half(offer))
    for (unsigned i = 0; i < count_of(offer); ++i)
      of_half_batch_[producer][numbers_[producer] + i] = true;
  if (offer.use_reserve)
    reached_.note_if(Point::reserve_used, [&] {
      return in_truth([&] { return parts_->ring.backlog() > shape_.slots - shape_.reserve_slots; });
    });
}

template <class Position>
void RingWorld<Position>::note_waited(unsigned producer, bool in_time, bool was_open) {
  if (!in_time) return reached_.note(Point::producer_timed_out);
  if (!Explorer::current().just_woken()) return;
  reached_.note(Point::producer_woken);
  if (holds_[producer]) reached_.note(Point::holding_producer_woken);
  if (was_open && producer_told_[producer] && in_truth([&] { return parts_->ring.closed(); }))
    reached_.note(Point::closed_on_producer);
}

template <class Position>
void RingWorld<Position>::note_place(unsigned runner, const Slot& slot) {
  Seen& seen = seen_[runner];
  const std::uint32_t taken = Position::units_between(seen.end_units, slot.end_units);
  if (slot.end_units < seen.end_units) reached_.note(Point::units_wrapped);
  seen.end_units = slot.end_units;
  seen.units += taken;
  if (seen.units > Position::kUnitMask && seen.places > Position::kSequenceMask)
    reached_.note(Point::all_counters_passed);
  if (slot.kind == SlotKind::tombstone) reached_.note(Point::abandoned_claim);
  if (slot.kind == SlotKind::spilled) reached_.note(Point::spilled_read);
  if (slot.kind != SlotKind::inline_bytes || taken <= units_for(slot.length)) return;
  reached_.note(Point::arena_skipped);
  if (2 * units_for(slot.length) == shape_.arena_units - reserve_units())
    reached_.note(Point::half_arena_skipped);
  const auto number = static_cast<std::size_t>(slot.fields.line);
  if (slot.fields.source < kProducersMax && number < kNumbersMax &&
      of_half_batch_[slot.fields.source][number])
    reached_.note(Point::half_batch_skipped);
}

template <class Position>
void RingWorld<Position>::note_idle(unsigned thread, std::span<Reader* const> mine,
                                    ParkAnswer answer, unsigned asked) {
  const bool first = mine[0]->first();
  if (answer == ParkAnswer::unpublished) reached_.note(Point::behind_unpublished);
  if (asked > 1) {
    reached_.note(first ? Point::runner_timed_out : Point::later_segment_timed_out);
  } else if (Explorer::current().just_woken()) {
    reached_.note(first ? Point::runner_woken : Point::later_segment_woken);
    if (mine.size() > 1) reached_.note(Point::two_runners_woken);
    if (runner_told_[thread] && in_truth([&] { return mine[0]->drained(); }))
      reached_.note(first ? Point::closed_on_runner : Point::closed_on_later_segment);
  } else if (answer == ParkAnswer::armed) {
    reached_.note(Point::runner_woken_early);
  }
}

/// Before the ring is closed: who sleeps, and is to be told.
template <class Position>
void RingWorld<Position>::note_sleepers() {
  runner_told_ = runner_asleep_;
  producer_told_ = producer_asleep_;
  if (unopened()) reached_.note(Point::closed_unopened);
}

}  // namespace penstock::model
