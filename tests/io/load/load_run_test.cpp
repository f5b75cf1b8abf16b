// SPDX-License-Identifier: Apache-2.0
// Loads that are run: every planned event is accounted for, whatever the pipeline does. Nothing
// here looks at how long something took: on a busy machine the same must hold.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/load/event_pool.hpp>
#include <penstock/io/load/load_run.hpp>

namespace penstock::test {
namespace {

using std::chrono_literals::operator""ms;

Config config_of(const std::string& more) {
  auto config = parse_config("[pipeline]\nname = \"loaded\"\nkey = \"subject\"\n" + more, "x.toml");
  if (!config) throw std::runtime_error(config.error().message);
  return std::move(*config);
}

/// Everything but time: the run may have been as slow as it liked.
void expect_whole(const LoadRun& run) {
  const Stats& stats = run.report.stats;
  // Refused as full: what each source had in its hand when it gave up.
  EXPECT_EQ(stats.offered - stats.refused[static_cast<std::size_t>(RefuseReason::full)], run.sent);
  EXPECT_TRUE(stats.is_conserved());
  EXPECT_EQ(stats.in_flight, 0U);
  EXPECT_TRUE(run.report.drained);
}

TEST(LoadRun, what_shares_cpus_is_told_and_stands_in_the_result) {
  const Config config = config_of("partitions = 1\n[threads]\npin = \"none\"\n");
  const EventPool pool = EventPool::of_orders({}, 10);
  const std::vector<unsigned> ours = read_cpu_limits().cpus;
  ASSERT_FALSE(ours.empty());
  const LoadSetup setup{.config = &config, .events = &pool, .cpus = CpuLimits{.cpus = {ours[0]}}};
  const auto described = describe_load(setup, {});
  ASSERT_TRUE(described) << described.error().message;
  std::string told;
  for (const std::string& remark : described->remarks) told += remark + '\n';
  EXPECT_NE(told.find("2 threads share 1 CPU: "), std::string::npos) << told;
  EXPECT_NE(told.find("the load sleeps until an event is due"), std::string::npos) << told;
  EXPECT_NE(told.find("the hiccup meter and the measuring thread have no CPU for themselves"),
            std::string::npos)
      << told;
  const auto run = run_load(setup, {.rate = 1'000, .warmup = 0ms, .duration = 100ms});
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_TRUE(run->hiccups_shared);
  EXPECT_EQ(run->spun_ns, 0U);
  EXPECT_EQ(run->hiccups_cpu, ours[0]);  // nobody is pinned to it
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
  // Those that were due in the 200 ms behind the warm-up, however late anything was.
  EXPECT_EQ(run->latency_ns.count(), 4'000U);
  if (run->unsent == 0) {
    EXPECT_EQ(run->lateness_ns.count(), 4'000U);
    EXPECT_EQ(run->segments[0].wait_ns.count(), 4'000U);
  }
}

/// The stage holds the first event back until the warm-up has ended, and with it all others.
TEST(LoadRun, events_of_the_warmup_that_end_behind_it_count_in_no_time) {
  const Config config =
      config_of("partitions = 1\n[[stage]]\nname = \"held\"\nuse = \"handler\"\n");
  static const EventPool pool = EventPool::of_orders({}, 100);
  const auto released = std::make_shared<std::atomic<bool>>(false);
  const auto release = [released] {
    // release: pairs with the acquire in the stage.
    released->store(true, std::memory_order_release);
    released->notify_all();
  };
  const auto run = run_load({.config = &config,
                             .events = &pool,
                             .fill_stages =
                                 [&](PipelineBuilder& builder) {
                                   builder.stage("held", [released](Event&, Context&) {
                                     // acquire: pairs with the release of the first interval's end.
                                     released->wait(false, std::memory_order_acquire);
                                     return Outcome::next();
                                   });
                                 },
                             .on_progress = [&](const Stats&) { release(); }},
                            {.rate = 1'000, .warmup = 50ms, .duration = 950ms});
  release();
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->sent + run->unsent, 1'000U);  // of which 50 were due in the warm-up
  EXPECT_EQ(run->latency_ns.count(), 950U);
  const std::uint64_t completed = run->latency_ns.count() - run->unsent;
  EXPECT_EQ(run->segments[0].wait_ns.count(), completed);
  for (const StepStats& step : run->segments[0].steps)
    EXPECT_EQ(step.service_ns.count(), completed) << step.name;
}

/// Allocations as a program would count them: of all threads, and of each.
struct Allocations {
  static inline std::atomic<std::uint64_t> all{0};
  static inline thread_local std::uint64_t own = 0;
  static void add(std::uint64_t count) {
    // relaxed: statistic.
    all.fetch_add(count, std::memory_order_relaxed);
    own += count;
  }
  static std::uint64_t of_all() {
    // relaxed: statistic.
    return all.load(std::memory_order_relaxed);
  }
  static std::uint64_t of_caller() { return own; }
};

TEST(LoadRun, allocations_are_those_of_the_pipeline_and_not_the_measuring_threads) {
  const Config config =
      config_of("partitions = 1\n[[stage]]\nname = \"wasteful\"\nuse = \"handler\"\n");
  const EventPool pool = EventPool::of_orders({}, 100);
  LoadSetup setup{.config = &config,
                  .events = &pool,
                  .fill_stages =
                      [](PipelineBuilder& builder) {
                        builder.stage("wasteful", [](Event&, Context&) {
                          Allocations::add(1);
                          return Outcome::next();
                        });
                      },
                  .allocations = Allocations::of_all,
                  .own_allocations = Allocations::of_caller,
                  // One call for each interval, and so between the marks.
                  .on_progress = [](const Stats&) { Allocations::add(1'000'000); },
                  .asked_to_stop =
                      [] {
                        Allocations::add(1'000'000);
                        return false;
                      }};
  const LoadOptions load{.rate = 1'000, .warmup = 50ms, .duration = 300ms};
  const auto run = run_load(setup, load);
  ASSERT_TRUE(run) << run.error().message;
  ASSERT_TRUE(run->allocations);
  EXPECT_LE(*run->allocations, run->sent);
  setup.own_allocations = nullptr;  // cannot be told apart
  const auto with_own = run_load(setup, load);
  ASSERT_TRUE(with_own) << with_own.error().message;
  EXPECT_GE(*with_own->allocations, 1'000'000U);
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
  // The ring was full, and the source waited for room: it was not the source that did not keep up.
  EXPECT_GT(run->blocked_ns, 0U);
  EXPECT_FALSE(run->load_was_the_limit());
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
