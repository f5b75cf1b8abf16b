// SPDX-License-Identifier: Apache-2.0
// What a load is made of: the pool of events, the source that publishes them, the hiccup meter, and
// where they run. On a clock of the test, or without looking at time.
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/load/event_pool.hpp>
#include <penstock/io/load/hiccup_meter.hpp>
#include <penstock/io/load/load_placement.hpp>
#include <penstock/io/load/load_source.hpp>
#include <penstock/pipeline/flow/pipeline.hpp>

namespace penstock::test {
namespace {

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

/// A plan of so many threads, on these CPUs or on any.
Plan plan_of(unsigned runners, unsigned sources, const std::vector<unsigned>& pinned) {
  Plan plan;
  plan.runner_threads = runners;
  plan.source_threads = sources;
  for (unsigned i = 0; i < runners + sources; ++i)
    plan.threads.push_back({.name = "t" + std::to_string(i),
                            .cpu = i < pinned.size() ? std::optional(pinned[i]) : std::nullopt,
                            .runs = {}});
  return plan;
}

TEST(LoadPlacement, sources_spin_only_where_every_thread_has_a_cpu) {
  const auto spins = [](unsigned runners, unsigned sources, const CpuLimits& limits) {
    return place_load(plan_of(runners, sources, {}), limits).sources_spin;
  };
  EXPECT_TRUE(spins(1, 1, {.cpus = {0, 1}}));
  EXPECT_FALSE(spins(2, 1, {.cpus = {0, 1}}));
  EXPECT_FALSE(spins(1, 2, {.cpus = {0, 1}}));
  EXPECT_FALSE(spins(1, 1, {.cpus = {0}}));
  EXPECT_FALSE(spins(1, 1, {.cpus = {0, 1, 2, 3}, .quota = 1.9}));
  EXPECT_TRUE(spins(1, 1, {.cpus = {0, 1, 2, 3}, .quota = 2.5}));
  EXPECT_FALSE(spins(2, 1, {.cpus = {0, 1, 2, 3}, .quota = 2.5}));
}

TEST(LoadPlacement, hiccups_are_measured_where_no_thread_is_pinned_or_told_to_share) {
  const CpuLimits four{.cpus = {4, 5, 6, 7}};
  const LoadPlacement free = place_load(plan_of(1, 1, {4, 5}), four);
  EXPECT_EQ(free.meter_cpu, 7U);
  EXPECT_FALSE(free.meter_shares);
  EXPECT_TRUE(free.remarks(plan_of(1, 1, {4, 5}), four).empty());
  const LoadPlacement one = place_load(plan_of(1, 1, {7, 5}), four);
  EXPECT_EQ(one.meter_cpu, 6U);
  // Threads that run anywhere need CPUs, too.
  EXPECT_FALSE(place_load(plan_of(1, 2, {4}), four).meter_shares);
  EXPECT_TRUE(place_load(plan_of(2, 2, {4}), four).meter_shares);
  const CpuLimits two{.cpus = {0, 1}};
  const LoadPlacement none = place_load(plan_of(1, 1, {0, 1}), two);
  EXPECT_FALSE(none.meter_cpu);
  EXPECT_TRUE(none.meter_shares);
  ASSERT_EQ(none.remarks(plan_of(1, 1, {0, 1}), two).size(), 1U);
  EXPECT_TRUE(none.remarks(plan_of(1, 1, {0, 1}), two)[0].starts_with(
      "the hiccup meter and the measuring thread have no CPU"));
  // Under a quota the meter is stopped with the others, wherever it runs.
  EXPECT_TRUE(place_load(plan_of(1, 1, {}), {.cpus = {0, 1, 2, 3}, .quota = 2}).meter_shares);
}

TEST(HiccupMeter, runs_on_the_cpu_that_it_was_given) {
  const std::vector<unsigned> ours = read_cpu_limits().cpus;
  ASSERT_FALSE(ours.empty());
  const auto pinned = HiccupMeter::start(ours.back());
  ASSERT_TRUE(pinned) << pinned.error().message;
  EXPECT_EQ((*pinned)->cpu(), ours.back());
  const auto anywhere = HiccupMeter::start();
  ASSERT_TRUE(anywhere) << anywhere.error().message;
  EXPECT_EQ((*anywhere)->cpu(), std::nullopt);
  const auto nowhere = HiccupMeter::start(1'000'000);
  ASSERT_TRUE(nowhere) << nowhere.error().message;
  EXPECT_EQ((*nowhere)->cpu(), std::nullopt);
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
  for (const HistogramSnapshot& late :
       {load.source->lateness_ns(), load.source->own_lateness_ns(), report.stats.latency_ns}) {
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

TEST(LoadSource, waits_for_room_excuse_lateness_until_the_source_has_caught_up) {
  OwnLateness own;
  EXPECT_EQ(own.of(30), 30U);  // nothing but itself
  own.waited_for_room(100);
  EXPECT_EQ(own.of(120), 20U);  // a gap of 10 since
  EXPECT_EQ(own.of(70), 0U);    // it catches up
  EXPECT_EQ(own.of(90), 20U);   // and is late by itself
  EXPECT_EQ(own.of(0), 0U);     // it has caught up: nothing is excused any more
  EXPECT_EQ(own.of(50), 50U);
  own.waited_for_room(10);
  own.waited_for_room(10);
  EXPECT_EQ(own.of(50), 30U);
}

TEST(LoadSource, what_was_due_in_the_warmup_is_sent_and_stands_in_no_histogram) {
  const EventPool pool = EventPool::of_orders({}, 7);
  for (const std::uint64_t begin_ns : {999'000U, 900'000U}) {  // in time, and long ago
    LoadOnClock load({.schedule = {.rate = 1e7},
                      .duration_ns = 1'000,
                      .overrun_ns = 500,
                      .counted_from_ns = 301},
                     pool);
    load.source->begin_at(begin_ns);
    const Report report = load.run();
    const bool in_time = begin_ns > 990'000;
    EXPECT_EQ(load.source->sent(), in_time ? 10U : 0U);
    EXPECT_EQ(load.source->unsent(), in_time ? 0U : 10U);
    // Due at 0, 100, 200 and 300 are four.
    EXPECT_EQ(load.source->lateness_ns().count(), in_time ? 6U : 0U);
    EXPECT_EQ(load.source->unsent_ns().count(), in_time ? 0U : 6U);
    EXPECT_EQ(report.stats.offered, in_time ? 10U : 0U);
  }
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
  EXPECT_EQ(load.source->unsent(), 200'000U);
  EXPECT_EQ(load.pipeline->stop(60s).stats.offered, 0U);
}

}  // namespace
}  // namespace penstock::test
