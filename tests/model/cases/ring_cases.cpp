// SPDX-License-Identifier: Apache-2.0
// Cases of the ring of events. Where a case names no start, counters begin just below their wrap.
#include "../case.hpp"
#include "ring_world.hpp"

namespace penstock::model {
namespace {

/// Few bits, so that a schedule can run around every counter: 16 sequences, 32 units.
using Small = BasicPosition<5, 4>;

template <class Width>
std::unique_ptr<Scenario> from(RingShape shape) {
  return std::make_unique<RingWorld<Width>>(std::move(shape));
}
std::unique_ptr<Scenario> ring(RingShape shape) {
  return from<Position>(below_wrap(std::move(shape)));
}

const Case kCases[] = {
    // Every schedule.
    {"one_producer",
     "a ring of two slots; the runner parks",
     [] { return ring({.producers = {events(2)}, .closing = Closing::never}); },
     {.stale_max = 2, .returns_max = 0},
     true,
     0,
     {Point::runner_woken, Point::runner_woken_early, Point::behind_unpublished,
      Point::arena_skipped, Point::sequence_wrapped, Point::units_wrapped}},
    {"two_producers",
     "two contend for the claim word",
     [] {
       return ring({.producers = {events(1), events(1)}, .closing = Closing::never});
     },
     {.stale_max = 1, .returns_max = 0, .pauses_max = 1},
     true,
     0,
     {Point::runner_woken, Point::runner_woken_early, Point::behind_unpublished,
      Point::read_together, Point::sequence_wrapped, Point::units_wrapped}},
    {"abandoned_and_published",
     "a claim that is given up beside one that is not",
     [] {
       return ring({.producers = {{kAbandon, {}}}, .closing = Closing::never});
     },
     {.stale_max = 2, .returns_max = 0},
     true,
     0,
     {Point::runner_woken, Point::abandoned_claim, Point::behind_unpublished,
      Point::read_together}},
    {"two_gates",
     "two runners behind one producer",
     [] {
       return ring(
           {.producers = {events(1)}, .runners = {{}, {.thread = 1}}, .closing = Closing::never});
     },
     {.stale_max = 2, .returns_max = 0},
     true,
     0,
     {Point::runner_woken, Point::runner_woken_early, Point::behind_unpublished}},
    {"chain",
     "a later segment parks on an earlier one",
     [] {
       return ring({.producers = {events(1)},
                    .runners = {{.gates = false}, {.after = {0}, .thread = 1}},
                    .closing = Closing::never});
     },
     {.stale_max = 2, .returns_max = 0},
     true,
     0,
     {Point::runner_woken, Point::later_segment_woken}},
    {"close",
     "close against a claim and a parked runner",
     [] { return ring({.producers = {events(1)}, .closing = Closing::any_time}); },
     {.stale_max = 1, .returns_max = 0, .pauses_max = 0},
     true,
     0,
     {Point::runner_woken, Point::closed_on_runner, Point::refused_closed}},
    {"parked_against_time_outs",
     "the parked bit, claims, and parks that run out of time",
     [] { return ring({.producers = {events(2)}, .closing = Closing::never, .timeouts = true}); },
     {.stale_max = 1, .timeouts_max = 1, .returns_max = 0, .pauses_max = 1},
     true,
     0,
     {Point::runner_woken, Point::runner_timed_out, Point::behind_unpublished,
      Point::sequence_wrapped}},
    {"one_event",
     "one claim, its wake-up and its reader, with failures and returns for no reason",
     [] { return ring({.producers = {events(1)}, .closing = Closing::never}); },
     {.stale_max = 2, .spurious_max = 1, .returns_max = 1},
     true,
     0,
     {Point::runner_woken, Point::runner_woken_early, Point::behind_unpublished}},
    {"close_with_spurious_failures",
     "close against a claim and a parked runner, whose compare-exchanges fail for no reason",
     [] { return ring({.producers = {events(1)}, .closing = Closing::any_time}); },
     {.stale_max = 0, .spurious_max = 1, .returns_max = 0, .pauses_max = 0},
     true,
     0,
     {Point::runner_woken, Point::closed_on_runner, Point::refused_closed}},
    {"room",
     "a producer waits for room in a ring of one slot",
     [] { return ring({.slots = 1, .producers = {events(2)}, .closing = Closing::never}); },
     {.stale_max = 1, .returns_max = 0, .pauses_max = 1},
     true,
     0,
     {Point::runner_woken, Point::producer_woken, Point::room_woken, Point::full_by_slots}},
    // By seed.
    {"one_producer_long",
     "the ring goes around; both sides park",
     [] { return ring({.producers = {events(7)}}); },
     {},
     false,
     600'000,
     {Point::runner_woken, Point::producer_woken, Point::room_woken, Point::full_by_slots,
      Point::read_together, Point::sequence_wrapped, Point::units_wrapped,
      Point::closed_on_runner}},
    {"two_producers_long",
     "two contend for two slots",
     [] {
       return ring({.producers = {events(4), events(4)}});
     },
     {.spurious_max = 2},
     false,
     900'000,
     {Point::runner_woken, Point::producer_woken, Point::room_woken, Point::full_by_slots,
      Point::behind_unpublished, Point::closed_on_runner}},
    {"three_producers",
     "three contend for four slots",
     [] {
       return ring({.slots = 4, .producers = {events(3), events(3), events(3)}});
     },
     {.spurious_max = 2},
     false,
     900'000,
     {Point::runner_woken, Point::producer_woken, Point::room_kept, Point::room_woken,
      Point::full_by_slots, Point::full_by_bytes}},
    {"batch_claims",
     "batches beside single claims",
     [] {
       return ring(
           {.slots = 4, .arena_units = 16, .producers = {{kBatch, {}, kBatch}, {{}, kBatch}}});
     },
     {},
     false,
     600'000,
     {Point::full_by_slots, Point::read_together, Point::behind_unpublished, Point::arena_skipped}},
    {"arena_wrap",
     "events of two and of three units: the end of the arena is skipped",
     [] {
       return ring({.slots = 8,
                    .arena_units = 8,
                    .producers = {{kLarge, {}, kLarge, kInPlace}, {{}, kLarge, kLarge}}});
     },
     {},
     false,
     600'000,
     {Point::arena_skipped, Point::full_by_bytes, Point::producer_woken, Point::units_wrapped}},
    {"half_the_arena",
     "claims of all that may be claimed at once, one event or a batch, at the wrap",
     [] {
       return ring({.slots = 4,
                    .arena_units = 8,
                    .producers = {{kHalf, kLarge, kHalf, kHalf}, {kBatch, kLarge, kBatch}}});
     },
     {},
     false,
     600'000,
     {Point::half_arena_skipped, Point::half_batch_skipped, Point::full_by_bytes,
      Point::producer_woken}},
    {"half_of_what_the_reserve_leaves",
     "the same where a part is kept",
     [] {
       return ring({.slots = 4,
                    .arena_units = 16,
                    .reserve_slots = 2,
                    .producers = {events(3, kHalf), {kLarge, kBatch, kBatch}}});
     },
     {},
     false,
     300'000,
     {Point::half_arena_skipped, Point::half_batch_skipped, Point::full_by_bytes,
      Point::full_by_reserve}},
    {"refusal_when_full",
     "who does not wait is refused, by slots and by bytes",
     [] {
       return ring({.slots = 4,
                    .arena_units = 8,
                    .producers = {{kTry, kTry, kTry, kTry}, {kTryLarge, kTry, kTryLarge}}});
     },
     {},
     false,
     600'000,
     {Point::refused, Point::full_by_slots, Point::full_by_bytes}},
    {"reserve",
     "what is kept for events born inside is refused to those from outside",
     [] {
       return ring({.slots = 4,
                    .arena_units = 16,
                    .reserve_slots = 2,
                    .producers = {events(4), {{.use_reserve = true}, {.use_reserve = true}}}});
     },
     {},
     false,
     600'000,
     {Point::full_by_reserve, Point::full_by_slots, Point::reserve_used, Point::producer_woken}},
    {"abandoned_claims",
     "claims that are given up are tombstones, and wake",
     [] {
       return ring({.producers = {{kAbandon, {}, kAbandon}, {{}, kAbandon}}});
     },
     {},
     false,
     600'000,
     {Point::abandoned_claim, Point::runner_woken, Point::producer_woken,
      Point::behind_unpublished}},
    {"two_gates_long",
     "producers wait for the slower of two runners",
     [] {
       return ring({.producers = {events(4)}, .runners = {{}, {.thread = 1}}});
     },
     {},
     false,
     900'000,
     {Point::gates_apart, Point::producer_woken, Point::room_woken, Point::full_by_slots,
      Point::closed_on_runner}},
    {"chain_long",
     "a later segment parks on an earlier one",
     [] {
       return ring(
           {.producers = {events(4)}, .runners = {{.gates = false}, {.after = {0}, .thread = 1}}});
     },
     {},
     false,
     900'000,
     {Point::later_segment_woken, Point::producer_woken, Point::closed_on_runner,
      Point::closed_on_later_segment}},
    {"diamond",
     "two segments behind the producers, one behind both",
     [] {
       return ring(
           {.producers = {events(2), events(2)},
            .runners = {
                {.gates = false}, {.gates = false, .thread = 1}, {.after = {0, 1}, .thread = 2}}});
     },
     {},
     false,
     600'000,
     {Point::upstreams_apart, Point::later_segment_woken, Point::producer_woken,
      Point::closed_on_later_segment}},
    {"segments_on_one_thread",
     "one thread drives both segments and parks for both",
     [] {
       return ring(
           {.producers = {events(3), events(2)}, .runners = {{.gates = false}, {.after = {0}}}});
     },
     {},
     false,
     600'000,
     {Point::two_runners_woken, Point::producer_woken, Point::closed_on_runner}},
    {"waiting_for_room",
     "two producers park for room; few wake-ups, none lost",
     [] {
       return ring({.slots = 4,
                    .arena_units = 8,
                    .producers = {events(4), events(3, kLarge)},
                    .runners = {{.batch_max = 1}}});
     },
     {},
     false,
     900'000,
     {Point::producer_woken, Point::room_kept, Point::room_woken, Point::full_by_slots,
      Point::full_by_bytes}},
    {"waiting_for_two_gates",
     "a producer parks for room behind two runners",
     [] {
       return ring({.slots = 4,
                    .arena_units = 8,
                    .producers = {events(4), events(2)},
                    .runners = {{.batch_max = 1}, {.thread = 1, .batch_max = 1}}});
     },
     {},
     false,
     600'000,
     {Point::producer_woken, Point::room_kept, Point::room_woken, Point::gates_apart}},
    {"close_at_any_time",
     "a claim precedes the last drain or is refused",
     [] {
       return ring({.producers = {events(3), {kAbandon, {}}}, .closing = Closing::any_time});
     },
     {},
     false,
     900'000,
     {Point::refused_closed, Point::closed_on_runner, Point::closed_on_producer,
      Point::abandoned_claim}},
    {"abandoned",
     "runners leave a full ring unread: who waits for room is told",
     [] {
       return ring({.producers = {events(4), events(3, kSpilled)},
                    .closing = Closing::abandoned,
                    .spill_max = 2});
     },
     {},
     false,
     600'000,
     {Point::left_unread, Point::closed_on_runner, Point::closed_on_producer, Point::refused_closed,
      Point::spill_refused, Point::spill_returned}},
    {"held_claims",
     "who holds claims waits for room: a little must do",
     [] {
       return ring({.slots = 4,
                    .arena_units = 16,
                    .producers = {{{}, {.how = How::hold}, {}, {}}},
                    .runners = {{.batch_max = 1}}});
     },
     {},
     false,
     300'000,
     {Point::holding_producer_woken, Point::behind_unpublished, Point::full_by_slots}},
    {"first_of_a_batch",
     "it wakes, whatever becomes of the rest: who holds that waits for room",
     [] {
       return ring(
           {.slots = 4, .arena_units = 16, .producers = {{{.how = How::hold_rest}, {}, {}, {}}}});
     },
     {},
     false,
     300'000,
     {Point::holding_producer_woken, Point::behind_unpublished, Point::runner_woken}},
    {"close_behind_segments",
     "the same with segments, and spilled events",
     [] {
       return ring({.producers = {{{}, kSpilled, {}}, {kSpilled}},
                    .runners = {{.gates = false}, {.after = {0}, .thread = 1}},
                    .closing = Closing::any_time,
                    .spill_max = 2});
     },
     {},
     false,
     600'000,
     {Point::closed_on_runner, Point::closed_on_later_segment, Point::closed_on_producer,
      Point::refused_closed, Point::spilled_freed, Point::spill_returned}},
    {"opening",
     "producers try while the runner's thread prepares the ring",
     [] {
       return ring({.producers = {events(2), events(2)}, .runner_prepares = true});
     },
     {},
     false,
     300'000,
     {Point::refused_unopened, Point::producer_woken}},
    {"close_against_opening",
     "a ring that is closed while it opens stays closed",
     [] {
       return from<Position>(
           {.producers = {events(2)}, .closing = Closing::any_time, .runner_prepares = true});
     },
     {},
     false,
     300'000,
     {Point::refused_unopened, Point::refused_closed, Point::closed_unopened}},
    {"spill",
     "spilled events draw on a budget, and free before the place is given back",
     [] {
       return ring({.producers = {{kSpilled, {}, kSpilled}, {kSpilled, kSpilled}}, .spill_max = 2});
     },
     {},
     false,
     600'000,
     {Point::spilled_read, Point::spilled_freed, Point::spill_refused, Point::spill_returned}},
    {"spill_behind_two_segments",
     "only the last segment frees",
     [] {
       return ring({.producers = {{kSpilled, {}, kSpilled}},
                    .runners = {{.gates = false}, {.after = {0}, .thread = 1}},
                    .spill_max = 1});
     },
     {},
     false,
     300'000,
     {Point::spilled_freed, Point::spill_refused, Point::later_segment_woken}},
    {"time_outs_of_both_sides",
     "the parked bit, claims from two producers, and time-outs",
     [] {
       return ring({.producers = {events(2), events(2)}, .timeouts = true});
     },
     {.timeouts_max = 3},
     false,
     900'000,
     {Point::runner_timed_out, Point::producer_timed_out, Point::producer_woken,
      Point::room_woken}},
    {"time_outs_in_a_chain",
     "a later segment's registration against time-outs",
     [] {
       return ring({.producers = {events(3)},
                    .runners = {{.gates = false}, {.after = {0}, .thread = 1}},
                    .timeouts = true});
     },
     {.timeouts_max = 3},
     false,
     900'000,
     {Point::runner_timed_out, Point::later_segment_timed_out, Point::producer_timed_out}},
    {"time_outs_of_producers",
     "the parked bit, producers that give up waiting for room, and others that wait on",
     [] {
       return ring({.slots = 4,
                    .arena_units = 8,
                    .producers = {{{}, kGivesUp, kLargeGivesUp, {}}, {kLarge, kGivesUp, {}}},
                    .runners = {{.batch_max = 1}},
                    .timeouts = true});
     },
     {.timeouts_max = 3},
     false,
     600'000,
     {Point::producer_timed_out, Point::producer_gave_up, Point::producer_woken, Point::room_kept,
      Point::runner_timed_out}},
    {"time_outs_against_close",
     "closed while producers wait for room, some of which give up",
     [] {
       return ring({.producers = {{{}, kGivesUp, {}, {}}, {kSpilledGivesUp, kSpilled}},
                    .closing = Closing::any_time,
                    .timeouts = true,
                    .spill_max = 2});
     },
     {.timeouts_max = 3},
     false,
     600'000,
     {Point::producer_timed_out, Point::producer_gave_up, Point::closed_on_producer,
      Point::refused_closed}},
    {"time_outs_behind_two_gates",
     "a producer's wait for the slower of two runners, which may run out of time",
     [] {
       return ring({.producers = {events(4)},
                    .runners = {{.batch_max = 1}, {.thread = 1, .batch_max = 1}},
                    .timeouts = true});
     },
     {.timeouts_max = 2},
     false,
     300'000,
     {Point::producer_timed_out, Point::producer_woken, Point::gates_apart}},
    {"close_behind_a_chain",
     "closed when all was read: first and later segments sleep, and are told apart",
     [] {
       return ring({.producers = {events(1), events(1)},
                    .runners = {{.gates = false}, {.after = {0}, .thread = 1}}});
     },
     {},
     false,
     300'000,
     {Point::closed_on_runner, Point::closed_on_later_segment}},
    {"room_against_time_outs",
     "a producer's wait for room, which may run out of time",
     [] {
       return ring(
           {.slots = 1, .producers = {events(2)}, .closing = Closing::never, .timeouts = true});
     },
     {.timeouts_max = 2},
     false,
     300'000,
     {Point::producer_woken, Point::producer_timed_out, Point::runner_timed_out,
      Point::full_by_slots, Point::room_woken}},
    {"close_on_sleepers",
     "a ring that is closed while a producer waits for room and nobody reads",
     [] { return ring({.slots = 1, .producers = {events(2)}, .closing = Closing::abandoned}); },
     {},
     false,
     300'000,
     {Point::closed_on_producer, Point::closed_on_runner, Point::refused_closed, Point::left_unread,
      Point::full_by_slots}},
    {"watched",
     "another thread reads backlog, budget and counters",
     [] {
       return ring({.producers = {{{}, kSpilled, {}}, {{}, {}}}, .watched = true, .spill_max = 1});
     },
     {},
     false,
     600'000,
     {Point::backlog_seen, Point::unpublished_seen, Point::spilled_freed}},
    {"idle_handle",
     "one is idle while others go once around every counter",
     [] {
       return from<Small>(
           {.slots = 4,
            .arena_units = 8,
            .start_units = 29,
            .start_sequence = 14,
            .producers = {{{}, {.how = How::await_others}, kTry, {}},
                          {{.how = How::await_first}, {}, {}, {}, {}, {}, {}, {}, {}},
                          {{.how = How::await_first}, {}, {}, {}, {}, {}, {}, {}}}});
     },
     {.steps_max = 8000},
     false,
     300'000,
     {Point::all_counters_passed, Point::refused, Point::sequence_wrapped, Point::units_wrapped}},
};

}  // namespace

std::span<const Case> ring_cases() { return kCases; }

}  // namespace penstock::model
