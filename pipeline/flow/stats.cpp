// SPDX-License-Identifier: Apache-2.0
// Statistics, health and the report, summed over counters that their threads alone write.
#include <penstock/pipeline/flow/stats.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include <penstock/pipeline/flow/core.hpp>
#include <penstock/pipeline/flow/occupancy.hpp>
#include <penstock/pipeline/flow/runner_thread.hpp>
#include <penstock/pipeline/flow/segment_runner.hpp>
#include <penstock/pipeline/flow/source_thread.hpp>

namespace penstock {
namespace {

constexpr std::uint64_t kPatienceNs =
    1'000'000'000;  // a handler or a claim that takes longer is told

/// Sums are read while threads count: what is derived by subtraction must not fall below zero.
std::uint64_t less(std::uint64_t from, std::uint64_t what) noexcept {
  return from > what ? from - what : 0;
}

/// A sum that was taken modularly, of which the same holds.
std::uint64_t not_below_zero(std::uint64_t sum) noexcept {
  return static_cast<std::int64_t>(sum) < 0 ? 0 : sum;
}

double seconds(std::uint64_t duration_ns) noexcept { return double(duration_ns) / 1e9; }

}  // namespace

std::string_view to_string(RefuseReason reason) noexcept {
  switch (reason) {
    case RefuseReason::full: return "full";
    case RefuseReason::dropped: return "dropped";
    case RefuseReason::closed: return "closed";
    case RefuseReason::too_large: return "too_large";
    case RefuseReason::invalid: return "invalid";
    case RefuseReason::missing_key: return "missing_key";
    case RefuseReason::abandoned: return "abandoned";
  }
  return "unknown";
}

/// Adds what one runner counted. `ended` is by partition.
void PipelineCore::add_runner(const SegmentRunner& runner, Stats& stats,
                              std::vector<std::uint64_t>& ended) const {
  const RunnerCounters& counters = runner.counters();
  const unsigned number = runner.partition().number();
  PartitionStats& partition = stats.partitions[number];
  for (std::size_t stage = 0; stage < stats.stages.size(); ++stage) {
    stats.stages[stage].dropped += counters.stages[stage].dropped.get();
    stats.stages[stage].dead += counters.stages[stage].dead.get();
    stats.stages[stage].thrown += counters.stages[stage].thrown.get();
  }
  const std::uint64_t invalid = counters.invalid.get();
  const std::uint64_t missing_key = counters.missing_key.get();
  stats.refused[static_cast<std::size_t>(RefuseReason::invalid)] += invalid;
  stats.refused[static_cast<std::size_t>(RefuseReason::missing_key)] += missing_key;
  stats.bytes_accepted -= counters.bytes_refused.get();  // the producers' sum comes later: modular
  partition.accepted -= invalid + missing_key;           // so does the ring's, below
  partition.indexed_again += counters.indexed_again.get();
  stats.callbacks_thrown += counters.callbacks_thrown.get();
  if (!runner.segment().last) return;
  const std::uint64_t completed = counters.completed.get();
  const std::uint64_t dropped = counters.dropped.get();
  const std::uint64_t dead = counters.dead.get();
  stats.completed += completed;
  stats.dropped += dropped;
  stats.dead += dead;
  partition.completed += completed;
  ended[number] = completed + dropped + dead;
  stats.latency_ns.merge(counters.latency_ns.snapshot());
  if (measures_stages) stats.counted_in_flight -= counters.counted.get();  // modular, too
  partition.accepted -= counters.tombstones.get();
  const std::uint64_t handled = counters.handled.get();
  const EventRing& ring = runner.partition().ring();
  const Position done = runner.partition().cursor(layout_index(runner.segment())).load();
  const Position claimed = ring.position();
  partition.slots_used = slots_between(done, claimed, ring.slots_count());
  partition.arena_bytes_used = arena_bytes_between(done, claimed, ring.arena_bytes());
  // The runner has the places that it passed in 64 bits, the ring those that were claimed beyond:
  // beyond that very count, since the cursor may have moved after it was read.
  partition.accepted += handled + claimed_beyond(handled, claimed);
  // relaxed: statistic.
  partition.pressure_high = runner.activity().pressure_high.load(std::memory_order_relaxed);
  // relaxed: statistic.
  const std::uint64_t oldest_ns = runner.activity().oldest_ns.load(std::memory_order_relaxed);
  if (oldest_ns != 0 && partition.slots_used != 0)
    partition.oldest_age_ns = less(clock.now_ns(), oldest_ns);
}

Stats PipelineCore::stats() const {
  Stats stats;
  stats.stages.resize(layout.stages.size());
  for (std::size_t i = 0; i < layout.stages.size(); ++i)
    stats.stages[i].name = layout.stages[i].name;
  stats.partitions.resize(partitions.size());
  std::vector<std::uint64_t> ended(partitions.size(), 0);
  // Ends are read before beginnings, and an event is counted as accepted before any runner sees it:
  // where stores and loads keep their order (x86) ends never outnumber beginnings. Elsewhere they
  // may for a moment, since no counter orders another; what is subtracted then stays at zero. Once
  // the threads are quiet the sums are exact.
  for (const std::unique_ptr<SegmentRunner>& runner : runners_) add_runner(*runner, stats, ended);
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    PartitionStats& partition = stats.partitions[i];
    partition.slots = layout.options.ring.slots;
    partition.arena_bytes = layout.options.ring.arena_bytes;
    partition.accepted = not_below_zero(partition.accepted);
    partition.in_flight = less(partition.accepted, ended[i]);
  }
  for (const std::uint64_t refused_by_runners : stats.refused) stats.accepted -= refused_by_runners;
  add_producers(stats);
  stats.accepted = not_below_zero(stats.accepted);
  stats.bytes_accepted = not_below_zero(stats.bytes_accepted);
  stats.counted_in_flight = not_below_zero(stats.counted_in_flight);
  stats.in_flight = less(stats.accepted, stats.completed + stats.dropped + stats.dead);
  stats.spill_bytes = spill.bytes_used();
  for (const std::unique_ptr<RunnerThread>& thread : threads_) {
    stats.waits.parks += thread->waits().parks.get();
    stats.waits.wakes_late += thread->waits().wakes_late.get();
    stats.waits.unpublished_waits += thread->waits().unpublished_waits.get();
  }
  add_step_times(stats);
  // relaxed: statistic.
  const std::uint64_t started_ns = started_ns_.load(std::memory_order_relaxed);
  // relaxed: statistic.
  const std::uint64_t stopped_ns = stopped_ns_.load(std::memory_order_relaxed);
  if (started_ns != 0)
    stats.elapsed_ns = less(stopped_ns == 0 ? clock.now_ns() : stopped_ns, started_ns);
  return stats;
}

void PipelineCore::add_step_times(Stats& stats) const {
  if (!measures_stages) return;
  stats.segments.resize(layout.segments.size());
  for (const std::unique_ptr<SegmentRunner>& runner : runners_)
    runner->step_times()->add_to(stats.segments[layout_index(runner->segment())]);
}

void PipelineCore::add_producers(Stats& stats) const {
  const std::lock_guard<std::mutex> guard(lock_);
  for (const std::unique_ptr<ProducerState>& state : producers_) {
    stats.accepted += state->accepted.get();
    stats.bytes_accepted += state->bytes_accepted.get();
    stats.counted_in_flight += state->counted.get();
    stats.blocked_ns += state->blocked_ns.get();
    stats.waits.wakes_late += state->wakes_late.get();
    stats.spilled += state->spilled.get();
    stats.indexed_ahead += state->indexed_ahead.get();
    stats.decoded_ahead += state->decoded_ahead.get();
    for (std::size_t reason = 0; reason < kRefuseReasons; ++reason)
      stats.refused[reason] += state->refused[reason].get();
    stats.offered += state->offered.get();
  }
}

std::size_t PipelineCore::layout_index(const LayoutSegment& segment) const noexcept {
  return static_cast<std::size_t>(&segment - layout.segments.data());
}

Health PipelineCore::health() const {
  Health health;
  const auto tell = [&](std::string problem) {
    health.ready = false;
    health.problems.push_back(std::move(problem));
  };
  {
    const std::lock_guard<std::mutex> guard(lock_);
    if (failure_) tell(failure_->message);
  }
  const std::uint64_t now_ns = clock.now_ns();
  const std::uint64_t patience_ns = closing() ? 0 : kPatienceNs;
  for (const std::unique_ptr<SegmentRunner>& runner : runners_) {
    const RunnerActivity& activity = runner->activity();
    const unsigned partition = runner->partition().number();
    // Asked first: where it waits for a claim, its cursor was acquired, and what it noted of the
    // claims before that one is overwritten for who loads it after that.
    const bool waits = runner->waits_for_claim();
    // relaxed: ordered by the acquire of the cursor.
    const std::uint64_t waiting_ns = activity.unpublished_since_ns.load(std::memory_order_relaxed);
    const std::uint64_t waited_ns = waiting_ns == 0 ? 0 : less(now_ns, waiting_ns);
    if (waits && waited_ns >= patience_ns)
      tell(fmt::format(
          "partition {} has waited {:.3f} s for claim {} of its ring, which a producer took and "
          "has neither published nor left",
          partition, seconds(waited_ns),
          runner->partition().cursor(layout_index(runner->segment())).load().sequence()));
    // relaxed: statistic.
    const std::uint64_t at = activity.at.load(std::memory_order_relaxed);
    const std::uint64_t stage = at & RunnerActivity::kStageMask;
    const std::uint64_t since_ns = at & ~RunnerActivity::kStageMask;
    const bool waited_long = less(now_ns, since_ns) >= patience_ns;
    if (stage == RunnerActivity::kInSinks && waited_long)
      tell(fmt::format("the sinks have been taking one batch of partition {} for {:.3f} s",
                       partition, seconds(less(now_ns, since_ns))));
    else if (stage != RunnerActivity::kIdle && stage != RunnerActivity::kInSinks && waited_long)
      tell(fmt::format("stage \"{}\" of partition {} has been running on one batch for {:.3f} s",
                       layout.stages[stage].name, partition, seconds(less(now_ns, since_ns))));
  }
  // Before that a source may wait for room in a ring as long as it takes.
  for (std::size_t i = 0; closing() && i < source_threads_.size(); ++i)
    if (const std::uint64_t since_ns = source_threads_[i]->busy_since_ns(); since_ns != 0)
      tell(fmt::format("source \"{}\" has not returned for {:.3f} s", source_threads_[i]->name(),
                       seconds(less(now_ns, since_ns))));
  for (const std::unique_ptr<RunnerThread>& thread : threads_)
    if (thread->broken())
      tell(fmt::format(
          "a handler ended its thread {} (pthread_exit or cancellation); its partitions stand "
          "still",
          thread->plan().name));
  return health;
}

bool PipelineCore::drained() const noexcept {
  const auto last = std::find_if(layout.segments.begin(), layout.segments.end(),
                                 [](const LayoutSegment& segment) { return segment.last; });
  const std::size_t number = layout_index(*last);
  return std::all_of(partitions.begin(), partitions.end(), [&](const auto& partition) {
    return partition->ring().drained(partition->cursor(number).load());
  });
}

Report PipelineCore::make_report(const Health& health_at_deadline) {
  Report report;
  report.stats = stats();
  {
    const std::lock_guard<std::mutex> guard(lock_);
    report.failure = failure_;
  }
  report.drained = !report.failure && drained();
  report.problems = warnings_;
  if (!report.drained)
    report.problems.insert(report.problems.end(), health_at_deadline.problems.begin(),
                           health_at_deadline.problems.end());
  if (!report.drained && !report.failure && health_at_deadline.problems.empty())
    report.problems.push_back(fmt::format(
        "in flight at the deadline: {}; no thread is known to hang", report.stats.in_flight));
  if (allocations_ != nullptr) report.allocations = allocations_() - allocations_at_start_;
  return report;
}

std::uint64_t Stats::refused_total() const noexcept {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

bool Stats::is_conserved() const noexcept {
  return offered == accepted + refused_total() &&
         accepted == completed + dropped + dead + parked + in_flight;
}

}  // namespace penstock
