// SPDX-License-Identifier: Apache-2.0
// Loads that are run: every planned event is accounted for, whatever the pipeline does. Nothing
// here looks at how long something took: on a busy machine the same must hold.
#include <atomic>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/load/event_pool.hpp>
#include <penstock/io/load/hiccup_meter.hpp>
#include <penstock/io/load/load_run.hpp>
#include <penstock/io/load/load_source.hpp>

namespace penstock::test {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

std::string temporary(const std::string& name) { return ::testing::TempDir() + "penstock-" + name; }

TEST(EventPool, lines_of_a_file_are_taken_as_a_source_would) {
  const std::string path = temporary("pool.ndjson");
  std::ofstream(path) << "{\"a\":1}\r\n\n  \n" << std::string(100, 'x') << "\n{\"b\":2}";
  const auto pool = EventPool::of_file(path, 50);
  ASSERT_TRUE(pool) << pool.error().message;
  ASSERT_EQ(pool->size(), 2U);
  EXPECT_EQ((*pool)[0], "{\"a\":1}");
  EXPECT_EQ((*pool)[1], "{\"b\":2}");
  EXPECT_EQ(pool->bytes_mean(), 7);
  EXPECT_EQ(pool->origin(), "2 events of " + path);
}

TEST(EventPool, file_without_an_event_is_an_error_that_names_it) {
  const std::string path = temporary("empty.ndjson");
  std::ofstream(path) << "\n\n";
  for (const std::string& wrong : {path, path + ".gone", std::string("/dev/null")}) {
    const auto pool = EventPool::of_file(wrong, 50);
    ASSERT_FALSE(pool);
    EXPECT_EQ(pool.error().code, ErrorCode::unavailable);
    EXPECT_NE(pool.error().message.find(wrong), std::string::npos) << pool.error().message;
  }
}

TEST(EventPool, generated_orders_are_those_of_their_options) {
  const EventPool pool = EventPool::of_orders({.seed = 3}, 10);
  OrderGenerator orders({.seed = 3});
  for (std::size_t i = 0; i < pool.size(); ++i) {
    std::string event;
    orders.append(event);
    EXPECT_EQ(pool[i], event);
  }
  EXPECT_EQ(pool.origin(), "10 generated orders");
}

TEST(HiccupMeter, stall_counts_for_every_sleep_that_could_not_begin) {
  Histogram late;
  record_hiccup(late, 35, 10);
  const HistogramSnapshot snapshot = late.snapshot();
  EXPECT_EQ(snapshot.count(), 4U);  // 35, 25, 15, 5
  EXPECT_EQ(snapshot.min(), 5U);
  EXPECT_EQ(snapshot.max(), 35U);
  Histogram none;
  record_hiccup(none, 0, 10);
  EXPECT_EQ(none.snapshot().count(), 1U);
}

TEST(HiccupMeter, measures_until_it_is_destroyed) {
  auto meter = HiccupMeter::start();
  ASSERT_TRUE(meter) << meter.error().message;
  while ((*meter)->snapshot().count() < 3) std::this_thread::yield();
}

/// A pipeline on a clock of the test, with a load source.
struct LoadOnClock {
  explicit LoadOnClock(LoadSource::Options options, const EventPool& pool) {
    auto made = std::make_unique<LoadSource>(std::move(options), pool, clock);
    source = made.get();
    PipelineBuilder builder{PipelineOptions{}};
    builder.source(std::move(made)).clock(clock);
    auto built = builder.build();
    if (!built) throw std::runtime_error(built.error().message);
    pipeline.emplace(std::move(*built));
  }

  Report run() {
    EXPECT_TRUE(pipeline->start());
    EXPECT_TRUE(pipeline->wait_for_sources(60s));
    return pipeline->stop(60s);
  }

  ManualClock clock{1'000'000};
  LoadSource* source = nullptr;
  std::optional<Pipeline> pipeline;
};

TEST(LoadSource, overdue_events_are_sent_at_once_and_carry_the_time_they_were_due) {
  const EventPool pool = EventPool::of_orders({}, 7);
  // Ten events, one every 100 ns, all of them overdue when the source first looks.
  LoadOnClock load({.schedule = {.rate = 1e7}, .duration_ns = 1'000, .overrun_ns = 1'000'000},
                   pool);
  load.source->begin_at(900'000);
  const Report report = load.run();
  EXPECT_EQ(load.source->sent(), 10U);
  EXPECT_EQ(report.stats.completed, 10U);
  EXPECT_EQ(load.source->unsent_ns().count(), 0U);
  // The first was due at 900,000 and the last at 900,900; the clock stands at 1,000,000.
  for (const HistogramSnapshot& late : {load.source->lateness_ns(), report.stats.latency_ns}) {
    EXPECT_EQ(late.count(), 10U);
    EXPECT_EQ(late.max(), 100'000U);
    EXPECT_LE(late.min(), 99'100U);
    EXPECT_GE(late.min(), 99'100U - 99'100U / 64);
  }
}

TEST(LoadSource, what_could_not_be_sent_in_time_counts_with_what_it_waited) {
  const EventPool pool = EventPool::of_orders({}, 7);
  LoadOnClock load({.schedule = {.rate = 1e7}, .duration_ns = 1'000, .overrun_ns = 500}, pool);
  load.source->begin_at(900'000);  // ended, with its overrun, at 901,500: long ago
  const Report report = load.run();
  EXPECT_EQ(load.source->sent(), 0U);
  EXPECT_EQ(report.stats.offered, 0U);
  EXPECT_EQ(load.source->unsent_ns().count(), 10U);
  EXPECT_EQ(load.source->unsent_ns().max(), 100'000U);
}

TEST(LoadSource, more_unsent_events_than_one_poll_counts_are_counted_and_told_in_order) {
  const EventPool pool = EventPool::of_orders({}, 7);
  const auto phases = std::make_shared<LoadPhases>();
  phases->sending.reset(1);
  phases->counting.reset(1);
  LoadOnClock load(
      {.schedule = {.rate = 1e9}, .duration_ns = 200'000, .overrun_ns = 500, .phases = phases},
      pool);
  load.source->begin_at(1);  // ended, with its overrun, at 200,501: long ago
  ASSERT_TRUE(load.pipeline->start());
  while (!phases->counting.zero()) std::this_thread::yield();
  EXPECT_TRUE(phases->sending.zero());
  EXPECT_EQ(load.source->unsent_ns().count(), 200'000U);
  EXPECT_EQ(load.pipeline->stop(60s).stats.offered, 0U);
}

Config config_of(const std::string& more) {
  auto config = parse_config("[pipeline]\nname = \"loaded\"\nkey = \"subject\"\n" + more, "x.toml");
  if (!config) throw std::runtime_error(config.error().message);
  return std::move(*config);
}

/// Everything but time: the run may have been as slow as it liked.
void expect_whole(const LoadRun& run) {
  const Stats& stats = run.report.stats;
  std::uint64_t refused = 0;
  for (const std::uint64_t count : stats.refused) refused += count;
  // Refused as full: what each source had in its hand when it gave up.
  EXPECT_EQ(stats.offered - stats.refused[static_cast<std::size_t>(RefuseReason::full)], run.sent);
  EXPECT_EQ(stats.offered, stats.accepted + refused);
  EXPECT_EQ(stats.accepted, stats.completed + stats.dropped + stats.dead);
  EXPECT_TRUE(run.report.drained);
}

TEST(LoadRun, all_that_was_planned_was_sent_or_counts_as_unsent) {
  const Config config = config_of("partitions = 2\n[[sink]]\nkind = \"null\"\n");
  const EventPool pool = EventPool::of_orders({}, 100);
  unsigned told = 0;
  const auto run =
      run_load({.config = &config, .events = &pool, .on_progress = [&](const Stats&) { ++told; }},
               {.rate = 20'000, .warmup = 50ms, .duration = 200ms});
  ASSERT_TRUE(run) << run.error().message;
  expect_whole(*run);
  EXPECT_EQ(run->sent + run->unsent, 5'000U);  // of 250 ms
  EXPECT_EQ(run->rate_asked, 20'000);
  EXPECT_FALSE(run->intervals.empty());
  EXPECT_EQ(told, run->intervals.size());
  std::uint64_t in_intervals = 0;
  for (const LoadInterval& interval : run->intervals) in_intervals += interval.latency_ns.count();
  EXPECT_EQ(in_intervals, run->latency_ns.count());
  EXPECT_GE(run->threads.size(), 2U);
  ASSERT_EQ(run->segments.size(), 1U);
  EXPECT_EQ(run->segments[0].steps.back().name, "sinks");
  // The numbers at the end of the warm-up are taken while events pass, the latencies first: what
  // had a latency then had its wait, too. Those of the whole run agree.
  const Stats& whole = run->report.stats;
  EXPECT_EQ(whole.segments[0].wait_ns.count(), whole.latency_ns.count());
  if (run->latency_ns.count() - run->unsent < whole.latency_ns.count()) {
    EXPECT_LT(run->segments[0].wait_ns.count(), whole.segments[0].wait_ns.count());
  }
}

TEST(LoadRun, stages_and_refusals_of_the_config_do_what_they_do_in_any_run) {
  Config config = config_of("partitions = 1\n[[stage]]\nname = \"half\"\nuse = \"handler\"\n");
  config.sources = {{.kind = SourceKind::file, .path = "a"},
                    {.kind = SourceKind::file, .path = "b"}};
  const EventPool pool = EventPool::of_orders({.invalid_share = 0.1}, 1'000);
  const auto run = run_load(
      {.config = &config,
       .events = &pool,
       .fill_stages =
           [](PipelineBuilder& builder) {
             builder.stage("half", [count = 0](Event&, Context&) mutable {
               return ++count % 2 == 0 ? Outcome::drop() : Outcome::next();
             });
           }},
      {.rate = 20'000, .shape = LoadShape::bursts, .burst = 50, .warmup = 0ms, .duration = 100ms});
  ASSERT_TRUE(run) << run.error().message;
  expect_whole(*run);
  const Stats& stats = run->report.stats;
  EXPECT_EQ(stats.dropped, (stats.completed + stats.dropped) / 2);
  // The first hundred of the pool have invalid ones among them.
  EXPECT_TRUE(run->sent < 100 ||
              stats.refused[static_cast<std::size_t>(RefuseReason::invalid)] > 0);
  // Two sources in the places of the config's two.
  std::set<std::string> names;
  for (const ThreadUsage& thread : run->threads) names.insert(thread.name);
  EXPECT_EQ(names.size(), run->threads.size());
}

TEST(LoadRun, stage_that_hangs_fails_the_run_and_none_of_its_events_vanishes) {
  Config config = config_of("partitions = 1\n[[stage]]\nname = \"stuck\"\nuse = \"handler\"\n");
  config.pipeline.ring.slots = 1'024;
  config.pipeline.drain_timeout = 20ms;
  // The hanging thread is left behind with them.
  static const EventPool pool = EventPool::of_orders({}, 100);
  const auto released = std::make_shared<std::atomic<bool>>(false);
  const auto run = run_load({.config = &config,
                             .events = &pool,
                             .fill_stages =
                                 [&](PipelineBuilder& builder) {
                                   builder.stage("stuck", [released](Event&, Context&) {
                                     // acquire: pairs with the release at the end of the test.
                                     released->wait(false, std::memory_order_acquire);
                                     return Outcome::next();
                                   });
                                 }},
                            {.rate = 20'000, .warmup = 0ms, .duration = 200ms});
  // release: pairs with the acquire in the stage.
  released->store(true, std::memory_order_release);
  released->notify_all();
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->sent + run->unsent, 4'000U);
  EXPECT_GE(run->unsent, 4'000U - 1'024U);
  EXPECT_EQ(run->unfinished(), run->sent);
  // Each counts with what it waited at least, in the run and in its last interval.
  EXPECT_EQ(run->latency_ns.count(), 4'000U);
  EXPECT_EQ(run->intervals.back().latency_ns.count(), 4'000U);
  EXPECT_GE(run->latency_ns.min(), 20'000'000U);
  EXPECT_FALSE(run->kept_up());
}

TEST(LoadRun, segments_on_threads_of_their_own_hand_their_times_over) {
  const Config config = config_of(
      "partitions = 1\n[threads]\nrunners = 2\n"
      "[[segment]]\nname = \"front\"\n[[segment]]\nname = \"back\"\nafter = [\"front\"]\n"
      "[[stage]]\nname = \"first\"\nsegment = \"front\"\n"
      "[[stage]]\nname = \"second\"\nsegment = \"back\"\n");
  const EventPool pool = EventPool::of_orders({}, 100);
  const auto run =
      run_load({.config = &config,
                .events = &pool,
                .fill_stages =
                    [](PipelineBuilder& builder) {
                      for (const char* const name : {"first", "second"})
                        builder.stage(name, [](Event&, Context&) { return Outcome::next(); });
                    }},
               {.rate = 50'000, .warmup = 0ms, .duration = 100ms});
  ASSERT_TRUE(run) << run.error().message;
  expect_whole(*run);
  const Stats& stats = run->report.stats;
  ASSERT_EQ(stats.segments.size(), 2U);
  ASSERT_EQ(run->segments.size(), 2U);
  EXPECT_EQ(run->segments[0].steps.back().name, "first");
  EXPECT_EQ(run->segments[1].steps.back().name, "second");
  // Waits and steps of both follow each other within the latency: together they are no more.
  double sum_ns = 0;
  for (const SegmentStats& segment : stats.segments) {
    EXPECT_EQ(segment.wait_ns.count(), stats.completed);
    sum_ns += segment.wait_ns.mean();
    for (const StepStats& step : segment.steps) sum_ns += step.service_ns.mean();
  }
  constexpr double kCells = 1.05;  // values are known to 1.6 %, their means a little worse
  EXPECT_LE(sum_ns, stats.latency_ns.mean() * kCells);
}

TEST(LoadRun, mistakes_of_the_config_and_requests_to_stop_are_errors) {
  const Config config =
      config_of("partitions = 1\n[[stage]]\nname = \"gone\"\nuse = \"handler\"\n");
  const EventPool pool = EventPool::of_orders({}, 10);
  const auto unfilled = run_load({.config = &config, .events = &pool}, {});
  ASSERT_FALSE(unfilled);
  EXPECT_EQ(unfilled.error().code, ErrorCode::invalid_config);
  EXPECT_FALSE(describe_load({.config = &config, .events = &pool}, {}));
  const Config fine = config_of("partitions = 1\n");
  const auto stopped =
      run_load({.config = &fine, .events = &pool, .asked_to_stop = [] { return true; }}, {});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::timed_out);
}

TEST(LoadRun, description_says_what_and_on_what) {
  const Config config = config_of("partitions = 3\n");
  const EventPool pool = EventPool::of_orders({}, 10);
  const auto described = describe_load({.config = &config, .events = &pool}, {.rate = 5});
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_EQ(described->pipeline, "loaded");
  EXPECT_EQ(described->config, "x.toml");
  EXPECT_EQ(described->partitions, 3U);
  EXPECT_EQ(described->asked.rate, 5);
  EXPECT_EQ(described->events, "10 generated orders");
  EXPECT_FALSE(described->machine.cpu.empty());
  EXPECT_FALSE(described->plan.empty());
}

}  // namespace
}  // namespace penstock::test
