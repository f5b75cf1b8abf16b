// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/tune/tuner.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include <penstock/io/in_words.hpp>
#include <penstock/io/load/find_max.hpp>
#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/machine/cpu.hpp>

namespace penstock {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int kRunsOfBudget = 120;    ///< about so many runs a budget should have room for
constexpr int kRunsOfSearches = 120;  ///< and for these, where it looks for a rate
constexpr nanoseconds kBudget = std::chrono::seconds(60);
constexpr nanoseconds kBudgetOfSearches = std::chrono::seconds(180);
constexpr nanoseconds kDurationMin = milliseconds(250);
constexpr nanoseconds kDurationMax = std::chrono::seconds(2);
constexpr nanoseconds kWarmupMin = milliseconds(50);
constexpr int kWarmupShare = 4;
constexpr nanoseconds kAroundRun = milliseconds(150);  ///< building, overrun, drain: about
/// More than in the search: nothing is taken back after it.
constexpr std::size_t kConfirmPairs = 8;
constexpr nanoseconds kIdleTime = std::chrono::seconds(1);
constexpr std::size_t kSearchesASide = 3;  ///< of the confirmation: fewer have no interval
/// A candidate may lose, as dead or refused, so many times more than the given config at most.
constexpr double kLostMax = 2;
constexpr double kFirstRate = 100'000;
constexpr double kProbeRate = 1e6;
constexpr double kProbeStep = 4;
constexpr double kRateMax = 100e6;
/// At full speed so many times more is asked for than the given config can take.
constexpr double kOverload = 3;
constexpr std::array<std::string_view, 4> kFindings{"pays", "stands", "no rate", "stopped"};

double seconds_of(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// What was refused for want of room was offered again.
std::uint64_t lost_of(const Stats& stats) {
  const std::uint64_t full = stats.refused[static_cast<std::size_t>(RefuseReason::full)];
  return stats.dead + stats.refused_total() - full;
}

class Tuner {
 public:
  Tuner(const TuneSetup& setup, const TuneOptions& options)
      : setup_(setup), options_(options), began_ns_(steady_clock().now_ns()) {
    result_.asked = options;
  }

  Result<TuneResult> tune() {
    Status ready = choose_times();
    if (ready) ready = make_knobs();
    if (!ready) return tl::unexpected(std::move(ready).error());
    if (Status chosen = choose_rate(); !chosen) {
      if (!was_stopped()) return tl::unexpected(std::move(chosen).error());
      stopped(chosen.error());
    } else if (result_.rate > 0) {
      search();
    }
    result_.took = elapsed();
    return std::move(result_);
  }

 private:
  Status choose_times();
  [[nodiscard]] Status check_budget() const;
  Status make_knobs();
  Status choose_rate();
  Status find_full_speed();
  Result<double> find_rate(const TunePoint& point, double first_rate);
  void search();
  void tell_what_was_not_reached();
  void confirm();
  Status confirm_rate();
  Status confirm_cost();
  Status price();
  Result<TunePrice> price_of(const TunePoint& point);
  Result<LoadRun> run_to_sample(const TunePoint& point);
  Result<TuneSample> sample(const TunePoint& point);
  TuneSample could_not_run(const TunePoint& point, const std::string& why);
  [[nodiscard]] bool loses_more(const Stats& stats, bool is_given);
  [[nodiscard]] double cost_of(const LoadRun& run) const;
  Result<LoadRun> run(const TunePoint& point, const LoadOptions& load);
  [[nodiscard]] Config config_at(const TunePoint& point) const;
  [[nodiscard]] std::string describe(const TunePoint& point) const;
  [[nodiscard]] LoadOptions load_at(double rate) const {
    return {.rate = rate,
            .seed = options_.seed,
            .warmup = result_.warmup,
            .duration = result_.duration};
  }
  [[nodiscard]] bool is_throughput() const { return options_.slo.terms.empty(); }
  [[nodiscard]] bool searches_rates() const { return !is_throughput() && !options_.rate; }
  [[nodiscard]] nanoseconds budget() const {
    return options_.budget.value_or(searches_rates() ? kBudgetOfSearches : kBudget);
  }
  [[nodiscard]] nanoseconds run_takes() const {
    return result_.warmup + result_.duration + kAroundRun;
  }
  /// Those of the confirmation, as long as the first one.
  [[nodiscard]] nanoseconds searches_take() const {
    return static_cast<int>(2 * kSearchesASide) * first_search_took_;
  }
  /// Of two configs.
  [[nodiscard]] nanoseconds pricing_takes() const {
    return 2 * (result_.warmup + kIdleTime + kAroundRun);
  }
  [[nodiscard]] nanoseconds elapsed() const {
    return nanoseconds(static_cast<std::int64_t>(steady_clock().now_ns() - began_ns_));
  }
  [[nodiscard]] bool was_stopped() const {
    return setup_.load.asked_to_stop && setup_.load.asked_to_stop();
  }
  void stands(std::string why) {
    result_.finding = TuneFinding::stands;
    result_.why = std::move(why);
  }
  void stopped(const Error& error) {
    result_.search.ended_by = error;
    result_.finding = TuneFinding::stopped;
    result_.why = error.message;
  }

  const TuneSetup& setup_;
  const TuneOptions& options_;
  std::uint64_t began_ns_;
  nanoseconds first_search_took_{0};
  KnobsInput knobs_input_;
  double lost_share_ = 0;  ///< of the given config: the most of a run
  std::map<TunePoint, std::vector<double>> cpu_s_per_million_;
  TuneResult result_;
};

/// As long as the SLO needs, and so short that there is room for a candidate and a confirmation.
Status Tuner::choose_times() {
  if (options_.search.pairs < 2)
    return error(ErrorCode::usage, "a search needs two pairs at least: fewer have no interval");
  const nanoseconds share =
      budget() / (searches_rates() ? kRunsOfBudget + kRunsOfSearches : kRunsOfBudget);
  result_.duration = options_.duration.value_or(std::clamp(share, kDurationMin, kDurationMax));
  const double needed = options_.slo.events_needed();
  if (options_.rate && *options_.rate * seconds_of(result_.duration) < needed) {
    const nanoseconds needed_time(static_cast<std::int64_t>(needed / *options_.rate * 1e9) + 1);
    if (options_.duration)
      return error(ErrorCode::usage,
                   fmt::format("--slo {} needs {:.0f} events in a run, ten beyond its highest "
                               "percentile: at {}/s {}; raise --seconds or --rate",
                               options_.slo.to_text(), needed, in_short(*options_.rate),
                               duration_in_short(needed_time)));
    result_.duration = needed_time;
  }
  result_.warmup = std::max(kWarmupMin, result_.duration / kWarmupShare);
  return check_budget();
}

/// Of one candidate and the confirmation, whose searches are known once there was one.
Status Tuner::check_budget() const {
  const std::size_t pairs = options_.search.pairs + (searches_rates() ? 0 : kConfirmPairs);
  const auto runs = static_cast<std::int64_t>(2 * pairs);
  const nanoseconds least = elapsed() + runs * run_takes() + searches_take() + pricing_takes();
  if (budget() >= least) return {};
  return error(
      ErrorCode::usage,
      fmt::format("--budget {} has no room for {} runs of {} each, which one candidate "
                  "and the confirmation need{}; raise it to {:.0f}s{}",
                  duration_in_short(budget()), runs, duration_in_short(run_takes()),
                  searches_take().count() > 0 ? ", and for searches of the highest rate, " +
                                                    duration_in_short(searches_take())
                                              : "",
                  std::ceil(seconds_of(least)),
                  searches_rates() ? ", or give --rate"
                  : options_.rate  ? ", or raise --rate"
                                   : ""));
}

Status Tuner::make_knobs() {
  const CpuLimits limits = setup_.load.cpus.value_or(read_cpu_limits());
  auto described = describe_load(setup_.load, load_at(kFirstRate));
  if (!described) return tl::unexpected(std::move(described).error());
  result_.events = described->events;
  result_.machine = described->machine;
  result_.remarks = described->remarks;
  auto plan = plan_load(setup_.load);
  if (!plan) return tl::unexpected(std::move(plan).error());
  knobs_input_ = {.config = setup_.load.config,
                  .text = setup_.text,
                  .plan = std::move(*plan),
                  .cpus = limits.effective(),
                  .event_bytes_mean = setup_.load.events->bytes_mean(),
                  .keep = options_.keep,
                  .stages_work = options_.stages_work,
                  .plan_of = [this](const Config& config) {
                    LoadSetup load = setup_.load;
                    load.config = &config;
                    return plan_load(load);
                  }};
  result_.knobs = knobs_of(knobs_input_);
  return {};
}

/// The first runs: what they fail with is told as of any run of this config.
Status Tuner::choose_rate() {
  result_.search.winner = result_.given();
  if (result_.knobs.all.empty()) {
    stands("there is nothing to turn");
    return {};
  }
  if (is_throughput()) return find_full_speed();
  if (options_.rate) {
    result_.rate = *options_.rate;
    const auto first = run(result_.given(), load_at(result_.rate));
    if (!first) return tl::unexpected(first.error());
    if (!first->kept_up())
      result_.remarks.push_back(fmt::format("the config did not keep up with {}/s in its first run",
                                            in_short(result_.rate)));
    return {};
  }
  const double rate_min = options_.slo.events_needed() / seconds_of(result_.duration);
  const nanoseconds before = elapsed();
  const auto found = find_rate(result_.given(), std::max(kFirstRate, rate_min));
  if (!found) return tl::unexpected(found.error());
  first_search_took_ = elapsed() - before;
  result_.rate = *found;
  if (*found > 0) return check_budget();
  result_.finding = TuneFinding::no_rate;
  result_.why = fmt::format(
      "the config holds {} at no rate from {}/s on, so there is none to tune it at; give --rate, "
      "or an SLO that it can hold",
      options_.slo.to_text(), in_short(rate_min));
  return {};
}

Status Tuner::find_full_speed() {
  for (double rate = kProbeRate;; rate = std::min(rate * kProbeStep, kRateMax)) {
    auto probe = run(result_.given(), load_at(rate));
    // A neighbour's noise can make a run fall behind, but not keep up.
    if (probe && !probe->kept_up()) probe = run(result_.given(), load_at(rate));
    if (!probe) return tl::unexpected(probe.error());
    if (probe->kept_up() && rate < kRateMax) continue;
    result_.rate = std::clamp(probe->rate_achieved() * kOverload, 1.0, kRateMax);
    return {};
  }
}

Result<double> Tuner::find_rate(const TunePoint& point, double first_rate) {
  const auto found =
      find_max({.first_rate = first_rate,
                .rate_min = options_.slo.events_needed() / seconds_of(result_.duration),
                .rate_max = kRateMax},
               [&](double rate, Trial::Step step) -> Result<Trial> {
                 auto done = run(point, load_at(rate));
                 if (!done) return tl::unexpected(std::move(done).error());
                 return Trial{.step = step,
                              .rate_asked = rate,
                              .failed_by = failed_by(*done, options_.slo),
                              .run = {}};
               });
  if (!found) return tl::unexpected(found.error());
  return found->rate;
}

Config Tuner::config_at(const TunePoint& point) const {
  Config config = *setup_.load.config;
  for (const ConfigChange& change : changes_of(result_.knobs.all, point))
    apply_change(change, config);
  return config;
}

std::string Tuner::describe(const TunePoint& point) const {
  std::string text;
  for (std::size_t i = 0; i < point.size(); ++i)
    if (point[i] != result_.knobs.all[i].given)
      text.append(text.empty() ? "" : ", ").append(result_.knobs.all[i].choices[point[i]].label);
  return text.empty() ? "as given" : text;
}

Result<LoadRun> Tuner::run(const TunePoint& point, const LoadOptions& load) {
  if (setup_.on_run) setup_.on_run(in_short(load.rate) + "/s, " + describe(point));
  const Config config = config_at(point);
  LoadSetup setup = setup_.load;
  setup.config = &config;
  return setup_.run(setup, load);
}

double Tuner::cost_of(const LoadRun& run) const {
  if (is_throughput()) return 1e9 / std::max(run.rate_achieved(), 1.0);
  double worst = 0;
  for (const SloTerm& term : options_.slo.terms)
    worst = std::max(worst, static_cast<double>(std::max<std::uint64_t>(
                                run.latency_ns.percentile(term.percent), 1)) /
                                static_cast<double>(term.limit_ns));
  return worst;
}

/// A rate that everybody keeps up with tells nobody apart.
Result<LoadRun> Tuner::run_to_sample(const TunePoint& point) {
  auto done = run(point, load_at(result_.rate));
  // That says nothing of the pipeline: once more, before it counts as what did not hold.
  if (done && !is_throughput() && done->load_was_the_limit())
    done = run(point, load_at(result_.rate));
  while (done && is_throughput() && done->kept_up() && result_.rate < kRateMax) {
    result_.rate = std::min(result_.rate * kOverload, kRateMax);
    done = run(point, load_at(result_.rate));
  }
  return done;
}

/// Candidates lose no more than the given config, which always runs first; runs of different
/// lengths see different events.
bool Tuner::loses_more(const Stats& stats, bool is_given) {
  const auto lost = static_cast<double>(lost_of(stats));
  const auto offered = static_cast<double>(std::max<std::uint64_t>(stats.offered, 1));
  if (is_given) lost_share_ = std::max(lost_share_, lost / offered);
  return lost > kLostMax * (lost_share_ * offered + 1);
}

TuneSample Tuner::could_not_run(const TunePoint& point, const std::string& why) {
  result_.remarks.push_back(describe(point) + " could not run: " + why);
  return {.could_run = false};
}

Result<TuneSample> Tuner::sample(const TunePoint& point) {
  const bool is_given = point == result_.given();
  if (!is_given) {
    const std::string why = why_not(knobs_input_, changes_of(result_.knobs.all, point));
    if (!why.empty()) return could_not_run(point, why);
  }
  auto done = run_to_sample(point);
  if (!done) {
    const ErrorCode code = done.error().code;
    const bool is_candidates = code == ErrorCode::invalid_config || code == ErrorCode::unavailable;
    if (!is_candidates || is_given) return tl::unexpected(std::move(done).error());
    return could_not_run(point, done.error().message);
  }
  if (!done->report.stats.is_conserved())
    return error(ErrorCode::storage, "the counts of a run do not add up: " + describe(point));
  cpu_s_per_million_[point].push_back(done->cpu_s_per_million());
  const bool ended = done->report.drained && done->unfinished() == 0;
  const bool kept = is_throughput() ? ended : done->kept_up();
  const TuneSample sample{.cost = cost_of(*done),
                          .held = kept && !loses_more(done->report.stats, is_given)};
  if (point == result_.search.winner && sample.held && sample.cost <= 1) ++result_.slo_met;
  return sample;
}

void Tuner::search() {
  std::vector<KnobShape> shapes;
  for (const Knob& knob : result_.knobs.all)
    shapes.push_back(
        {.choices = knob.choices.size(), .given = knob.given, .ordered = knob.ordered});
  const nanoseconds confirming =
      searches_rates() ? searches_take() : static_cast<int>(2 * kConfirmPairs) * run_takes();
  TuneSearchOptions options = options_.search;
  options.until = budget() - confirming - pricing_takes();
  result_.search = search_better(
      shapes, options, [this](const TunePoint& point) { return sample(point); },
      [this] { return elapsed(); });
  if (result_.search.out_of_time) tell_what_was_not_reached();
  if (result_.search.ended_by) return stopped(Error(*result_.search.ended_by));
  const auto undecided = [](const TuneTrial& trial) { return trial.end == TrialEnd::no_time; };
  if (std::ranges::all_of(result_.search.trials, undecided))
    return stands("the budget ended before any candidate was decided; --budget takes more");
  if (result_.changed().empty())
    return stands(fmt::format(
        "no candidate was surely better, by {:.3g} % or more{}{}", options_.search.gain_min * 100,
        result_.search.out_of_time ? "; the budget ended before all were tried" : "",
        !is_throughput() && result_.slo_met == 0
            ? "; but " + options_.slo.to_text() + " was met in none of its runs"
            : ""));
  confirm();
}

void Tuner::tell_what_was_not_reached() {
  for (std::size_t i = 0; i < result_.knobs.all.size(); ++i) {
    const auto of_it = [i](const TuneTrial& trial) { return trial.knob == i; };
    if (std::ranges::none_of(result_.search.trials, of_it))
      result_.knobs.left_out.push_back(result_.knobs.all[i].name +
                                       ": the budget ended before; --budget takes more");
  }
}

void Tuner::confirm() {
  Status done = searches_rates() ? confirm_rate() : confirm_cost();
  if (done && result_.finding == TuneFinding::pays) done = price();
  if (!done) stopped(done.error());
}

/// In turns, as pairs are.
Status Tuner::confirm_rate() {
  for (std::size_t i = 0; i < 2 * kSearchesASide; ++i) {
    const bool of_given = (i + i / 2) % 2 == 0;
    const auto found = find_rate(of_given ? result_.given() : result_.search.winner, result_.rate);
    if (!found) return tl::unexpected(found.error());
    (of_given ? result_.rates_before : result_.rates_after).push_back(*found);
    if (*found > 0) continue;
    stands(std::string(of_given ? "the given config" : "what was found") +
           " held the SLO at no rate in a search of the confirmation");
    return {};
  }
  result_.rates = compare_measure(
      {.name = "rate found", .less_is_better = false, .step = SearchOptions::kPrecision},
      result_.rates_before, result_.rates_after);
  if (result_.rates->change == Change::better &&
      result_.rates->ratio >= 1 + options_.search.gain_min)
    result_.finding = TuneFinding::pays;
  else
    stands(
        fmt::format("what was found has better latencies, but holds no rate that is higher by "
                    "{:.3g} % or more, and surely so",
                    options_.search.gain_min * 100));
  return {};
}

Status Tuner::confirm_cost() {
  TuneSearchOptions options = options_.search;
  options.pairs = kConfirmPairs;
  result_.slo_met = 0;
  auto trial = confirm_better(
      result_.given(), result_.search.winner, options,
      [this](const TunePoint& point) { return sample(point); }, [this] { return elapsed(); });
  if (!trial) return tl::unexpected(std::move(trial).error());
  result_.confirmation = std::move(*trial);
  if (result_.confirmation->end == TrialEnd::better)
    result_.finding = TuneFinding::pays;
  else
    stands("what was found was not confirmed in fresh runs: " +
           std::string(to_string(result_.confirmation->end)));
  return {};
}

Status Tuner::price() {
  auto before = price_of(result_.given());
  if (!before) return tl::unexpected(std::move(before).error());
  auto after = price_of(result_.search.winner);
  if (!after) return tl::unexpected(std::move(after).error());
  result_.price_before = *before;
  result_.price_after = *after;
  return {};
}

/// Under a load of ten events a second, which is as good as none. Sources are not counted: without
/// events one that reads a file or a pipe waits in the kernel.
Result<TunePrice> Tuner::price_of(const TunePoint& point) {
  const Config config = config_at(point);
  LoadSetup setup = setup_.load;
  setup.config = &config;
  const Result<Plan> plan = plan_load(setup);
  if (!plan) return tl::unexpected(plan.error());
  const auto idle = run(point, {.rate = 10, .warmup = result_.warmup, .duration = kIdleTime});
  if (!idle) return tl::unexpected(idle.error());
  std::uint64_t cpu_ns = 0;
  for (unsigned i = 0; i < plan->runner_threads; ++i)
    for (const ThreadUsage& thread : idle->threads)
      if (thread.name == plan->threads[i].name) cpu_ns += thread.cpu_ns;
  const auto cpu = cpu_s_per_million_.find(point);
  return TunePrice{
      .idle_cpus = static_cast<double>(cpu_ns) / static_cast<double>(idle->measured_ns),
      .cpu_s_per_million = cpu == cpu_s_per_million_.end() ? 0 : median_of(cpu->second),
      .memory_bytes = plan->memory.total};
}

}  // namespace

std::string_view to_string(TuneFinding finding) noexcept {
  return kFindings[static_cast<std::size_t>(finding)];
}

TunePoint TuneResult::given() const {
  TunePoint point;
  for (const Knob& knob : knobs.all) point.push_back(knob.given);
  return point;
}

std::vector<std::size_t> TuneResult::changed() const {
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < search.winner.size(); ++i)
    if (search.winner[i] != knobs.all[i].given) changed.push_back(i);
  return changed;
}

Result<TuneResult> tune_config(const TuneSetup& setup, const TuneOptions& options) {
  return Tuner(setup, options).tune();
}

}  // namespace penstock
