// SPDX-License-Identifier: Apache-2.0
// Where the time goes, on a clock that only handlers and sinks move; and events that were due
// before they were accepted.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/pipeline/flow/layout.hpp>
#include <penstock/pipeline/flow/step_times.hpp>

#include "flow_fixture.hpp"

namespace penstock::test {
namespace {

using std::chrono_literals::operator""s;

/// Takes a fixed time for each batch.
class SlowSink final : public Sink {
 public:
  SlowSink(ManualClock& clock, std::uint64_t batch_ns) : clock_(&clock), batch_ns_(batch_ns) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "slow"; }
  Status open() override { return {}; }
  Status write(std::span<const std::string_view>, unsigned) override {
    clock_->advance(batch_ns_);
    return {};
  }
  Status close() override { return {}; }

 private:
  ManualClock* clock_;
  std::uint64_t batch_ns_;
};

auto taking(ManualClock& clock, std::uint64_t event_ns) {
  return [&clock, event_ns](Event&, Context&) {
    clock.advance(event_ns);
    return Outcome::next();
  };
}

void publish_and_wait(Pipeline& pipeline, ManualClock& clock, std::uint64_t wait_ns) {
  Producer producer = pipeline.producer();
  for (const char* id : {"1", "2"}) {
    ASSERT_EQ(producer.publish(event(id)), PublishResult::accepted);
    clock.advance(wait_ns);
  }
  poll_all(pipeline);
}

TEST(StepTimes, wait_and_service_stand_apart_and_add_up_to_the_latency) {
  ManualClock clock(1'000);
  PipelineBuilder builder{PipelineOptions{}};
  builder.stage("first", taking(clock, 5)).stage("second", taking(clock, 3));
  builder.sink(std::make_unique<SlowSink>(clock, 7)).host_driven().clock(clock).measure_stages();
  Pipeline pipeline = build(builder);
  publish_and_wait(pipeline, clock, 10);  // the first one waits for 20, the second one for 10
  const Stats stats = pipeline.stats();
  ASSERT_EQ(stats.segments.size(), 1U);
  const SegmentStats& segment = stats.segments[0];
  EXPECT_EQ(segment.name, "main");
  EXPECT_EQ(segment.wait_ns.count(), 2U);
  EXPECT_EQ(segment.wait_ns.min(), 10U);
  EXPECT_EQ(segment.wait_ns.max(), 20U);
  std::vector<std::pair<std::string, std::uint64_t>> steps;
  for (const StepStats& step : segment.steps) {
    EXPECT_EQ(step.service_ns.count(), 2U) << step.name;
    EXPECT_EQ(step.service_ns.min(), step.service_ns.max()) << step.name;
    EXPECT_EQ(step.busy_ns, step.service_ns.max()) << step.name;
    steps.emplace_back(step.name, step.service_ns.max());
  }
  const std::vector<std::pair<std::string, std::uint64_t>> expected{
      {"decode", 0}, {"first", 10}, {"second", 6}, {"sinks", 7}};
  EXPECT_EQ(steps, expected);
  EXPECT_EQ(stats.latency_ns.min(), 10U + 10 + 6 + 7);
  EXPECT_EQ(stats.latency_ns.max(), 20U + 10 + 6 + 7);
}

/// Two events, accepted at 1,000 and 1,010, in one batch.
TEST(StepTimes, what_was_accepted_before_the_mark_counts_in_no_time) {
  for (const auto& [from_ns, counted] : {std::pair(1'000U, 2U), std::pair(1'001U, 1U),
                                         std::pair(1'010U, 1U), std::pair(1'011U, 0U)}) {
    ManualClock clock(1'000);
    PipelineBuilder builder{PipelineOptions{}};
    builder.segment("front").stage("first", taking(clock, 5));
    builder.segment("back", {"front"}).stage("second", taking(clock, 3));
    builder.host_driven().clock(clock).measure_stages();
    Pipeline pipeline = build(builder);
    pipeline.count_from(from_ns);
    publish_and_wait(pipeline, clock, 10);
    const Stats stats = pipeline.stats();
    EXPECT_EQ(stats.completed, 2U);
    EXPECT_EQ(stats.latency_ns.count(), counted) << from_ns;
    for (const SegmentStats& segment : stats.segments) {
      EXPECT_EQ(segment.wait_ns.count(), counted) << from_ns << segment.name;
      for (const StepStats& step : segment.steps) {
        EXPECT_EQ(step.service_ns.count(), counted) << from_ns << step.name;
        // What the whole batch took; of the time spent its events' share.
        EXPECT_EQ(step.busy_ns, step.service_ns.max() * counted / 2) << from_ns << step.name;
      }
    }
    if (counted == 1) {
      EXPECT_EQ(stats.latency_ns.max(), 10U + 10 + 6);  // the second one's
    }
    EXPECT_EQ(stats.counted_in_flight, 0U);
  }
}

TEST(StepTimes, of_what_is_in_flight_those_that_will_count_are_told) {
  ManualClock clock(1'000);
  PipelineBuilder builder{PipelineOptions{}};
  builder.stage("first", taking(clock, 5)).host_driven().clock(clock).measure_stages();
  Pipeline pipeline = build(builder);
  pipeline.count_from(1'010);
  Producer producer = pipeline.producer();
  for (const char* id : {"1", "2", "no event", "4"}) {
    const std::string bytes = id[1] == 0 ? event(id) : "{}";
    ASSERT_EQ(producer.publish(bytes), PublishResult::accepted);
    clock.advance(10);
  }
  EXPECT_EQ(pipeline.stats().in_flight, 4U);
  EXPECT_EQ(pipeline.stats().counted_in_flight, 3U);
  pipeline.poll(0, 3);  // the third one is refused, and has ended with that
  EXPECT_EQ(pipeline.stats().in_flight, 1U);
  EXPECT_EQ(pipeline.stats().counted_in_flight, 1U);
  poll_all(pipeline);
  EXPECT_EQ(pipeline.stats().counted_in_flight, 0U);
  EXPECT_EQ(pipeline.stats().latency_ns.count(), 2U);
}

TEST(StepTimes, segment_behind_waits_from_when_the_one_before_had_done) {
  ManualClock clock(1'000);
  PipelineBuilder builder{PipelineOptions{}};
  builder.segment("front").stage("first", taking(clock, 5));
  builder.segment("back", {"front"}).stage("second", taking(clock, 3));
  builder.host_driven().clock(clock).measure_stages();
  Pipeline pipeline = build(builder);
  publish_and_wait(pipeline, clock, 10);
  const Stats stats = pipeline.stats();
  ASSERT_EQ(stats.segments.size(), 2U);
  EXPECT_EQ(stats.segments[0].wait_ns.max(), 20U);
  // Polled right behind the front in the same round: nothing passed between the two.
  EXPECT_EQ(stats.segments[1].wait_ns.count(), 2U);
  EXPECT_EQ(stats.segments[1].wait_ns.max(), 0U);
  ASSERT_EQ(stats.segments[1].steps.size(), 2U);
  EXPECT_EQ(stats.segments[1].steps[0].name, "collect");
  EXPECT_EQ(stats.segments[1].steps[1].service_ns.max(), 6U);
  EXPECT_EQ(stats.latency_ns.max(), 20U + 10 + 6);
}

TEST(StepTimes, event_that_came_while_its_batch_was_collected_counts_from_then_on) {
  const Layout layout;
  StepTimes times(layout, {.name = "main", .last = true}, false);
  times.begin(100);
  times.waited(0, 90, 130);
  times.waited(1, 120, 130);
  times.step_done(0, 130);
  SegmentStats stats;
  times.add_to(stats);
  EXPECT_EQ(stats.wait_ns.count(), 2U);
  EXPECT_EQ(stats.wait_ns.max(), 10U);
  EXPECT_EQ(stats.wait_ns.min(), 0U);
  ASSERT_EQ(stats.steps.size(), 1U);
  EXPECT_EQ(stats.steps[0].service_ns.count(), 2U);
  EXPECT_EQ(stats.steps[0].service_ns.max(), 30U);
  EXPECT_EQ(stats.steps[0].service_ns.min(), 10U);
  EXPECT_EQ(stats.steps[0].busy_ns, 30U);
}

TEST(StepTimes, nothing_is_measured_unless_it_was_asked_for) {
  ManualClock clock(1'000);
  PipelineBuilder builder{PipelineOptions{}};
  builder.stage("first", taking(clock, 5)).host_driven().clock(clock);
  Pipeline pipeline = build(builder);
  publish_and_wait(pipeline, clock, 10);
  EXPECT_TRUE(pipeline.stats().segments.empty());
}

/// Publishes one event that was due some time ago.
class LateSource final : public Source {
 public:
  explicit LateSource(std::uint64_t planned_ns) : planned_ns_(planned_ns) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "late"; }
  Status open() override { return {}; }
  Result<SourceState> poll(SourcePort& port, std::size_t) override {
    EXPECT_EQ(port.publish_planned(event("1"), planned_ns_, 60s), PublishResult::accepted);
    return SourceState::end;
  }

 private:
  std::uint64_t planned_ns_;
};

TEST(StepTimes, latency_of_an_event_counts_from_when_it_was_due) {
  const ManualClock clock(10'000);
  PipelineBuilder builder{PipelineOptions{}};
  builder.source(std::make_unique<LateSource>(4'000)).clock(clock);
  Pipeline pipeline = build(builder);
  EXPECT_TRUE(pipeline.wait_for_sources(60s));
  const Report report = pipeline.stop(60s);
  EXPECT_EQ(report.stats.completed, 1U);
  EXPECT_EQ(report.stats.latency_ns.max(), 6'000U);
}

}  // namespace
}  // namespace penstock::test
