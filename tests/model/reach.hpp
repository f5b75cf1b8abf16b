// SPDX-License-Identifier: Apache-2.0
// What the schedules of a case came to. A case about waiting for room whose schedules never fill
// the ring passes and shows nothing; so each case names the points without which it would not be
// what it says, its scenario notes those that it comes to, and one that is never reached fails it.
// A point that is to be looked for is looked for until it was reached in kEnough schedules.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace penstock::model {

enum class Point : std::uint8_t {
  // Runners that wait.
  runner_woken,        ///< it slept, and was woken
  runner_woken_early,  ///< woken between its registration and its sleep
  runner_timed_out,
  behind_unpublished,  ///< it found a claim before it that was not yet stamped
  later_segment_woken,
  later_segment_timed_out,
  two_runners_woken,  ///< a thread that slept for two runners
  // Producers that wait.
  producer_woken,
  producer_timed_out,
  producer_gave_up,        ///< refused, since its time ran out
  holding_producer_woken,  ///< it slept although it held claims
  room_kept,               ///< an advance left a waiting producer registered, or one came at once
  room_woken,              ///< an advance woke those who waited for room
  // Claims.
  full_by_slots,
  full_by_bytes,
  full_by_reserve,     ///< only what is kept for claims from inside was left
  reserve_used,        ///< such a claim took of it
  refused,             ///< an event whose producer does not wait
  gates_apart,         ///< refused while one gating runner was further than another
  arena_skipped,       ///< the end of the arena was too short
  half_arena_skipped,  ///< for one event of half of what there is
  half_batch_skipped,  ///< within a batch of half of what there is
  abandoned_claim,
  // What is read.
  read_together,    ///< more than one place in one advance
  upstreams_apart,  ///< one of those before was further than the other
  sequence_wrapped,
  units_wrapped,
  all_counters_passed,  ///< more places and more units than their counters can tell apart
  // Spilled events.
  spilled_read,
  spilled_freed,
  spill_refused,   ///< the budget was used up
  spill_returned,  ///< taken, and given back since there was no slot
  // Opening and closing.
  closed_on_runner,         ///< closed while a first runner slept, which is told
  closed_on_later_segment,  ///< the same of a later one
  closed_on_producer,       ///< the same of a producer that waited for room
  refused_closed,
  refused_unopened,
  closed_unopened,
  left_unread,  ///< a runner of an abandoned ring left events behind
  // Who only looks.
  backlog_seen,
  unpublished_seen,
  // Counts.
  waiter_woken,          ///< it slept until one of those it waits for had ended
  first_ended_it,        ///< the last holder was the first thread,
  second_ended_it,       ///< or the second
  first_claimed_first,   ///< the first of two places was the first thread's,
  second_claimed_first,  ///< or the second's
  budget_refused,
  budget_shared,    ///< given back while another held of it
  snapshot_within,  ///< of a value that was counted, but was not yet the maximum
  sum_within,       ///< of some, but not all
  // Items.
  items_full,
  items_in_part,  ///< room for the first of a batch only
  items_thrown,   ///< a handler threw
  items_wrapped,
  items_together,  ///< more than one in one poll
  reader_waited,   ///< behind another reader that had less than there was
  points_count,
};
inline constexpr auto kPoints = static_cast<std::size_t>(Point::points_count);
static_assert(kPoints <= 64);

[[nodiscard]] const char* name_of(Point point) noexcept;

/// A set of points.
class Points {
 public:
  constexpr Points() noexcept = default;
  constexpr Points(std::initializer_list<Point> points) noexcept {
    for (const Point point : points) add(point);
  }
  constexpr void add(Point point) noexcept { mask_ |= std::uint64_t{1} << static_cast<int>(point); }
  [[nodiscard]] constexpr bool has(Point point) const noexcept {
    return (mask_ >> static_cast<int>(point) & 1) != 0;
  }

 private:
  std::uint64_t mask_ = 0;
};

/// In how many executions each point was reached.
class Reached {
 public:
  static constexpr std::uint64_t kEnough = 1000;

  /// Before each execution.
  void begin() noexcept { now_ = {}; }
  void note(Point point) noexcept {
    if (now_.has(point)) return;
    now_.add(point);
    ++counts_[static_cast<std::size_t>(point)];
  }
  /// Asks `look` only as long as that can tell something.
  template <class Look>
  void note_if(Point point, Look&& look) {
    if (!now_.has(point) && count(point) < kEnough && look()) note(point);
  }
  [[nodiscard]] std::uint64_t count(Point point) const noexcept {
    return counts_[static_cast<std::size_t>(point)];
  }
  /// The names of those that were never reached; empty if there is none.
  [[nodiscard]] std::string missed(const Points& points) const;

 private:
  Points now_;
  std::array<std::uint64_t, kPoints> counts_{};
};

/// A scenario that notes what it comes to.
class Reaching {
 public:
  virtual ~Reaching() = default;
  [[nodiscard]] const Reached& reached() const noexcept { return reached_; }

 protected:
  Reached reached_;
};

}  // namespace penstock::model
