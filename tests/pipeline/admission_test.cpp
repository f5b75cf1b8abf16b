// SPDX-License-Identifier: Apache-2.0
// The door of a full ring: every policy, claims, the reserve, water marks.
#include <pthread.h>

#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "flow_fixture.hpp"

namespace penstock::test {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

class Admission : public ::testing::Test {
 protected:
  Admission() {
    options_.ring.slots = 8;
    options_.ring.reserve_slots = 2;  // six for producers
    options_.admission.timeout = 1ms;
  }
  Pipeline start(AdmissionPolicy policy) {
    options_.admission.when_full = policy;
    PipelineBuilder builder(options_);
    builder.host_driven().sink(std::make_unique<CollectingSink>(sunk_));
    return build(builder);
  }
  void fill(Producer& producer) {
    for (int i = 0; i < 6; ++i)
      ASSERT_EQ(producer.publish(event(std::to_string(i))), PublishResult::accepted);
  }

  PipelineOptions options_;
  std::shared_ptr<Collected> sunk_ = std::make_shared<Collected>();
};

TEST_F(Admission, reject_answers_full_at_once) {
  Pipeline pipeline = start(AdmissionPolicy::reject);
  Producer producer = pipeline.producer();
  fill(producer);
  EXPECT_EQ(producer.publish(event("x")), PublishResult::full);
  poll_all(pipeline);
  EXPECT_EQ(producer.publish(event("y")), PublishResult::accepted);
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(refused(report.stats, RefuseReason::full), 1U);
  EXPECT_EQ(report.stats.completed, 7U);
  expect_conserved(report.stats);
}

TEST_F(Admission, drop_newest_counts_what_it_drops) {
  Pipeline pipeline = start(AdmissionPolicy::drop_newest);
  Producer producer = pipeline.producer();
  fill(producer);
  EXPECT_EQ(producer.publish(event("x")), PublishResult::dropped);
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(refused(report.stats, RefuseReason::dropped), 1U);
  EXPECT_EQ(report.stats.completed, 6U);
  expect_conserved(report.stats);
}

TEST_F(Admission, block_answers_full_when_its_time_ran_out) {
  Pipeline pipeline = start(AdmissionPolicy::block);
  Producer producer = pipeline.producer();
  fill(producer);
  EXPECT_EQ(producer.publish(event("x")), PublishResult::full);
  EXPECT_EQ(producer.publish(event("x"), 0ms), PublishResult::full);
  const Stats stats = pipeline.stats();
  EXPECT_EQ(refused(stats, RefuseReason::full), 2U);
  EXPECT_GT(stats.blocked_ns, 0U);
}

TEST_F(Admission, blocked_producer_goes_on_when_room_comes) {
  options_.admission.timeout = 60s;
  Pipeline pipeline = start(AdmissionPolicy::block);
  Producer filler = pipeline.producer();
  fill(filler);
  std::thread blocked([producer = pipeline.producer()]() mutable {
    EXPECT_EQ(producer.publish(event("late")), PublishResult::accepted);
  });
  while (pipeline.stats().completed < 7) pipeline.poll(0, 64);
  blocked.join();
}

TEST_F(Admission, host_that_polls_while_the_ring_is_full_publishes_on_its_own_thread) {
  options_.admission.when_full = AdmissionPolicy::block;
  ManualClock clock(1'000);
  Pipeline* polled = nullptr;
  unsigned calls = 0;
  PipelineBuilder builder(options_);
  builder.sink(std::make_unique<CollectingSink>(sunk_))
      .clock(clock)
      .host_driven([&](std::chrono::nanoseconds left) {
        EXPECT_LE(left, 1ms);
        ++calls;
        if (polled != nullptr) poll_all(*polled);
        clock.advance(400'000);
      });
  Pipeline pipeline = build(builder);
  Producer producer = pipeline.producer();
  fill(producer);
  EXPECT_EQ(producer.publish(event("x")), PublishResult::full);  // the clock ran out after 1 ms
  EXPECT_EQ(calls, 3U);
  polled = &pipeline;
  EXPECT_EQ(producer.publish(event("y")), PublishResult::accepted);
  EXPECT_EQ(calls, 4U);
  EXPECT_EQ(pipeline.stop(1s).stats.completed, 7U);
}

TEST_F(Admission, exception_of_the_host_ends_the_wait_for_room) {
  options_.admission.when_full = AdmissionPolicy::block;
  PipelineBuilder builder(options_);
  builder.sink(std::make_unique<CollectingSink>(sunk_)).host_driven([](std::chrono::nanoseconds) {
    throw std::runtime_error("not now");
  });
  Pipeline pipeline = build(builder);
  Producer producer = pipeline.producer();
  fill(producer);
  EXPECT_EQ(producer.publish(event("x")), PublishResult::full);
}

TEST_F(Admission, try_publish_never_waits_under_any_policy) {
  options_.admission.timeout = 3600s;
  Pipeline pipeline = start(AdmissionPolicy::block);
  Producer producer = pipeline.producer();
  fill(producer);
  EXPECT_EQ(producer.try_publish(event("x")), PublishResult::full);
}

TEST_F(Admission, full_by_bytes_is_full_too) {
  options_.ring.slots = 64;
  options_.ring.arena_bytes = 4096;
  Pipeline pipeline = start(AdmissionPolicy::reject);
  Producer producer = pipeline.producer();
  int accepted = 0;
  while (producer.publish(event("x")) == PublishResult::accepted) ++accepted;
  EXPECT_LT(accepted, 62);
  EXPECT_GT(accepted, 5);
  poll_all(pipeline);
  EXPECT_EQ(producer.publish(event("y")), PublishResult::accepted);
}

TEST_F(Admission, spill_budget_is_a_bound) {
  options_.ring.arena_bytes = 4096;
  options_.ring.spill_bytes_max = 4000;
  Pipeline pipeline = start(AdmissionPolicy::reject);
  Producer producer = pipeline.producer();
  const std::string large = event("1", "k", "\"" + std::string(1200, 'd') + "\"");
  EXPECT_EQ(producer.publish(large), PublishResult::accepted);
  EXPECT_EQ(producer.publish(large), PublishResult::accepted);
  EXPECT_EQ(producer.publish(large), PublishResult::full);
  const std::string never = event("1", "k", "\"" + std::string(5000, 'd') + "\"");
  EXPECT_EQ(producer.publish(never), PublishResult::too_large);
  poll_all(pipeline);
  EXPECT_EQ(producer.publish(large), PublishResult::accepted);
  expect_conserved(pipeline.stop(1s).stats);
}

TEST_F(Admission, handler_that_publishes_into_its_own_full_ring_gets_an_answer) {
  options_.admission.when_full = AdmissionPolicy::block;
  options_.admission.timeout = 3600s;
  PipelineBuilder builder(options_);
  Producer inside;
  int accepted = 0;
  int full = 0;
  builder.host_driven().stage("publish", [&](Event& e, Context& context) {
    if (e.id() == "inner") return Outcome::next();
    for (int i = 0; i < 5; ++i) {
      const PublishResult result =
          i % 2 == 0 ? context.emit(event("inner")) : inside.publish(event("inner"));
      ++(result == PublishResult::accepted ? accepted : full);
    }
    return Outcome::next();
  });
  Pipeline pipeline = build(builder);
  inside = pipeline.producer();
  Producer producer = pipeline.producer();
  fill(producer);
  poll_all(pipeline);
  EXPECT_EQ(accepted, 2) << "the reserve";
  EXPECT_EQ(full, 6 * 5 - 2);
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(report.stats.completed, 8U);
  expect_conserved(report.stats);
}

TEST_F(Admission, claim_is_filled_in_place) {
  Pipeline pipeline = start(AdmissionPolicy::reject);
  Producer producer = pipeline.producer();
  const std::string text = event("in place");
  {
    ProducerClaim claim = producer.try_claim(text.size() + 100);
    ASSERT_TRUE(claim);
    std::copy(text.begin(), text.end(), claim.data().begin());
    EXPECT_EQ(claim.commit(text.size()), PublishResult::accepted);
  }
  poll_all(pipeline);
  EXPECT_EQ(sunk_->take(), (std::vector<std::string>{text}));
}

TEST_F(Admission, claim_left_in_any_way_is_counted_and_never_seen) {
  Pipeline pipeline = start(AdmissionPolicy::reject);
  const auto claim_and = [&](auto leave) {
    Producer producer = pipeline.producer();
    ProducerClaim claim = producer.try_claim(100);
    ASSERT_TRUE(claim);
    claim.data()[0] = '{';
    leave();
  };
  claim_and([] {});
  EXPECT_THROW(claim_and([] { throw std::runtime_error("left"); }), std::runtime_error);
  std::thread([&] { claim_and([] { pthread_exit(nullptr); }); }).join();
  Producer producer = pipeline.producer();
  producer.publish(event("after"));
  poll_all(pipeline);
  EXPECT_EQ(sunk_->take(), (std::vector<std::string>{event("after")}));
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(refused(report.stats, RefuseReason::abandoned), 3U);
  EXPECT_EQ(report.stats.accepted, 1U);
  expect_conserved(report.stats);
}

TEST_F(Admission, claim_larger_than_what_fits_inline_is_too_large) {
  Pipeline pipeline = start(AdmissionPolicy::reject);
  Producer producer = pipeline.producer();
  ProducerClaim claim = producer.try_claim(std::size_t{1} << 30);
  EXPECT_FALSE(claim);
  EXPECT_EQ(claim.result(), PublishResult::too_large);
}

TEST_F(Admission, claim_for_another_key_is_published_where_its_key_belongs) {
  options_.partitions = 4;
  options_.key = "subject";
  Pipeline pipeline = start(AdmissionPolicy::reject);
  Producer producer = pipeline.producer();
  for (const char* key : {"a", "b", "c", "d", "e"}) {
    const std::string text = event("1", key);
    ProducerClaim claim = producer.try_claim(text.size(), "a");
    ASSERT_TRUE(claim);
    std::copy(text.begin(), text.end(), claim.data().begin());
    EXPECT_EQ(claim.commit(text.size()), PublishResult::accepted);
  }
  ProducerClaim bad = producer.try_claim(10, "a");
  EXPECT_EQ(bad.commit(10), PublishResult::invalid);
  const Report report = pipeline.stop(1s);
  EXPECT_EQ(report.stats.completed, 5U);
  EXPECT_EQ(refused(report.stats, RefuseReason::invalid), 1U);
  expect_conserved(report.stats);
}

TEST_F(Admission, water_marks_call_back_once_up_and_once_down) {
  options_.admission = {.when_full = AdmissionPolicy::reject, .high = 0.7, .low = 0.3};
  options_.batch.events = 1;
  PipelineBuilder builder(options_);
  std::vector<bool> crossings;
  builder.host_driven().on_pressure([&](const Pressure& pressure) {
    crossings.push_back(pressure.high);
    throw std::runtime_error("a callback may throw");
  });
  Pipeline pipeline = build(builder);
  Producer producer = pipeline.producer();
  for (int i = 0; i < 5; ++i) producer.publish(event("x"));
  poll_all(pipeline);
  EXPECT_TRUE(crossings.empty()) << "5 of 8 are under the mark";
  fill(producer);
  pipeline.poll(0, 1);
  EXPECT_EQ(crossings, (std::vector<bool>{true}));
  EXPECT_TRUE(pipeline.stats().partitions[0].pressure_high);
  poll_all(pipeline);
  EXPECT_EQ(crossings, (std::vector<bool>{true, false}));
  EXPECT_EQ(pipeline.stats().callbacks_thrown, 2U);
}

TEST_F(Admission, age_of_the_oldest_event_is_a_water_mark) {
  options_.admission.high_age = 100ms;
  ManualClock clock;
  PipelineBuilder builder(options_);
  std::vector<bool> crossings;
  builder.host_driven().clock(clock).on_pressure(
      [&](const Pressure& pressure) { crossings.push_back(pressure.high); });
  Pipeline pipeline = build(builder);
  Producer producer = pipeline.producer();
  producer.publish(event("old"));
  clock.advance(200'000'000);
  poll_all(pipeline);
  EXPECT_EQ(crossings, (std::vector<bool>{true, false}));
}

TEST_F(Admission, claim_that_was_left_has_no_age) {
  options_.admission.high_age = 100ms;
  ManualClock clock(3'600'000'000'000);
  PipelineBuilder builder(options_);
  int crossings = 0;
  builder.host_driven().clock(clock).on_pressure([&](const Pressure&) { ++crossings; });
  Pipeline pipeline = build(builder);
  Producer producer = pipeline.producer();
  static_cast<void>(producer.try_claim(10));
  producer.publish(event("young"));
  poll_all(pipeline);
  EXPECT_EQ(crossings, 0);
  producer.publish(event("young"));
  poll_all(pipeline);
  const ProducerClaim open = producer.try_claim(10);
  clock.advance(1);
  EXPECT_EQ(pipeline.stats().partitions[0].oldest_age_ns, 0U) << "the young one is done";
}

TEST_F(Admission, second_producer_joins_a_ring_that_had_one) {
  Pipeline pipeline = start(AdmissionPolicy::reject);
  Producer first = pipeline.producer();
  first.publish(event("1"));
  Producer second = pipeline.producer();
  second.publish(event("2"));
  first.publish(event("3"));
  poll_all(pipeline);
  EXPECT_EQ(sunk_->take(), (std::vector<std::string>{event("1"), event("2"), event("3")}));
}

}  // namespace
}  // namespace penstock::test
