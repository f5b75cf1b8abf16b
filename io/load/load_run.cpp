// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/load_run.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <penstock/io/load/hiccup_meter.hpp>
#include <penstock/io/load/load_placement.hpp>
#include <penstock/io/load/load_source.hpp>
#include <penstock/io/pipeline.hpp>
#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/machine/cpu.hpp>
#include <penstock/runtime/wait/countdown.hpp>

namespace penstock {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kBeginNs = 5'000'000;          ///< for all sources to see the begin
constexpr std::uint64_t kIntervalNsMin = 100'000'000;  ///< taking the numbers is work, too
constexpr std::uint64_t kIntervalsMax = 200;           ///< 40 KiB each
constexpr std::uint64_t kLookNs = 50'000'000;          ///< for who asks to stop
constexpr std::uint64_t kOverrunDivisor = 10;
constexpr std::uint64_t kOverrunNsMin = 100'000'000;
/// Beyond the overrun a source has nothing to wait for but a CPU, unless its rejects hang.
constexpr std::uint64_t kStuckNs = 5'000'000'000;
constexpr double kGraceS = 0.01;  ///< a machine's hiccup may stand at the very end

std::uint64_t to_ns(nanoseconds duration) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
}

std::int64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::size_t sources_of(const Config& config) noexcept {
  return std::max<std::size_t>(config.sources.size(), 1);
}

CpuLimits cpus_of(const LoadSetup& setup) { return setup.cpus ? *setup.cpus : read_cpu_limits(); }

PipelineBuilder builder_of(const LoadSetup& setup) {
  Config config = *setup.config;
  config.sources.clear();
  PipelineBuilder builder = pipeline(config);
  if (setup.cpus) builder.cpus(*setup.cpus);
  if (setup.fill_stages) setup.fill_stages(builder);
  return builder;
}

/// Everything that counts, at one moment.
struct Mark {
  std::uint64_t at_ns = 0;
  Stats stats;
  HistogramSnapshot hiccups_ns;
  std::uint64_t spun_ns = 0;
  std::uint64_t allocations = 0;
  std::vector<ThreadUsage> threads;
};

std::uint64_t ended(const Stats& stats) noexcept {
  return stats.offered - std::min(stats.offered, stats.in_flight);
}

/// Of all threads but the calling one. The hiccup meter makes none: the others are the pipeline's,
/// unless the program has more.
std::uint64_t allocations_of_others(const LoadSetup& setup) {
  if (setup.allocations == nullptr) return 0;
  const std::uint64_t own = setup.own_allocations == nullptr ? 0 : setup.own_allocations();
  return setup.allocations() - own;
}

class Measurement {
 public:
  Measurement(const LoadSetup& setup, const LoadOptions& options)
      : setup_(setup),
        options_(options),
        warmup_ns_(to_ns(options.warmup)),
        duration_ns_(to_ns(options.duration)),
        interval_ns_(std::max(kIntervalNsMin, duration_ns_ / kIntervalsMax)) {}

  Result<LoadRun> run();

 private:
  Status build();
  Status measure();
  Status wait_until(std::uint64_t at_ns);
  Status wait_for(Countdown& countdown);
  Status check_goes_on(std::uint64_t now_ns) const;
  Mark mark();
  void begin_intervals();
  void end_interval();
  void finish();
  [[nodiscard]] HistogramSnapshot unsent_ns() const;
  [[nodiscard]] HistogramSnapshot unfinished_ns() const;

  // Counted down by load sources; waited for by the measuring thread. A source whose thread hangs
  // keeps them.
  std::shared_ptr<LoadPhases> phases_ = std::make_shared<LoadPhases>();
  // Fixed after construction.
  const LoadSetup& setup_;
  const LoadOptions& options_;
  std::uint64_t warmup_ns_;
  std::uint64_t duration_ns_;
  std::uint64_t interval_ns_;
  std::uint64_t overrun_ns_ = std::max(duration_ns_ / kOverrunDivisor, kOverrunNsMin);
  // The measuring thread only.
  std::vector<LoadSource*> sources_;  ///< the pipeline's
  LoadPlacement placement_;
  std::optional<Pipeline> pipeline_;
  std::unique_ptr<HiccupMeter> hiccups_;
  std::uint64_t begin_ns_ = 0;  ///< of the schedule
  bool all_sent_ = false;
  Mark first_;
  Mark last_;
  Stats interval_stats_;  ///< at the begin of the running interval
  HistogramSnapshot interval_hiccups_ns_;
  std::uint64_t interval_begin_ns_ = 0;
  LoadRun run_;
};

Status Measurement::build() {
  PipelineBuilder builder = builder_of(setup_);
  const std::size_t sources = sources_of(*setup_.config);
  phases_->sending.reset(static_cast<unsigned>(sources));
  phases_->counting.reset(static_cast<unsigned>(sources));
  for (std::size_t i = 0; i < sources; ++i) {
    const double count = static_cast<double>(sources);
    auto source = std::make_unique<LoadSource>(
        LoadSource::Options{.name = sources == 1 ? "load" : "load" + std::to_string(i),
                            .schedule = {.rate = options_.rate / count,
                                         .shape = options_.shape,
                                         .burst = options_.burst,
                                         .seed = options_.seed + i,
                                         .phase = static_cast<double>(i) / count},
                            .duration_ns = warmup_ns_ + duration_ns_,
                            .overrun_ns = overrun_ns_,
                            .counted_from_ns = warmup_ns_,
                            .first_event = i,
                            .event_step = sources,
                            .phases = phases_},
        *setup_.events, steady_clock());
    sources_.push_back(source.get());
    builder.source(std::move(source));
  }
  builder.measure_stages().allocations(setup_.allocations);
  Result<Pipeline> built = builder.build();
  if (!built) return tl::unexpected(std::move(built).error());
  pipeline_.emplace(std::move(*built));
  placement_ = place_load(pipeline_->plan(), cpus_of(setup_));
  for (LoadSource* const source : sources_) source->set_spins(placement_.sources_spin);
  return {};
}

Result<LoadRun> Measurement::run() {
  if (Status built = build(); !built) return tl::unexpected(std::move(built).error());
  if (Status started = pipeline_->start(); !started)
    return tl::unexpected(std::move(started).error());
  Result<std::unique_ptr<HiccupMeter>> hiccups = HiccupMeter::start(placement_.meter_cpu);
  if (!hiccups) return tl::unexpected(std::move(hiccups).error());
  hiccups_ = std::move(*hiccups);
  if (Status measured = measure(); !measured) return tl::unexpected(std::move(measured).error());
  run_.report = pipeline_->stop(setup_.config->pipeline.drain_timeout);
  if (run_.report.failure) return tl::unexpected(*run_.report.failure);
  finish();
  return std::move(run_);
}

Status Measurement::measure() {
  begin_ns_ = steady_clock().now_ns() + kBeginNs;
  const std::uint64_t warm_ns = begin_ns_ + warmup_ns_;
  pipeline_->count_from(warm_ns);
  for (LoadSource* const source : sources_) source->begin_at(begin_ns_);
  if (Status waited = wait_until(warm_ns); !waited) return waited;
  first_ = mark();
  run_.began_ms = unix_ms();
  begin_intervals();
  while (!all_sent_) {
    if (Status waited = wait_until(interval_begin_ns_ + interval_ns_); !waited) return waited;
    if (!all_sent_) end_interval();
  }
  last_ = mark();
  return wait_for(phases_->counting);
}

/// Returns early once everything was sent.
Status Measurement::wait_until(std::uint64_t at_ns) {
  for (;;) {
    const std::uint32_t epoch = phases_->sending.epoch();
    // Sources end by themselves only if the pipeline failed.
    all_sent_ = phases_->sending.zero() || pipeline_->wait_for_sources(nanoseconds(0));
    const std::uint64_t now_ns = steady_clock().now_ns();
    if (now_ns >= at_ns || all_sent_) return {};
    phases_->sending.wait(epoch, std::min(at_ns - now_ns, kLookNs));
    if (Status goes_on = check_goes_on(now_ns); !goes_on) return goes_on;
  }
}

/// Until what was not sent is counted; that may take as long as there are events.
Status Measurement::wait_for(Countdown& countdown) {
  for (;;) {
    const std::uint32_t epoch = countdown.epoch();
    if (countdown.zero() || pipeline_->wait_for_sources(nanoseconds(0))) return {};
    countdown.wait(epoch, kLookNs);
    if (Status goes_on = check_goes_on(0); !goes_on) return goes_on;
  }
}

Status Measurement::check_goes_on(std::uint64_t now_ns) const {
  if (setup_.asked_to_stop && setup_.asked_to_stop())
    return error(ErrorCode::timed_out, "the run was stopped before its end");
  if (now_ns > begin_ns_ + warmup_ns_ + duration_ns_ + overrun_ns_ + kStuckNs)
    return error(ErrorCode::timed_out,
                 "a load source did not end in time: is there somebody who reads the rejects?");
  return {};
}

Mark Measurement::mark() {
  Mark mark{.at_ns = steady_clock().now_ns(),
            .stats = pipeline_->stats(),
            .hiccups_ns = hiccups_->snapshot()};
  for (const LoadSource* const source : sources_) mark.spun_ns += source->spun_ns();
  mark.threads = usage_of_threads();
  mark.allocations = allocations_of_others(setup_);
  return mark;
}

void Measurement::begin_intervals() {
  interval_begin_ns_ = first_.at_ns;
  interval_stats_ = first_.stats;
  // The first one has what is counted and ended before the mark was taken.
  interval_stats_.latency_ns = {};
  interval_hiccups_ns_ = first_.hiccups_ns;
}

void Measurement::end_interval() {
  Stats stats = pipeline_->stats();
  HistogramSnapshot hiccups_ns = hiccups_->snapshot();
  const std::uint64_t now_ns = steady_clock().now_ns();
  run_.intervals.push_back({.begin_ns = interval_begin_ns_ - first_.at_ns,
                            .length_ns = now_ns - interval_begin_ns_,
                            .ended = ended(stats) - ended(interval_stats_),
                            .latency_ns = stats.latency_ns.minus(interval_stats_.latency_ns),
                            .hiccups_ns = hiccups_ns.minus(interval_hiccups_ns_)});
  if (setup_.on_progress) setup_.on_progress(stats);
  interval_begin_ns_ = now_ns;
  interval_stats_ = std::move(stats);
  interval_hiccups_ns_ = std::move(hiccups_ns);
}

HistogramSnapshot Measurement::unsent_ns() const {
  HistogramSnapshot all;
  for (const LoadSource* const source : sources_) all.merge(source->unsent_ns());
  return all;
}

/// All that the drain left was due before the last event was sent: its latency is at least the time
/// since then.
HistogramSnapshot Measurement::unfinished_ns() const {
  const std::uint64_t count = run_.report.stats.counted_in_flight;
  Histogram left;
  if (count > 0) left.record(steady_clock().now_ns() - last_.at_ns, count);
  return left.snapshot();
}

/// Once the pipeline is drained.
void Measurement::finish() {
  const Stats& stats = run_.report.stats;
  HistogramSnapshot omitted_ns = unsent_ns();
  omitted_ns.merge(unfinished_ns());
  end_interval();  // the last one has what was drained, and what never came to its end
  run_.intervals.back().latency_ns.merge(omitted_ns);
  run_.rate_asked = options_.rate;
  for (const LoadSource* const source : sources_) {
    run_.sent += source->sent();
    run_.unsent += source->unsent();
  }
  run_.backlog = last_.stats.in_flight;
  const PipelineOptions& asked = setup_.config->pipeline;
  run_.in_hand = std::uint64_t{pipeline_->plan().partitions} * asked.batch.events +
                 (options_.shape == LoadShape::bursts ? options_.burst : 0) +
                 static_cast<std::uint64_t>(options_.rate * kGraceS);
  run_.measured_ns = last_.at_ns - first_.at_ns;
  const std::uint64_t planned_end_ns = begin_ns_ + warmup_ns_ + duration_ns_;
  run_.overrun_ns = last_.at_ns > planned_end_ns ? last_.at_ns - planned_end_ns : 0;
  run_.ended = ended(last_.stats) - ended(first_.stats);
  run_.spun_ns = last_.spun_ns - first_.spun_ns;
  run_.blocked_ns = last_.stats.blocked_ns - first_.stats.blocked_ns;
  run_.threads = usage_between(first_.threads, last_.threads);
  std::erase_if(run_.threads, [&](const ThreadUsage& thread) {
    return std::ranges::find(pipeline_->plan().threads, thread.name, &ThreadPlan::name) ==
           pipeline_->plan().threads.end();
  });
  if (setup_.allocations != nullptr) run_.allocations = last_.allocations - first_.allocations;
  run_.latency_ns = stats.latency_ns;
  run_.latency_ns.merge(omitted_ns);
  for (const LoadSource* const source : sources_) {
    run_.lateness_ns.merge(source->lateness_ns());
    run_.own_lateness_ns.merge(source->own_lateness_ns());
  }
  run_.hiccups_ns = hiccups_->snapshot().minus(first_.hiccups_ns);
  run_.hiccups_cpu = hiccups_->cpu();
  run_.hiccups_shared = placement_.meter_shares;
  run_.segments = stats.segments;
}

}  // namespace

Result<LoadRun> run_load(const LoadSetup& setup, const LoadOptions& options) {
  return Measurement(setup, options).run();
}

Result<Plan> plan_load(const LoadSetup& setup) {
  PipelineBuilder builder = builder_of(setup);
  for (std::size_t i = 0; i < sources_of(*setup.config); ++i)
    builder.source(
        std::make_unique<LoadSource>(LoadSource::Options{}, *setup.events, steady_clock()));
  return builder.plan();
}

Result<LoadResult> describe_load(const LoadSetup& setup, const LoadOptions& options) {
  const Result<Plan> plan = plan_load(setup);
  if (!plan) return tl::unexpected(plan.error());
  LoadResult result;
  result.config = setup.config->path;
  result.pipeline = setup.config->pipeline.name;
  result.began_ms = unix_ms();
  result.asked = options;
  result.events = setup.events->origin();
  result.event_bytes_mean = setup.events->bytes_mean();
  result.partitions = plan->partitions;
  result.plan = plan->reasons;
  result.machine = machine_facts();
  const CpuLimits cpus = cpus_of(setup);
  result.remarks = place_load(*plan, cpus).remarks(*plan, cpus);
  if (result.machine.build != "Release" && result.machine.build != "RelWithDebInfo")
    result.remarks.push_back("this is a " + result.machine.build +
                             " build: its figures are not those of a release");
  return result;
}

}  // namespace penstock
