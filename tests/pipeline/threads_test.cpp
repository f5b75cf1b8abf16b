// SPDX-License-Identifier: Apache-2.0
// Whole pipelines on threads of their own: start, run, stop; sources; handlers and claims that
// hang.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "flow_fixture.hpp"

namespace penstock::test {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

/// A door that a handler waits behind.
class Latch {
 public:
  void wait() const {
    // acquire: pairs with open().
    while (!open_.load(std::memory_order_acquire)) std::this_thread::yield();
  }
  void open() {
    // release: pairs with wait().
    open_.store(true, std::memory_order_release);
  }

 private:
  std::atomic<bool> open_{false};
};

/// Counts of ids must rise by one within each subject.
void expect_in_order(const std::vector<std::string>& events, std::size_t keys, std::size_t each) {
  std::map<std::string, std::size_t> next;
  for (const std::string& text : events) {
    const std::size_t id = text.find("\"id\":\"") + 6;
    const std::size_t subject = text.find("\"subject\":\"") + 11;
    const std::string key = text.substr(subject, text.find('"', subject) - subject);
    ASSERT_EQ(std::stoul(text.substr(id)), next[key]++) << key;
  }
  ASSERT_EQ(next.size(), keys);
  for (const auto& [key, count] : next) ASSERT_EQ(count, each) << key;
}

std::vector<std::string> events_of(std::size_t keys, std::size_t each) {
  std::vector<std::string> events;
  for (std::size_t i = 0; i < each; ++i)
    for (std::size_t key = 0; key < keys; ++key)
      events.push_back(event(std::to_string(i), "key" + std::to_string(key)));
  return events;
}

struct Shape {
  unsigned partitions;
  unsigned runners;  ///< 0: as the plan likes
  bool split;
  WaitKind wait;
};

class Threads : public ::testing::TestWithParam<Shape> {};

INSTANTIATE_TEST_SUITE_P(Shapes, Threads,
                         ::testing::Values(Shape{1, 0, false, WaitKind::adaptive},
                                           Shape{1, 2, true, WaitKind::park},
                                           Shape{2, 2, false, WaitKind::busy_spin},
                                           Shape{3, 1, true, WaitKind::adaptive},
                                           Shape{8, 8, false, WaitKind::adaptive}));

TEST_P(Threads, every_event_of_a_source_arrives_once_in_order_of_its_key) {
  constexpr std::size_t kKeys = 37;
  constexpr std::size_t kEach = 200;
  PipelineOptions options;
  options.partitions = GetParam().partitions;
  options.key = "subject";
  options.ring.slots = 64;  // full most of the time
  options.ring.arena_bytes = 16384;
  options.threads.runners = GetParam().runners;
  options.threads.wait = GetParam().wait;
  PipelineBuilder builder(options);
  const auto sunk = std::make_shared<Collected>();
  builder.source(std::make_unique<LinesSource>(events_of(kKeys, kEach)))
      .sink(std::make_unique<CollectingSink>(sunk));
  builder.stage("one", [](Event&, Context&) { return Outcome::next(); });
  if (GetParam().split)
    builder.segment("second", {"main"}).stage("two", [](Event& e, Context&) {
      return e.data().get_int64().has_value() ? Outcome::next() : Outcome::dead("no data");
    });
  Pipeline pipeline = build(builder);
  ASSERT_TRUE(pipeline.wait_for_sources(60s));
  const Report report = pipeline.stop(60s);
  EXPECT_TRUE(report.drained);
  EXPECT_FALSE(report.failure.has_value());
  EXPECT_EQ(report.stats.completed, kKeys * kEach);
  EXPECT_EQ(report.stats.latency_ns.count(), kKeys * kEach);
  EXPECT_EQ(report.stats.waits.wakes_late, 0U);
  expect_conserved(report.stats);
  expect_in_order(sunk->take(), kKeys, kEach);
}

TEST_P(Threads, producers_that_come_and_go_lose_nothing) {
  PipelineOptions options;
  options.partitions = GetParam().partitions;
  options.key = "subject";
  options.ring.slots = 16;
  options.threads.runners = GetParam().runners;
  options.threads.wait = GetParam().wait;
  options.admission.timeout = 60s;
  PipelineBuilder builder(options);
  const auto sunk = std::make_shared<Collected>();
  builder.sink(std::make_unique<CollectingSink>(sunk));
  Pipeline pipeline = build(builder);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::thread> producers;
    for (int key = 0; key < 3; ++key)
      producers.emplace_back([&pipeline, producer = pipeline.producer(), round, key]() mutable {
        for (int i = 0; i < 300; ++i)
          EXPECT_EQ(producer.publish(event(std::to_string(round * 300 + i), std::to_string(key))),
                    PublishResult::accepted);
        static_cast<void>(pipeline.stats());
      });
    for (std::thread& producer : producers) producer.join();
  }
  const Report report = pipeline.stop(60s);
  EXPECT_EQ(report.stats.completed, 2700U);
  expect_conserved(report.stats);
  expect_in_order(sunk->take(), 3, 900);
}

TEST(Stop, claim_races_with_stop_and_every_event_is_either_accepted_or_closed) {
  for (int round = 0; round < 20; ++round) {
    PipelineOptions options;
    options.ring.slots = 16;
    PipelineBuilder builder(options);
    const auto sunk = std::make_shared<Collected>();
    builder.sink(std::make_unique<CollectingSink>(sunk));
    Pipeline pipeline = build(builder);
    std::atomic<std::size_t> accepted{0};
    std::thread publisher([&accepted, producer = pipeline.producer()]() mutable {
      for (;;) {
        const PublishResult result = producer.publish(event("x"));
        if (result == PublishResult::closed) return;
        // relaxed: read after join.
        if (result == PublishResult::accepted) accepted.fetch_add(1, std::memory_order_relaxed);
      }
    });
    while (pipeline.stats().completed < 50) std::this_thread::yield();
    const Report report = pipeline.stop(60s);
    publisher.join();
    EXPECT_TRUE(report.drained);
    EXPECT_EQ(sunk->take().size(), accepted.load(std::memory_order_relaxed));
  }
}

TEST(IndexAhead, source_indexes_for_a_runner_that_lags_behind_and_no_answer_changes) {
  constexpr std::size_t kEvents = 200;
  for (const unsigned partitions : {1U, 2U}) {
    PipelineOptions options;
    options.partitions = partitions;
    options.key = "subject";
    options.ring.slots = 64;
    PipelineBuilder builder(options);
    std::vector<std::string> lines;
    std::vector<std::string> valid;
    for (std::size_t i = 0; i < kEvents; ++i) {
      lines.push_back(event(std::to_string(i), "k", R"({"total":)" + std::to_string(i) + "}"));
      // Both kinds of index go along with neighbours that cannot be indexed, and that break a rule.
      if (i % 10 == 3) lines.back() += "}";
      if (i % 10 == 7) lines.back() = event("", "k", "\"what has an index and no id\"");
      if (i % 10 != 3 && i % 10 != 7) valid.push_back(lines.back());
    }
    const auto sunk = std::make_shared<Collected>();
    const auto rejected = std::make_shared<CollectedRejects>();
    Latch full;
    std::int64_t sum = 0;
    std::int64_t expected = 0;
    builder.source(std::make_unique<LinesSource>(lines))
        .sink(std::make_unique<CollectingSink>(sunk))
        .rejects(std::make_unique<CollectingRejects>(rejected))
        .stage("sum", [&](Event& e, Context&) {
          full.wait();
          sum += e.data()["total"].get_int64().value_or(-1'000'000);
          return Outcome::next();
        });
    for (std::size_t i = 0; i < kEvents; ++i)
      if (i % 10 != 3 && i % 10 != 7) expected += static_cast<std::int64_t>(i);
    Pipeline pipeline = build(builder);
    const auto works_ahead = [&] {
      const Stats stats = pipeline.stats();
      // Behind several partitions' sources all is decoded.
      return partitions == 1 ? stats.decoded_ahead != 0 : stats.indexed_ahead != 0;
    };
    while (!works_ahead()) std::this_thread::yield();
    full.open();
    ASSERT_TRUE(pipeline.wait_for_sources(60s));
    const Report report = pipeline.stop(60s);
    EXPECT_EQ(sunk->take(), valid);
    EXPECT_EQ(sum, expected);
    EXPECT_EQ(rejected->rejects.size(), kEvents - valid.size());
    EXPECT_EQ(refused(report.stats, RefuseReason::invalid), kEvents - valid.size());
    std::uint64_t again = 0;
    for (const PartitionStats& partition : report.stats.partitions)
      again += partition.indexed_again;
    EXPECT_EQ(again, partitions == 1 ? 0 : valid.size() - report.stats.indexed_ahead);
    expect_conserved(report.stats);
  }
}

TEST(Start, publish_before_it_is_refused_as_closed_and_nothing_is_lost) {
  PipelineBuilder builder({});
  const auto sunk = std::make_shared<Collected>();
  builder.sink(std::make_unique<CollectingSink>(sunk));
  Result<Pipeline> pipeline = builder.build();
  ASSERT_TRUE(pipeline.has_value());
  Producer producer = pipeline->producer();
  EXPECT_EQ(producer.publish(event("early")), PublishResult::closed);
  ASSERT_TRUE(pipeline->start().has_value());
  EXPECT_EQ(producer.publish(event("in time")), PublishResult::accepted);
  const Report report = pipeline->stop(60s);
  EXPECT_EQ(report.stats.completed, 1U);
  EXPECT_EQ(refused(report.stats, RefuseReason::closed), 1U);
  expect_conserved(report.stats);
}

TEST(Start, after_stop_or_abandon_is_an_error_and_the_rings_stay_closed) {
  for (const bool stops : {true, false}) {
    PipelineBuilder builder({});
    Result<Pipeline> pipeline = builder.build();
    ASSERT_TRUE(pipeline.has_value());
    if (stops) {
      EXPECT_TRUE(pipeline->stop(1s).drained);
    } else {
      pipeline->abandon();
    }
    EXPECT_EQ(pipeline->start().error().code, ErrorCode::usage);
    EXPECT_EQ(pipeline->producer().publish(event("1")), PublishResult::closed);
  }
}

TEST(Stop, publish_after_stop_and_after_the_pipeline_is_closed) {
  Producer producer;
  {
    PipelineBuilder builder({});
    Pipeline pipeline = build(builder);
    producer = pipeline.producer();
    EXPECT_EQ(producer.publish(event("1")), PublishResult::accepted);
    pipeline.stop(10s);
    EXPECT_EQ(producer.publish(event("2")), PublishResult::closed);
  }
  EXPECT_EQ(producer.publish(event("3")), PublishResult::closed);
  ProducerClaim claim = producer.try_claim(10);
  EXPECT_EQ(claim.result(), PublishResult::closed);
}

TEST(Stop, producer_that_belongs_to_no_pipeline_answers_closed) {
  Producer producer;
  struct NoLender final : Lender {
    void give_back(const char*, std::uint32_t) noexcept override { ADD_FAILURE(); }
  } lender;
  EXPECT_EQ(producer.publish(event("1")), PublishResult::closed);
  EXPECT_EQ(producer.publish(event("1"), 1s), PublishResult::closed);
  EXPECT_EQ(producer.try_publish(event("1")), PublishResult::closed);
  EXPECT_EQ(producer.publish_lent(event("1"), lender), PublishResult::closed);
  EXPECT_EQ(producer.try_claim(10).result(), PublishResult::closed);
}

TEST(Stop, handler_that_hangs_is_named_and_does_not_hold_up_the_stop) {
  const auto latch = std::make_shared<Latch>();
  const auto sunk = std::make_shared<Collected>();
  Latch inside;
  PipelineBuilder builder({});
  builder.sink(std::make_unique<CollectingSink>(sunk))
      .stage("hang", [latch, &inside](Event&, Context&) {
        inside.open();
        latch->wait();
        return Outcome::next();
      });
  {
    Pipeline pipeline = build(builder);
    Producer producer = pipeline.producer();
    producer.publish(event("1"));
    producer.publish(event("2"));
    inside.wait();
    const Report report = pipeline.stop(20ms);
    EXPECT_FALSE(report.drained);
    EXPECT_EQ(report.stats.in_flight, 2U);
    ASSERT_FALSE(report.problems.empty());
    EXPECT_NE(report.problems[0].find("\"hang\""), std::string::npos) << report.problems[0];
    expect_conserved(report.stats);
  }
  latch->open();  // its thread still has the memory that it uses, and frees it when it is done
  while (latch.use_count() > 2) std::this_thread::yield();  // the builder has a copy, too
  EXPECT_TRUE(sunk->take().empty()) << "what was told to be in flight was completed afterwards";
}

TEST(Stop, source_or_sink_that_hangs_is_named) {
  struct Hang {
    Latch latch;
    std::atomic<bool> inside{false};
    void here() {
      inside.store(true, std::memory_order_release);  // release: pairs with the test's acquire
      latch.wait();
    }
  };
  class HangingSource final : public Source {
   public:
    explicit HangingSource(std::shared_ptr<Hang> hang) : hang_(std::move(hang)) {}
    [[nodiscard]] std::string_view name() const noexcept override { return "hanging"; }
    Status open() override { return {}; }
    Result<SourceState> poll(SourcePort& port, std::size_t) override {
      port.publish(event("1"), 1);
      hang_->here();
      return SourceState::end;
    }

   private:
    std::shared_ptr<Hang> hang_;
  };
  class HangingSink final : public Sink {
   public:
    explicit HangingSink(std::shared_ptr<Hang> hang) : hang_(std::move(hang)) {}
    [[nodiscard]] std::string_view name() const noexcept override { return "hanging"; }
    Status open() override { return {}; }
    Status write(std::span<const std::string_view>, unsigned) override {
      hang_->here();
      return {};
    }
    Status close() override { return {}; }

   private:
    std::shared_ptr<Hang> hang_;
  };
  for (const bool is_source : {true, false}) {
    const auto hang = std::make_shared<Hang>();
    {
      PipelineBuilder builder({});
      if (is_source)
        builder.source(std::make_unique<HangingSource>(hang));
      else
        builder.source(std::make_unique<LinesSource>(std::vector<std::string>{event("1")}))
            .sink(std::make_unique<HangingSink>(hang));
      Pipeline pipeline = build(builder);
      // acquire: pairs with here().
      while (!hang->inside.load(std::memory_order_acquire)) std::this_thread::yield();
      while (is_source && pipeline.stats().completed == 0) std::this_thread::yield();
      const Report report = pipeline.stop(50ms);
      EXPECT_EQ(report.stats.completed, is_source ? 1U : 0U);
      EXPECT_EQ(report.drained, is_source);
      const Health health = pipeline.health();
      ASSERT_FALSE(health.problems.empty());
      EXPECT_NE(health.problems[0].find(is_source ? "source \"hanging\"" : "sinks"),
                std::string::npos)
          << health.problems[0];
      expect_conserved(report.stats);
    }
    hang->latch.open();
    while (hang.use_count() > 1) std::this_thread::yield();
  }
}

TEST(Stop, claim_that_hangs_is_named_and_does_not_hold_up_the_stop) {
  for (const WaitKind wait : {WaitKind::adaptive, WaitKind::busy_spin}) {
    PipelineOptions options;
    options.threads.wait = wait;
    PipelineBuilder builder(options);
    Pipeline pipeline = build(builder);
    Producer producer = pipeline.producer();
    ProducerClaim claim = producer.try_claim(10);
    ASSERT_TRUE(claim);
    producer.publish(event("behind"));
    const Report report = pipeline.stop(50ms);
    EXPECT_FALSE(report.drained);
    ASSERT_FALSE(report.problems.empty());
    EXPECT_NE(report.problems[0].find("claim"), std::string::npos) << report.problems[0];
    EXPECT_EQ(report.stats.in_flight, 1U);
    claim.data()[0] = 'x';  // the memory is still there
  }
}

TEST(Stop, drains_what_was_accepted_from_a_slow_handler) {
  PipelineOptions options;
  options.ring.slots = 8;
  PipelineBuilder builder(options);
  const auto sunk = std::make_shared<Collected>();
  std::vector<std::string> lines;
  for (int i = 0; i < 500; ++i) lines.push_back(event(std::to_string(i)));
  builder.source(std::make_unique<LinesSource>(lines))
      .sink(std::make_unique<CollectingSink>(sunk))
      .stage("slow", [](Event&, Context&) {
        for (int i = 0; i < 20; ++i) std::this_thread::yield();  // far slower than its producer
        return Outcome::next();
      });
  Pipeline pipeline = build(builder);
  ASSERT_TRUE(pipeline.wait_for_sources(60s));
  const Report report = pipeline.stop(60s);
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(sunk->take(), lines);
  EXPECT_GT(report.stats.blocked_ns, 0U);
}

TEST(Stop, consumer_far_slower_than_its_producer_loses_nothing_that_was_accepted) {
  for (const AdmissionPolicy policy : {AdmissionPolicy::reject, AdmissionPolicy::drop_newest}) {
    PipelineOptions options;
    options.ring.slots = 8;
    options.admission.when_full = policy;
    PipelineBuilder builder(options);
    const auto sunk = std::make_shared<Collected>();
    std::atomic<bool> full{false};
    builder.sink(std::make_unique<CollectingSink>(sunk)).stage("slow", [&](Event&, Context&) {
      // relaxed: only an order of steps, no data.
      while (!full.load(std::memory_order_relaxed)) std::this_thread::yield();
      for (int i = 0; i < 20; ++i) std::this_thread::yield();
      return Outcome::next();
    });
    Pipeline pipeline = build(builder);
    Producer producer = pipeline.producer();
    std::vector<std::string> accepted;
    std::uint64_t turned_away = 0;
    for (int i = 0; i < 2000; ++i) {
      std::string text = event(std::to_string(i));
      const PublishResult result = producer.publish(text);
      if (result == PublishResult::accepted) {
        accepted.push_back(std::move(text));
        continue;
      }
      EXPECT_EQ(result,
                policy == AdmissionPolicy::reject ? PublishResult::full : PublishResult::dropped);
      ++turned_away;
      full.store(true, std::memory_order_relaxed);  // relaxed: as above
    }
    const Report report = pipeline.stop(60s);
    EXPECT_GT(turned_away, 0U);
    EXPECT_EQ(sunk->take(), accepted);
    EXPECT_EQ(report.stats.accepted, accepted.size());
    EXPECT_EQ(refused(report.stats, policy == AdmissionPolicy::reject ? RefuseReason::full
                                                                      : RefuseReason::dropped),
              turned_away);
    expect_conserved(report.stats);
  }
}

TEST(Stop, second_stop_gives_the_same_report) {
  PipelineBuilder builder({});
  Pipeline pipeline = build(builder);
  EXPECT_TRUE(pipeline.stop(10s).drained);
  EXPECT_TRUE(pipeline.stop(0s).drained);
}

TEST(Start, second_start_is_an_error) {
  PipelineBuilder builder({});
  Pipeline pipeline = build(builder);
  EXPECT_EQ(pipeline.start().error().code, ErrorCode::usage);
}

TEST(Start, thread_names_are_those_of_the_plan) {
  PipelineOptions options;
  options.name = "orders";
  PipelineBuilder builder(options);
  std::string name;
  builder.stage("name", [&](Event&, Context&) {
    char text[16] = {};
    pthread_getname_np(pthread_self(), text, sizeof text);
    name = text;
    return Outcome::next();
  });
  Pipeline pipeline = build(builder);
  Producer producer = pipeline.producer();
  producer.publish(event("1"));
  pipeline.stop(10s);
  EXPECT_EQ(name, pipeline.plan().threads[0].name);
}

TEST(HostLoop, handler_that_polls_or_stops_its_own_pipeline_gets_an_answer) {
  PipelineBuilder builder({});
  const auto sunk = std::make_shared<Collected>();
  Pipeline* self = nullptr;
  builder.host_driven().sink(std::make_unique<CollectingSink>(sunk));
  builder.stage("again", [&](Event&, Context&) {
    EXPECT_EQ(self->poll(0, 64), 0U);
    return Outcome::next();
  });
  Pipeline pipeline = build(builder);
  self = &pipeline;
  Producer producer = pipeline.producer();
  for (int round = 0; round < 3; ++round) {
    for (const char* id : {"1", "2"}) producer.publish(event(id));
    poll_all(pipeline);
  }
  const Report report = pipeline.stop(10s);
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(sunk->take().size(), 6U);
  expect_conserved(report.stats);
}

TEST(HostLoop, what_a_drain_gave_up_is_not_handled_afterwards) {
  PipelineBuilder builder({});
  const auto sunk = std::make_shared<Collected>();
  builder.host_driven().sink(std::make_unique<CollectingSink>(sunk));
  Pipeline pipeline = build(builder);
  Producer producer = pipeline.producer();
  producer.publish(event("1"));
  const Report report = pipeline.stop(0s);
  EXPECT_FALSE(report.drained);
  EXPECT_EQ(report.stats.in_flight, 1U);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0], "in flight at the deadline: 1; no thread is known to hang");
  EXPECT_EQ(pipeline.poll(0, 64), 0U);
  EXPECT_TRUE(pipeline.arm()) << "nothing will come of it any more";
  EXPECT_TRUE(sunk->take().empty());
}

TEST(HostLoop, claim_that_was_published_is_no_problem_though_nobody_has_polled_since) {
  ManualClock clock;
  PipelineBuilder builder({});
  builder.host_driven().clock(clock);
  Pipeline pipeline = build(builder);
  Producer producer = pipeline.producer();
  const std::string text = event("1");
  ProducerClaim claim = producer.try_claim(text.size());
  std::copy(text.begin(), text.end(), claim.data().begin());
  EXPECT_FALSE(pipeline.arm());
  clock.advance(10'000'000'000);
  ASSERT_EQ(pipeline.health().problems.size(), 1U);
  EXPECT_NE(pipeline.health().problems[0].find("has waited 10.000 s for claim 0"),
            std::string::npos);
  claim.commit(text.size());
  EXPECT_TRUE(pipeline.health().ready);
}

TEST(HostLoop, failed_pipeline_has_nothing_to_do) {
  PipelineBuilder builder({});
  const auto sunk = std::make_shared<Collected>();
  sunk->fail_at = 0;
  builder.host_driven().sink(std::make_unique<CollectingSink>(sunk));
  Pipeline pipeline = build(builder);
  Producer producer = pipeline.producer();
  producer.publish(event("1"));
  poll_all(pipeline);
  EXPECT_TRUE(pipeline.arm());
  EXPECT_FALSE(pipeline.health().ready);
}

TEST(HostLoop, armed_before_the_start_it_is_woken_by_it) {
  PipelineBuilder builder({});
  builder.host_driven();
  Result<Pipeline> pipeline = builder.build();
  ASSERT_TRUE(pipeline);
  EXPECT_TRUE(pipeline->arm());
  ASSERT_TRUE(pipeline->start());
  std::uint64_t count = 0;
  EXPECT_EQ(::read(pipeline->event_fd(), &count, sizeof count), 8) << "look again";
}

TEST(HostLoop, descriptor_becomes_readable_when_work_comes) {
  PipelineBuilder builder({});
  builder.host_driven();
  Pipeline pipeline = build(builder);
  ASSERT_TRUE(pipeline.arm());
  std::uint64_t count = 0;
  EXPECT_EQ(::read(pipeline.event_fd(), &count, sizeof count), -1) << "nothing came yet";
  Producer producer = pipeline.producer();
  producer.publish(event("1"));
  EXPECT_EQ(::read(pipeline.event_fd(), &count, sizeof count), 8);
  EXPECT_FALSE(pipeline.arm()) << "there is work";
  EXPECT_EQ(pipeline.poll(0, 64), 1U);
  EXPECT_TRUE(pipeline.arm());
}

}  // namespace
}  // namespace penstock::test
