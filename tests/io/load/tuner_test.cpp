// SPDX-License-Identifier: Apache-2.0
// Tuning against runs that the test makes up: a config's capacity and latency are planted in one of
// its keys, and what is found, confirmed and written must be that and nothing else.
#include <penstock/io/load/tune/tuner.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/load/tune/tune_report.hpp>

namespace penstock::test {
namespace {

/// What a run of a config under a load comes to.
struct Planted {
  double capacity = 1e6;      ///< events a second
  double latency_ns = 50e3;   ///< of every event, while it keeps up
  double dead_share = 0;      ///< of the events
  bool load_is_late = false;  ///< the source, and not the pipeline, falls behind
  std::uint64_t missing = 0;  ///< events that no count has
};

LoadRun run_of(const Planted& planted, const LoadOptions& load) {
  LoadRun run;
  const double seconds = std::chrono::duration<double>(load.duration).count();
  const bool keeps_up = load.rate <= planted.capacity;
  run.rate_asked = load.rate;
  run.measured_ns = static_cast<std::uint64_t>(load.duration.count());
  run.ended = static_cast<std::uint64_t>(std::min(load.rate, planted.capacity) * seconds);
  if (!keeps_up || planted.load_is_late) run.overrun_ns = run.measured_ns / 4;
  if (!keeps_up) run.blocked_ns = run.overrun_ns;
  Histogram histogram;
  histogram.record(static_cast<std::uint64_t>(planted.latency_ns * (keeps_up ? 1 : 1000)), 1000);
  run.latency_ns = histogram.snapshot();
  if (planted.load_is_late) run.lateness_ns = run.own_lateness_ns = run.latency_ns;
  Stats& stats = run.report.stats;
  run.sent = stats.offered = stats.accepted = run.ended;
  stats.dead = static_cast<std::uint64_t>(planted.dead_share * static_cast<double>(run.ended));
  stats.completed = stats.accepted - stats.dead - planted.missing;
  run.report.drained = true;
  run.threads = {{.name = "p0 main", .id = 1, .cpu_ns = run.measured_ns / 2}};
  return run;
}

class Tuner : public testing::Test {
 protected:
  using Landscape = std::function<Planted(const PipelineOptions&, double rate)>;

  TuneResult tune(const Landscape& landscape, TuneOptions options = {},
                  const std::string& text = "[batch]\nevents = 16\n") {
    text_ = text;
    auto config = parse_config(text_, "x.toml");
    EXPECT_TRUE(config) << config.error().message;
    config_ = *config;
    asked_.clear();
    auto result = tune_config(
        {.load = {.config = &config_,
                  .events = &events_,
                  .fill_stages = {},
                  .cpus = CpuLimits{.cpus = {0, 1, 2, 3}},
                  .on_progress = {},
                  .asked_to_stop = {}},
         .text = text_,
         .on_run = {},
         .run = [&](const LoadSetup& setup, const LoadOptions& load) -> Result<LoadRun> {
           asked_.push_back(setup.config->pipeline.batch.events);
           return run_of(landscape(setup.config->pipeline, load.rate), load);
         }},
        options);
    EXPECT_TRUE(result) << result.error().message;
    return result ? *std::move(result) : TuneResult{};
  }
  /// "batch: 16 events -> 4 events".
  static std::vector<std::string> changes(const TuneResult& result) {
    std::vector<std::string> words;
    for (const std::size_t i : result.changed()) {
      const Knob& knob = result.knobs.all[i];
      words.push_back(knob.name + ": " + knob.choices[knob.given].label + " -> " +
                      knob.choices[result.search.winner[i]].label);
    }
    return words;
  }
  static const TuneTrial* trial_of(const TuneResult& result, std::string_view label) {
    for (const TuneTrial& trial : result.search.trials)
      if (result.knobs.all[trial.knob].choices[trial.to].label == label) return &trial;
    return nullptr;
  }

  EventPool events_ = EventPool::of_orders({}, 100);
  std::string text_;
  Config config_;
  std::vector<std::uint32_t> asked_;  ///< batch.events of each run
};

/// Batches of 64 are best by half, of 256 and of 16 alike.
Planted batches_of_64(const PipelineOptions& options, double /*rate*/) {
  return {.capacity = options.batch.events == 64 ? 1.5e6 : 1e6,
          .latency_ns = options.batch.events == 64 ? 30e3 : 60e3};
}

TuneOptions with_slo(const char* slo, std::optional<double> rate = {}) {
  TuneOptions options;
  options.slo = *parse_slo(slo);
  options.rate = rate;
  return options;
}

TEST_F(Tuner, finds_what_is_planted_in_throughput_and_writes_it) {
  const TuneResult result = tune(batches_of_64);
  EXPECT_EQ(result.finding, TuneFinding::pays) << result.why;
  EXPECT_EQ(changes(result), std::vector<std::string>{"batch: 16 events -> 64 events"});
  EXPECT_NEAR(result.confirmation->costs.ratio(), 1 / 1.5, 1e-3);
  const auto written = tuned_config(result, text_, "x.toml", "a test");
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(parse_config(*written, "y.toml")->pipeline.batch.events, 64U);
}

TEST_F(Tuner, finds_what_is_planted_in_the_latency_at_a_rate) {
  const TuneResult result = tune(batches_of_64, with_slo("p99=100us", 100'000));
  EXPECT_EQ(result.finding, TuneFinding::pays) << result.why;
  EXPECT_EQ(changes(result), std::vector<std::string>{"batch: 16 events -> 64 events"});
  EXPECT_EQ(result.slo_met, result.confirmation->costs.pairs());
}

TEST_F(Tuner, where_all_are_alike_the_config_stands) {
  const auto flat = [](const PipelineOptions&, double) { return Planted{}; };
  for (const TuneOptions& options : {TuneOptions{}, with_slo("p99=100us", 100'000)}) {
    const TuneResult result = tune(flat, options);
    EXPECT_EQ(result.finding, TuneFinding::stands);
    EXPECT_TRUE(changes(result).empty());
    EXPECT_FALSE(result.confirmation);
  }
}

TEST_F(Tuner, slo_alone_is_confirmed_by_searches_in_turns) {
  const TuneResult result = tune(batches_of_64, with_slo("p99=100us"));
  EXPECT_EQ(result.finding, TuneFinding::pays) << result.why;
  EXPECT_EQ(result.rates_before.size(), 3U);
  EXPECT_EQ(result.rates_after.size(), 3U);
  EXPECT_NEAR(result.rates->ratio, 1.5, 0.1);
  // Searches of the given config and of the winner, as pairs are: g w w g g w.
  std::vector<std::uint32_t> turns;
  for (const std::uint32_t events : asked_)
    if (turns.empty() || turns.back() != events) turns.push_back(events);
  turns.resize(turns.size() - 2);  // the price: one run of each
  ASSERT_GE(turns.size(), 4U);
  turns.erase(turns.begin(), turns.end() - 4);
  EXPECT_EQ(turns, (std::vector<std::uint32_t>{16, 64, 16, 64}));
}

TEST_F(Tuner, better_latency_without_a_higher_rate_does_not_pay_for_an_slo_alone) {
  const auto same_rate = [](const PipelineOptions& options, double) {
    return Planted{.latency_ns = options.batch.events == 64 ? 30e3 : 60e3};
  };
  const TuneResult result = tune(same_rate, with_slo("p99=100us"));
  EXPECT_EQ(result.finding, TuneFinding::stands);
  EXPECT_EQ(changes(result), std::vector<std::string>{"batch: 16 events -> 64 events"});
  EXPECT_NE(result.why.find("holds no rate that is higher"), std::string::npos) << result.why;
}

TEST_F(Tuner, slo_that_holds_at_no_rate_is_told) {
  const auto slow = [](const PipelineOptions&, double) { return Planted{.latency_ns = 1e6}; };
  EXPECT_EQ(tune(slow, with_slo("p99=100us")).finding, TuneFinding::no_rate);
}

TEST_F(Tuner, with_nothing_to_turn_nothing_is_run) {
  TuneOptions options = with_slo("p99=100us");
  for (const std::string_view name : knob_names()) options.keep.emplace_back(name);
  const TuneResult result = tune(batches_of_64, options);
  EXPECT_EQ(result.finding, TuneFinding::stands);
  EXPECT_EQ(result.why, "there is nothing to turn");
  EXPECT_TRUE(asked_.empty());
}

TEST_F(Tuner, candidate_that_loses_more_events_does_not_hold) {
  const auto loses = [](const PipelineOptions& options, double rate) {
    Planted planted = batches_of_64(options, rate);
    planted.dead_share = options.batch.events == 64 ? 0.03 : 0.01;
    return planted;
  };
  const TuneResult result = tune(loses);
  EXPECT_EQ(result.finding, TuneFinding::stands);
  ASSERT_NE(trial_of(result, "64 events"), nullptr);
  EXPECT_EQ(trial_of(result, "64 events")->end, TrialEnd::not_held);
}

TEST_F(Tuner, what_cannot_be_run_together_is_not_run) {
  const auto large_batches = [](const PipelineOptions& options, double) {
    return Planted{.capacity = 1e4 * options.batch.events};
  };
  const TuneResult result = tune(large_batches, {}, "[ring]\narena = \"1MiB\"\n");
  EXPECT_EQ(changes(result),
            std::vector<std::string>{"batch: 64 events -> 1,024 events or 512KiB"});
  const TuneTrial* const trial = trial_of(result, "1,024 slots, 256KiB");
  ASSERT_NE(trial, nullptr);
  EXPECT_EQ(trial->end, TrialEnd::could_not);
  EXPECT_EQ(trial->costs.pairs(), 0U);
  EXPECT_TRUE(std::ranges::any_of(result.remarks, [](const std::string& remark) {
    return remark.find("a batch could take more than a quarter of the ring") != std::string::npos;
  }));
}

TEST_F(Tuner, run_whose_load_was_late_is_done_once_more) {
  bool late = false;  // every second run of another config than the given one
  const auto every_second = [&late](const PipelineOptions& options, double rate) {
    Planted planted = batches_of_64(options, rate);
    if (options.batch.events == 64) planted.load_is_late = late = !late;
    return planted;
  };
  const TuneResult result = tune(every_second, with_slo("p99=100us", 100'000));
  EXPECT_EQ(result.finding, TuneFinding::pays) << result.why;
}

TEST_F(Tuner, counts_that_do_not_add_up_end_it) {
  const auto missing = [](const PipelineOptions& options, double rate) {
    Planted planted = batches_of_64(options, rate);
    planted.missing = options.batch.events == 64 ? 1 : 0;
    return planted;
  };
  const TuneResult result = tune(missing);
  EXPECT_EQ(result.finding, TuneFinding::stopped);
  EXPECT_NE(result.why.find("do not add up"), std::string::npos) << result.why;
}

TEST_F(Tuner, search_of_one_pair_is_refused) {
  TuneOptions options;
  options.search.pairs = 1;
  config_ = *parse_config("", "x.toml");
  const auto refused = tune_config(
      {.load = {.config = &config_, .events = &events_}, .text = "", .on_run = {}}, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace penstock::test
