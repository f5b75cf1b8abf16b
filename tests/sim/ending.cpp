// SPDX-License-Identifier: Apache-2.0
// How a run ends, and what must hold of a pipeline that was left in the midst of its work: each
// accepted event came to an end, or is among those that the report counts as in flight.
#include "run.hpp"

namespace penstock::test {
namespace {

/// stop() reckons its deadline from its first look at the clock.
constexpr std::uint64_t kTicksOfAStop = 1;

}  // namespace

/// Called by the pipeline on whoever waits: a producer for room, or a stop() for a claim.
void Run::host_turn(std::chrono::nanoseconds left) {
  if (running_ == nullptr) return turn_in_a_drain();
  Actor& actor = *running_;
  expect(static_cast<std::uint64_t>(left.count()) <= actor.timeout_ns,
         "the host is told of no more time than there is");
  actor.back = std::move(actor.back).resume();
  if (!ends_while_full_ || ended_) return;
  ++coverage()[Coverage::stops_while_full];
  running_ = nullptr;
  end();
  running_ = &actor;
}

/// All is drained up to a claim that somebody holds; others go on meanwhile.
void Run::turn_in_a_drain() {
  expect(drains_, "the host gets its turn while somebody waits");
  while (oracle_.round() != 0) {
  }
  look_at_what_came_out();
  if (failed() || dice_.percent(40)) return clock_.advance(dice_.below(60'000));
  act(*actors_[dice_.below(world_.producers)]);
}

void Run::note_ending() {
  ended_ = true;
  note("ends", oracle_.open_claims(), static_cast<std::uint64_t>(world_.ending));
  coverage()[Coverage::stops_with_open_claims] += oracle_.open_claims() != 0;
  coverage()[Coverage::stops_with_blocked_publishes] += waiting() != 0;
}

void Run::end() {
  note_ending();
  if (world_.ending == Ending::abandoned) {
    ++coverage()[Coverage::abandoned];
    pipeline_->abandon();
    oracle_.give_up();
  }
  // A producer that waits is inside the pipeline, which is destroyed by nobody then.
  world_.ending == Ending::destroyed&& waiting() == 0 ? destroy() : stop();
}

void Run::watch_deadline() {
  clock_.watch(clock_.time_ns() + static_cast<std::uint64_t>(world_.stop_deadline.count()) +
                   kTicksOfAStop * SimulatedClock::kTickNs,
               handler_calls_);
}

void Run::stop() {
  watch_deadline();
  oracle_.close();
  drains_ = true;
  const Report report = pipeline_->stop(world_.stop_deadline);
  drains_ = false;
  follow_drain(&report.stats);
  check_report(report);
  check_inner_report();
}

void Run::destroy() {
  ++coverage()[Coverage::destroyed];
  watch_deadline();
  oracle_.close();
  drains_ = true;
  pipeline_.reset();
  drains_ = false;
  follow_drain(nullptr);
}

/// The oracle drains as long as the pipeline did, which is for as many rounds as its deadline
/// allowed: none may begin once the deadline was seen to have passed.
void Run::follow_drain(const Stats* stats) {
  const auto caught_up = [&] {
    return handler_calls_ == oracle_.handler_calls && sunk_.seen == oracle_.sink_seen &&
           rejected_.seen == oracle_.rejects_seen &&
           (stats == nullptr ? clock_.passed() : oracle_.differs(*stats, waiting()).empty());
  };
  std::uint64_t calls_before = 0;
  while (!oracle_.abandoned() && !caught_up()) {
    calls_before = oracle_.handler_calls;
    if (oracle_.round() == 0) break;
  }
  look_at_what_came_out();
  expect(!clock_.passed() || calls_before <= clock_.calls_when_passed(),
         "a drain went on behind its deadline");
  expect(clock_.passed() || oracle_.abandoned() || oracle_.drained(),
         "a drain gave up before its deadline");
  if (!oracle_.drained()) {
    coverage()[Coverage::stops_at_their_deadline] += !oracle_.abandoned();
    oracle_.give_up();
  } else {
    ++coverage()[Coverage::stops_that_drained];
  }
}

void Run::check_report(const Report& report) {
  expect(report.drained == (oracle_.drained() && !report.failure),
         "the report says rightly whether all was drained");
  expect(report.drained || report.failure || !report.problems.empty(),
         "the report says why not all was drained");
  const std::string differs = oracle_.differs(report.stats, waiting());
  expect(differs.empty(), "the report of stop(): " + differs);
}

/// A handler that stops its own pipeline: its batch is in flight, and G8 holds.
void Run::check_inner_report() {
  if (!inner_report_ || std::exchange(inner_report_was_checked_, true)) return;
  const Stats& stats = inner_report_->stats;
  std::uint64_t refused = 0;
  for (const std::uint64_t count : stats.refused) refused += count;
  expect(!inner_report_->drained && stats.in_flight != 0,
         "a handler's stop() leaves the event that is being handled in flight");
  expect(stats.accepted == stats.completed + stats.dropped + stats.dead + stats.in_flight &&
             stats.offered == stats.accepted + refused + waiting(),
         "a handler's stop() reports what adds up");
  expect(stats.completed == oracle_.counts().completed && stats.dead == oracle_.counts().dead,
         "nothing came to an end after a handler's stop()");
  expect(oracle_.abandoned(), "the oracle knows of a handler's stop()");
}

}  // namespace penstock::test
