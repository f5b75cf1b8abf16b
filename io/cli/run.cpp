// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/run.hpp>

#include <penstock/io/cli/allocation_count.hpp>
#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/report.hpp>
#include <penstock/io/cli/signals.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/pipeline.hpp>

namespace penstock::cli {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kLookEvery = 50ms;       ///< for signals: a person does not notice it
constexpr auto kProgressEvery = 250ms;  ///< a line that changes faster cannot be read

/// One run of a pipeline that was built.
class Run {
 public:
  Run(const RunArguments& arguments, const Config& config, Pipeline pipeline)
      : arguments_(arguments),
        config_(config),
        pipeline_(std::move(pipeline)),
        progress_(!arguments.quiet) {}

  /// Returns an exit code.
  int drive();

 private:
  void watch_until_end();
  void tell_live();
  Report drain();
  int answer(const Report& report);
  void say(const std::string& words) { tell(config_.pipeline.name + ": " + words); }

  const RunArguments& arguments_;
  const Config& config_;
  Pipeline pipeline_;
  ProgressLine progress_;
  Stats told_;
  Stats drawn_;
  Clock::time_point next_told_;
  Clock::time_point next_drawn_;
};

int Run::drive() {
  if (const Status started = pipeline_.start(); !started) return fail(started.error());
  if (config_.sinks.empty() && !arguments_.quiet) say("no [[sink]]: events are only counted");
  watch_until_end();
  return answer(drain());
}

void Run::watch_until_end() {
  next_told_ = Clock::now() + arguments_.stats_every;
  next_drawn_ = Clock::now() + kProgressEvery;
  while (!pipeline_.wait_for_sources(kLookEvery) && !asked_to_stop()) tell_live();
}

void Run::tell_live() {
  const Clock::time_point now = Clock::now();
  if (arguments_.stats_every.count() > 0 && now >= next_told_) {
    next_told_ = now + arguments_.stats_every;
    const Stats stats = pipeline_.stats();
    progress_.clear();
    say(live_line(stats, told_));
    told_ = stats;
  }
  if (progress_.shown() && now >= next_drawn_) {
    next_drawn_ = now + kProgressEvery;
    const Stats stats = pipeline_.stats();
    progress_.draw(config_.pipeline.name + ": " + live_line(stats, drawn_));
    drawn_ = stats;
  }
}

Report Run::drain() {
  const bool interrupted = asked_to_stop();
  const Clock::time_point begin = Clock::now();
  if (interrupted && !arguments_.quiet) {
    progress_.clear();
    say("draining " + with_commas(pipeline_.stats().in_flight) + " events ...");
  }
  Report report = pipeline_.stop(config_.pipeline.drain_timeout);
  progress_.clear();
  if (arguments_.quiet) return report;
  const bool whole = report.failure || (report.drained && !interrupted);
  const auto took_ns =
      whole ? report.stats.elapsed_ns : static_cast<std::uint64_t>((Clock::now() - begin) / 1ns);
  const char* const how = report.failure    ? "failed after "
                          : !report.drained ? "not drained after "
                          : interrupted     ? "drained in "
                                            : "done in ";
  say(how + duration_in_short(took_ns) + " · " + conservation_line(report.stats));
  if (report.stats.completed > 0) say(speed_line(report));
  const std::uint64_t rejected = report.stats.refused_total() + report.stats.dead;
  if (rejected > 0 && !config_.rejects)
    say("the config has no [rejects]: nothing was kept of " + with_commas(rejected) +
        " refused or dead events");
  return report;
}

int Run::answer(const Report& report) {
  const Stats& stats = report.stats;
  int code = kFine;
  for (const std::string& problem : report.problems)
    if (!report.failure || problem != report.failure->message) say(problem);
  if (report.failure) {
    code = fail(*report.failure);
  } else if (!report.drained) {
    code = kDrainTimedOut;
  } else if (!stats.is_conserved()) {
    say("the counts do not add up: events were lost");
    code = kCheckFailed;
  } else if (arguments_.strict && stats.refused_total() + stats.dead > 0) {
    code = kCheckFailed;
  }
  if (!arguments_.json) return code;
  const int printed = print_result(report_json(report) + '\n');
  return code == kFine ? printed : code;
}

}  // namespace

int run(const RunArguments& arguments) {
  auto loaded = load_config(arguments.config);
  if (!loaded) return fail(loaded.error());
  if (arguments.partitions) loaded->pipeline.partitions = *arguments.partitions;
  if (loaded->sources.empty())
    return fail({ErrorCode::invalid_config, arguments.config + ": has no [[source]] to run from"});
  auto built = pipeline(*loaded).allocations(allocation_counter()).build();
  if (!built) return fail(built.error(), arguments.config);
  watch_signals();
  return Run(arguments, *loaded, *std::move(built)).drive();
}

}  // namespace penstock::cli
