// SPDX-License-Identifier: Apache-2.0
// What becomes of an event: outcomes, exceptions, segments, decoding here and there; host-driven,
// so that each step is the test's own.
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "flow_fixture.hpp"

namespace penstock::test {
namespace {

using std::chrono_literals::operator""s;

class OutcomeFlow : public ::testing::TestWithParam<unsigned> {
 protected:
  OutcomeFlow() { options_.partitions = GetParam(); }  // with more than one the producer decodes

  PipelineBuilder builder() {
    PipelineBuilder builder(options_);
    builder.sink(std::make_unique<CollectingSink>(sunk_))
        .rejects(std::make_unique<CollectingRejects>(rejected_))
        .host_driven();
    return builder;
  }

  PipelineOptions options_;
  std::shared_ptr<Collected> sunk_ = std::make_shared<Collected>();
  std::shared_ptr<CollectedRejects> rejected_ = std::make_shared<CollectedRejects>();
};

INSTANTIATE_TEST_SUITE_P(Partitions, OutcomeFlow, ::testing::Values(1U, 3U));

TEST_P(OutcomeFlow, events_reach_the_sink_unchanged) {
  PipelineBuilder parts = builder();
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  EXPECT_EQ(producer.publish(event("a")), PublishResult::accepted);
  EXPECT_EQ(producer.publish(event("b")), PublishResult::accepted);
  poll_all(pipeline);
  EXPECT_EQ(sunk_->take(), (std::vector<std::string>{event("a"), event("b")}));
  const Report report = pipeline.stop(1s);
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(report.stats.completed, 2U);
  expect_conserved(report.stats);
}

TEST_P(OutcomeFlow, each_outcome_is_counted_and_only_next_reaches_the_sink) {
  PipelineBuilder parts = builder();
  parts.stage("choose", [](Event& e, Context&) {
    if (e.id() == "drop") return Outcome::drop();
    if (e.id() == "dead") return Outcome::dead("because of " + std::string(e.id()));
    return Outcome::next();
  });
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  for (const char* id : {"drop", "dead", "next"}) producer.publish(event(id));
  poll_all(pipeline);
  EXPECT_EQ(sunk_->take(), (std::vector<std::string>{event("next")}));
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(report.stats.completed, 1U);
  EXPECT_EQ(report.stats.dropped, 1U);
  EXPECT_EQ(report.stats.dead, 1U);
  EXPECT_EQ(report.stats.stages[0].dropped, 1U);
  ASSERT_EQ(rejected_->rejects.size(), 1U);
  EXPECT_TRUE(rejected_->rejects[0].dead);
  EXPECT_EQ(rejected_->rejects[0].stage, "choose");
  EXPECT_EQ(rejected_->rejects[0].detail, "because of dead");
  EXPECT_EQ(rejected_->rejects[0].bytes, event("dead"));
  expect_conserved(report.stats);
}

TEST_P(OutcomeFlow, whatever_a_handler_throws_ends_only_its_event) {
  PipelineBuilder parts = builder();
  parts.stage("throw", [](Event& e, Context&) {
    if (e.id() == "std") throw std::runtime_error("standard");
    if (e.id() == "int") throw 42;
    return Outcome::next();
  });
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  for (const char* id : {"1", "std", "2", "int", "3"}) producer.publish(event(id));
  poll_all(pipeline);
  EXPECT_EQ(sunk_->take(), (std::vector<std::string>{event("1"), event("2"), event("3")}));
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(report.stats.dead, 2U);
  EXPECT_EQ(report.stats.stages[0].thrown, 2U);
  ASSERT_EQ(rejected_->rejects.size(), 2U);
  EXPECT_EQ(rejected_->rejects[0].detail, "standard");
  EXPECT_EQ(rejected_->rejects[1].detail, "an exception that is no std::exception");
  expect_conserved(report.stats);
}

TEST_P(OutcomeFlow, stage_that_throws_over_a_batch_ends_those_that_are_alive) {
  class Throwing final : public Stage {
   public:
    void run(Batch&) override { throw std::runtime_error("all of it"); }
  };
  options_.partitions = 1;  // one batch
  PipelineBuilder parts = builder();
  parts.stage("first",
              [](Event& e, Context&) { return e.id() == "x" ? Outcome::drop() : Outcome::next(); });
  parts.add_stage("throw", [](unsigned) { return std::make_unique<Throwing>(); });
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  for (const char* id : {"1", "x", "2"}) producer.publish(event(id));
  static_cast<void>(producer.try_claim(10));
  poll_all(pipeline);
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(report.stats.dead, 2U);
  EXPECT_EQ(report.stats.dropped, 1U);
  EXPECT_EQ(report.stats.stages[1].thrown, 2U);
  expect_conserved(report.stats);
}

TEST_P(OutcomeFlow, later_stages_do_not_see_an_event_that_ended) {
  int seen = 0;
  PipelineBuilder parts = builder();
  parts.stage("first",
              [](Event& e, Context&) { return e.id() == "x" ? Outcome::drop() : Outcome::next(); });
  parts.stage("second", [&seen](Event&, Context&) {
    ++seen;
    return Outcome::next();
  });
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  producer.publish(event("x"));
  producer.publish(event("y"));
  poll_all(pipeline);
  EXPECT_EQ(seen, 1);
}

TEST_P(OutcomeFlow, invalid_event_is_refused_alike_wherever_it_is_decoded) {
  PipelineBuilder parts = builder();
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  producer.publish(R"({"specversion":"1.0","id":"no source","type":"t"})");
  producer.publish("not json");
  producer.publish(event("fine"));
  poll_all(pipeline);
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(report.stats.offered, 3U);
  EXPECT_EQ(report.stats.accepted, 1U);
  EXPECT_EQ(refused(report.stats, RefuseReason::invalid), 2U);
  EXPECT_EQ(report.stats.completed, 1U);
  EXPECT_EQ(report.stats.bytes_accepted, event("fine").size());
  ASSERT_EQ(rejected_->rejects.size(), 2U);
  EXPECT_EQ(rejected_->rejects[0].reason, "invalid");
  EXPECT_EQ(rejected_->rejects[0].stage, "decode");
  EXPECT_EQ(rejected_->rejects[1].bytes, "not json");
  expect_conserved(report.stats);
}

TEST_P(OutcomeFlow, missing_key_is_refused_alike_wherever_it_is_looked_for) {
  options_.key = "subject";
  options_.on_missing_key = OnMissingKey::refuse;
  PipelineBuilder parts = builder();
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  producer.publish(R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})");
  producer.publish(event("fine"));
  poll_all(pipeline);
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(refused(report.stats, RefuseReason::missing_key), 1U);
  EXPECT_EQ(report.stats.completed, 1U);
  EXPECT_EQ(rejected_->rejects.size(), 1U);
  expect_conserved(report.stats);
}

TEST_P(OutcomeFlow, missing_key_falls_back_to_the_source_by_default) {
  options_.key = "subject";
  PipelineBuilder parts = builder();
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  EXPECT_EQ(producer.publish(R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})"),
            PublishResult::accepted);
  poll_all(pipeline);
  EXPECT_EQ(pipeline.stop(1s).stats.completed, 1U);
}

TEST_P(OutcomeFlow, split_segments_and_a_diamond_end_each_event_once) {
  PipelineBuilder parts = builder();
  parts.segment("first").stage("a", [](Event& e, Context&) {
    return e.id() == "a" ? Outcome::dead("at a") : Outcome::next();
  });
  const auto dies_at = [](std::string id) {
    return [id](Event& e, Context&) {
      EXPECT_NE(e.id(), "a");
      return e.id() == id || e.id() == "both" ? Outcome::dead("at " + id) : Outcome::next();
    };
  };
  parts.segment("left", {"first"}).stage("b", dies_at("b"));
  parts.segment("right", {"first"}).stage("c", dies_at("c"));
  parts.segment("last", {"left", "right"}).stage("d", [](Event& e, Context&) {
    EXPECT_EQ(e.data().get_int64().value_or(0), 1);
    return e.id() == "d" ? Outcome::drop() : Outcome::next();
  });
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  for (const char* id : {"a", "b", "c", "d", "both", "none"}) producer.publish(event(id));
  poll_all(pipeline);
  EXPECT_EQ(sunk_->take(), (std::vector<std::string>{event("none")}));
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(report.stats.dead, 4U);
  EXPECT_EQ(report.stats.dropped, 1U);
  EXPECT_EQ(rejected_->rejects.size(), 4U);
  EXPECT_GT(report.stats.partitions[0].indexed_again +
                (GetParam() > 1 ? report.stats.partitions[1].indexed_again +
                                      report.stats.partitions[2].indexed_again
                                : 0),
            0U)
      << "data was read where its index was gone";
  expect_conserved(report.stats);
}

TEST_P(OutcomeFlow, several_first_and_several_last_segments_are_joined) {
  int left = 0;
  int right = 0;
  PipelineBuilder parts = builder();
  parts.segment("left").stage("l", [&left](Event&, Context&) {
    ++left;
    return Outcome::next();
  });
  parts.segment("right").stage("r", [&right](Event&, Context&) {
    ++right;
    return Outcome::next();
  });
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  for (int i = 0; i < 10; ++i) producer.publish(event(std::to_string(i)));
  poll_all(pipeline);
  EXPECT_EQ(left, 10);
  EXPECT_EQ(right, 10);
  EXPECT_EQ(sunk_->take().size(), 10U);
}

TEST_P(OutcomeFlow, several_first_segments_and_one_last_end_each_event_once) {
  PipelineBuilder parts = builder();
  const auto pass = [](Event&, Context&) { return Outcome::next(); };
  parts.segment("a").stage("a", [](Event& e, Context&) {
    return e.id() == "1" ? Outcome::dead("by a") : Outcome::next();
  });
  parts.segment("b").stage(
      "b", [](Event& e, Context&) { return e.id() == "2" ? Outcome::drop() : Outcome::next(); });
  parts.segment("join", {"a", "b"}).stage("join", pass);
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  for (const char* id : {"1", "2", "3"})
    EXPECT_EQ(producer.publish(event(id)), PublishResult::accepted);
  poll_all(pipeline);
  const Report report = pipeline.stop(std::chrono::seconds(1));
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(sunk_->take(), std::vector<std::string>{event("3")});
  EXPECT_EQ(report.stats.dead, 1U);
  EXPECT_EQ(report.stats.dropped, 1U);
  expect_conserved(report.stats);
}

TEST_P(OutcomeFlow, larger_events_spill_and_come_out_whole) {
  options_.ring.arena_bytes = 4096;
  options_.ring.slots = 16;
  PipelineBuilder parts = builder();
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < 8; ++i) {
    sent.push_back(event(std::to_string(i), "k", "\"" + std::string(1 << (4 + i), 'd') + "\""));
    ASSERT_EQ(producer.publish(sent.back()), PublishResult::accepted);
    poll_all(pipeline);
  }
  EXPECT_EQ(sunk_->take(), sent);
  const Report report = pipeline.stop(1s);
  EXPECT_GT(report.stats.spilled, 0U);
  EXPECT_EQ(report.stats.spill_bytes, 0U) << "every block was freed";
}

TEST_P(OutcomeFlow, event_longer_than_the_limit_is_too_large) {
  PipelineBuilder parts = builder();
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  const std::string large = event("1", "k", "\"" + std::string(1 << 20, 'd') + "\"");
  EXPECT_EQ(producer.publish(large), PublishResult::too_large);
  ASSERT_EQ(rejected_->rejects.size(), 1U);
  EXPECT_EQ(rejected_->rejects[0].reason, "too_large");
  expect_conserved(pipeline.stop(1s).stats);
}

TEST_P(OutcomeFlow, failing_sink_stops_the_pipeline_and_leaves_its_events_in_flight) {
  sunk_->fail_at = 2;
  PipelineBuilder parts = builder();
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  for (int i = 0; i < 5; ++i) producer.publish(event(std::to_string(i)));
  poll_all(pipeline);
  EXPECT_EQ(producer.publish(event("late")), PublishResult::closed);
  const Report report = pipeline.stop(1s);
  EXPECT_FALSE(report.drained);
  ASSERT_TRUE(report.failure.has_value());
  EXPECT_EQ(report.failure->code, ErrorCode::storage);
  EXPECT_EQ(report.stats.in_flight, 5U);
  expect_conserved(report.stats);
}

TEST_P(OutcomeFlow, failing_rejects_stop_the_pipeline_instead_of_losing_a_dead_event) {
  rejected_->fail = true;
  PipelineBuilder parts = builder();
  parts.stage("die", [](Event&, Context&) { return Outcome::dead("all"); });
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  producer.publish(event("1"));
  poll_all(pipeline);
  const Report report = pipeline.stop(1s);
  ASSERT_TRUE(report.failure.has_value());
  EXPECT_EQ(report.stats.dead, 0U);
  EXPECT_EQ(report.stats.in_flight, 1U);
}

TEST_P(OutcomeFlow, emitted_event_goes_through_the_pipeline_too) {
  PipelineBuilder parts = builder();
  parts.stage("emit", [](Event& e, Context& context) {
    if (e.id() == "parent") {
      EXPECT_EQ(context.emit(event("child", "k")), PublishResult::accepted);
    }
    return Outcome::next();
  });
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  producer.publish(event("parent"));
  poll_all(pipeline);
  EXPECT_EQ(sunk_->take(), (std::vector<std::string>{event("parent"), event("child", "k")}));
  expect_conserved(pipeline.stop(1s).stats);
}

TEST_P(OutcomeFlow, held_event_outlives_its_handler) {
  std::vector<HeldEvent> held;
  PipelineBuilder parts = builder();
  parts.stage("hold", [&held](Event& e, Context&) {
    held.push_back(e.hold());
    return Outcome::next();
  });
  {
    Pipeline pipeline = build(parts);
    Producer producer = pipeline.producer();
    producer.publish(event("1"));
    poll_all(pipeline);
  }
  ASSERT_EQ(held.size(), 1U);
  const HeldEvent copy = held[0];
  held.clear();
  EXPECT_EQ(copy.bytes(), event("1"));
}

}  // namespace
}  // namespace penstock::test
