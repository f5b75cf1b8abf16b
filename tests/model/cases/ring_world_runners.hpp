// SPDX-License-Identifier: Apache-2.0
// What the other threads of a RingWorld do: runners read, check and park as in the pipeline; one
// closes the ring, one only looks.
#pragma once

#include "ring_world.hpp"

namespace penstock::model {

template <class Position>
void RingWorld<Position>::check_bytes(const Slot& slot, std::uint64_t mark) {
  ModelAtomics::plain_read(slot.bytes, slot.length + kPaddingBytes);
  bool right = true;
  for (std::uint32_t i = 0; i < slot.length + kPaddingBytes; ++i)
    right &= slot.bytes[i] == (i < slot.length ? static_cast<char>(mark) : '\n');
  check(right, "an event has its bytes, and 64 newlines behind");
}

template <class Position>
void RingWorld<Position>::look_at(unsigned runner, const Slot& slot, std::uint32_t index) {
  Seen& seen = seen_[runner];
  for (const unsigned before : shape_.runners[runner].after) {
    ModelAtomics::plain_read(&columns_[before][index], sizeof(Line));
    check(columns_[before][index].value == seen.places + 1, "the runner before has done");
  }
  ModelAtomics::plain_write(&columns_[runner][index], sizeof(Line));
  columns_[runner][index].value = ++seen.places;
  note_place(runner, slot);
  if (slot.kind == SlotKind::tombstone) {
    ++seen.tombstones;
    return;
  }
  const unsigned producer = slot.fields.source;
  const auto number = static_cast<unsigned>(slot.fields.line);
  check(producer < producers() && number < kNumbersMax, "an event is one that was made");
  const std::uint64_t mark = tag(producer, number);
  check(slot.fields.key_hash == mark, "the fields of a slot belong together");
  check(number >= seen.next[producer], "a producer's events come in their order");
  seen.next[producer] = number + 1;
  seen.event[producer][number] = true;
  ModelAtomics::plain_read(&envelopes_[index], sizeof(Line));
  check(envelopes_[index].value == mark, "the envelope is the event's");
  check_bytes(slot, mark);
  if (slot.kind != SlotKind::spilled || runner + 1 != readers_.size()) return;
  // The last runner frees.
  free_block(*reinterpret_cast<const Block*>(slot.bytes));
  parts_->spill.give_back(1);
  reached_.note(Point::spilled_freed);
}

/// Gives the places back that were looked at.
template <class Position>
void RingWorld<Position>::advance(unsigned runner, std::uint32_t count) {
  const auto room_is_awaited = [&] { return parts_->cursors[runner].load().high(); };
  const bool awaited = in_truth(room_is_awaited);
  const std::uint32_t before = readers_[runner].at().sequence();
  readers_[runner].advance(count);
  if (awaited) reached_.note(in_truth(room_is_awaited) ? Point::room_kept : Point::room_woken);
  if (readers_[runner].at().sequence() < before) reached_.note(Point::sequence_wrapped);
  if (count > 1) reached_.note(Point::read_together);
}

template <class Position>
unsigned RingWorld<Position>::poll(unsigned runner) {
  Reader& reader = readers_[runner];
  const std::vector<unsigned>& after = shape_.runners[runner].after;
  if (after.size() > 1)
    reached_.note_if(Point::upstreams_apart, [&] {
      return in_truth([&] {
        return parts_->cursors[after[0]].load().sequence() !=
               parts_->cursors[after[1]].load().sequence();
      });
    });
  const std::uint32_t limit = reader.available(shape_.runners[runner].batch_max);
  std::uint32_t count = 0;
  for (; count < limit && reader.is_there(count); ++count)
    look_at(runner, reader.slot_at(count), parts_->ring.slot_index(reader.sequence_at(count)));
  if (count == 0) return 0;
  if (shape_.watched) parts_->handled[runner].add(count);
  advance(runner, count);
  return count;
}

/// The first wake-up of all comes behind its news. (A later one may be that of an event which was
/// found without it.)
template <class Position>
void RingWorld<Position>::check_woken(unsigned runner) {
  if (shape_.closing != Closing::never || shape_.timeouts || seen_[runner].places != 0 ||
      producers() != 1 || !readers_[runner].first())
    return;
  check(Explorer::current().in_truth([&] { return readers_[runner].is_there(0); }),
        "who is woken finds an event");
}

/// As RunnerThread::loop().
template <class Position>
void RingWorld<Position>::drive(unsigned thread) {
  if (shape_.runner_prepares && thread == 0) prepare();
  std::array<Reader*, kRunnersMax> mine{};
  std::array<unsigned, kRunnersMax> numbers{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    if (shape_.runners[i].thread != thread) continue;
    numbers[count] = static_cast<unsigned>(i);
    mine[count++] = &readers_[i];
  }
  BasicLadder<ModelAtomics> ladder({.kind = WaitKind::park}, parts_->parkers[thread],
                                   steady_clock(), waits_[thread]);
  ParkAnswer answer = ParkAnswer::work;
  while (answer != ParkAnswer::drained) {
    // As RunnerThread::loop() when the pipeline was abandoned.
    if (shape_.closing == Closing::abandoned && parts_->ring.closed()) {
      if (in_truth([&] { return !mine[0]->drained(); })) reached_.note(Point::left_unread);
      return;
    }
    if (shape_.closing == Closing::never && seen_[numbers[count - 1]].places == offered_) return;
    unsigned done = 0;
    for (std::size_t i = 0; i < count; ++i) done += poll(numbers[i]);
    if (done != 0) {
      ladder.worked();
    } else {
      unsigned asked = 0;  // the second time when the park ran out of time
      ladder.idle([&] {
        ++asked;
        answer = arm_all(std::span(mine).first(count));
        runner_asleep_[thread] = answer == ParkAnswer::armed;
        return answer;
      });
      runner_asleep_[thread] = false;
      note_idle(thread, std::span(mine).first(count), answer, asked);
      if (Explorer::current().just_woken()) check_woken(numbers[0]);
    }
  }
}

// ---- who closes, and who looks

/// True if the ring itself wakes it.
template <class Position>
bool RingWorld<Position>::is_listener(unsigned thread) const {
  return std::any_of(shape_.runners.begin(), shape_.runners.end(), [&](const RunnerShape& runner) {
    return runner.thread == thread && runner.after.empty();
  });
}

template <class Position>
void RingWorld<Position>::close() {
  if (shape_.closing == Closing::once_read)
    Explorer::current().await([this] { return all_read(); });
  note_sleepers();
  parts_->ring.close();
  // The ring wakes its producers and those that read behind them. The others are woken by
  // PipelineCore::wake_runners(); it wakes those too, which would hide here that the ring did not.
  for (std::size_t i = 0; i < readers_.size(); ++i)
    if (!is_listener(shape_.runners[i].thread)) parts_->parkers[shape_.runners[i].thread].wake();
}

/// What stats() and health() do, on a thread of their own.
template <class Position>
void RingWorld<Position>::watch() {
  std::uint64_t accepted_before = 0;
  std::uint64_t handled_before = 0;
  for (unsigned look = 0; look < 3; ++look) {
    const std::uint32_t backlog = parts_->ring.backlog();
    check(backlog <= shape_.slots, "a backlog is at most what the ring has");
    if (backlog != 0) reached_.note(Point::backlog_seen);
    check(parts_->spill.used() <= shape_.spill_max, "the budget is kept");
    if (readers_[0].waits_for_claim()) reached_.note(Point::unpublished_seen);
    const std::uint64_t accepted = parts_->accepted[0].get();
    const std::uint64_t handled = parts_->handled[0].get();
    check(accepted >= accepted_before && handled >= handled_before, "no counter runs back");
    check(accepted <= kNumbersMax && handled <= kNumbersMax, "a counter has a value that it had");
    accepted_before = accepted;
    handled_before = handled;
  }
}

}  // namespace penstock::model
