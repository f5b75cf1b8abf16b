// SPDX-License-Identifier: Apache-2.0
// What a pipeline does with its sources, sinks and rejects: when it calls them, and what becomes of
// what they answer or throw.
#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "flow_fixture.hpp"

namespace penstock::test {
namespace {

using std::chrono_literals::operator""s;

/// A source, sink and rejects that note their calls, and throw or fail where they are told to.
struct Script {
  std::vector<std::string> calls;  ///< to be read once the pipeline has stopped
  std::string fails;               ///< this call returns an error
  std::string throws;              ///< this one throws
  std::mutex lock;                 ///< the three are called by threads of their own

  Status call(const std::string& name) {
    {
      const std::lock_guard held(lock);
      calls.push_back(name);
    }
    if (name == throws) throw std::runtime_error("thrown by " + name);
    if (name == fails) return error(ErrorCode::unavailable, "failed in " + name);
    return {};
  }
};

class ScriptedSource final : public Source {
 public:
  explicit ScriptedSource(Script& script) : script_(&script) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "scripted"; }
  Status open() override { return script_->call("source open"); }
  Result<SourceState> poll(SourcePort& port, std::size_t) override {
    if (Status status = script_->call("poll"); !status) return tl::unexpected(status.error());
    port.publish(event("1"), 1);
    return SourceState::end;
  }

 private:
  Script* script_;
};

class ScriptedSink final : public Sink {
 public:
  explicit ScriptedSink(Script& script) : script_(&script) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "scripted"; }
  Status open() override { return script_->call("sink open"); }
  Status begin() override { return script_->call("sink begin"); }
  Status write(std::span<const std::string_view>, unsigned) override {
    return script_->call("sink write");
  }
  Status close() override { return script_->call("sink close"); }

 private:
  Script* script_;
};

class ScriptedRejects final : public RejectSink {
 public:
  explicit ScriptedRejects(Script& script) : script_(&script) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "scripted"; }
  Status open() override { return script_->call("rejects open"); }
  Status begin() override { return script_->call("rejects begin"); }
  Status write(const Reject&) override { return script_->call("rejects write"); }
  Status close() override { return script_->call("rejects close"); }

 private:
  Script* script_;
};

Pipeline scripted(Script& script) {
  PipelineBuilder builder({});
  builder.source(std::make_unique<ScriptedSource>(script))
      .sink(std::make_unique<ScriptedSink>(script))
      .rejects(std::make_unique<ScriptedRejects>(script));
  return std::move(*builder.build());
}

const std::vector<std::string> kStart = {"source open", "sink open", "rejects open", "sink begin",
                                         "rejects begin"};

TEST(Ports, nothing_begins_before_everything_is_open) {
  Script script;
  Pipeline pipeline = scripted(script);
  ASSERT_TRUE(pipeline.start());
  ASSERT_TRUE(pipeline.wait_for_sources(60s));
  EXPECT_EQ(pipeline.stop(60s).stats.completed, 1U);
  std::vector<std::string> expected = kStart;
  for (const char* call : {"poll", "sink write", "sink close", "rejects close"})
    expected.emplace_back(call);
  EXPECT_EQ(script.calls, expected);
}

TEST(Ports, one_that_fails_or_throws_at_the_start_fails_the_start) {
  for (std::size_t i = 0; i < kStart.size(); ++i) {
    for (const bool throws : {false, true}) {
      Script script;
      (throws ? script.throws : script.fails) = kStart[i];
      Pipeline pipeline = scripted(script);
      const Status started = pipeline.start();
      ASSERT_FALSE(started) << kStart[i];
      EXPECT_EQ(started.error().message,
                throws ? "scripted: thrown by " + kStart[i] : "failed in " + kStart[i]);
      EXPECT_EQ(script.calls, std::vector<std::string>(kStart.begin(), kStart.begin() + i + 1));
    }
  }
}

TEST(Ports, one_that_fails_or_throws_underway_stops_the_pipeline_and_is_told) {
  for (const std::string call : {"poll", "sink write", "sink close", "rejects close"}) {
    for (const bool throws : {false, true}) {
      Script script;
      (throws ? script.throws : script.fails) = call;
      Pipeline pipeline = scripted(script);
      ASSERT_TRUE(pipeline.start());
      ASSERT_TRUE(pipeline.wait_for_sources(60s));
      const Report report = pipeline.stop(60s);
      ASSERT_TRUE(report.failure) << call;
      EXPECT_EQ(report.failure->message,
                throws ? "scripted: thrown by " + call : "failed in " + call);
      expect_conserved(report.stats);
    }
  }
}

TEST(Ports, rejects_that_throw_stop_the_pipeline_and_are_told) {
  Script script;
  script.throws = "rejects write";
  Pipeline pipeline = scripted(script);
  ASSERT_TRUE(pipeline.start());
  Producer producer = pipeline.producer();
  producer.publish("no event");
  const Report report = pipeline.stop(60s);
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->message, "scripted: thrown by rejects write");
  expect_conserved(report.stats);
}

TEST(Ports, only_what_was_opened_is_closed) {
  for (std::size_t i = 0; i <= kStart.size(); ++i) {
    Script script;
    if (i < kStart.size()) script.fails = kStart[i];
    {
      Pipeline pipeline = scripted(script);
      if (i < kStart.size()) {  // else it is never started
        EXPECT_FALSE(pipeline.start());
      }
    }
    const auto called = [&](const char* call) {
      return std::count(script.calls.begin(), script.calls.end(), call);
    };
    EXPECT_EQ(called("sink close"), i >= 2 && i < kStart.size() ? 1 : 0) << i;
    EXPECT_EQ(called("rejects close"), i >= 3 && i < kStart.size() ? 1 : 0) << i;
  }
}

TEST(Ports, rejects_are_not_written_before_the_start_and_after_the_stop) {
  Script script;
  PipelineBuilder builder({});
  builder.rejects(std::make_unique<ScriptedRejects>(script));
  Result<Pipeline> pipeline = builder.build();
  ASSERT_TRUE(pipeline);
  Producer producer = pipeline->producer();
  const std::string too_large(std::size_t{2} << 20, 'x');
  EXPECT_EQ(producer.publish(too_large), PublishResult::closed);
  ASSERT_TRUE(pipeline->start()) << "nothing had failed";
  EXPECT_EQ(producer.publish(too_large), PublishResult::too_large);
  const Report report = pipeline->stop(60s);
  EXPECT_FALSE(report.failure.has_value());
  EXPECT_EQ(producer.publish(too_large), PublishResult::closed);
  EXPECT_EQ(std::count(script.calls.begin(), script.calls.end(), "rejects write"), 1);
  EXPECT_EQ(refused(pipeline->stats(), RefuseReason::closed), 2U);
  EXPECT_EQ(refused(pipeline->stats(), RefuseReason::too_large), 1U);
}

TEST(Ports, builder_refuses_null_and_a_second_build) {
  PipelineBuilder builder({});
  ASSERT_TRUE(builder.build());
  EXPECT_EQ(builder.build().error().code, ErrorCode::usage);
  PipelineBuilder null_sink({});
  EXPECT_EQ(null_sink.sink(nullptr).build().error().code, ErrorCode::usage);
  PipelineBuilder null_source({});
  EXPECT_EQ(null_source.source(nullptr).build().error().code, ErrorCode::usage);
  PipelineBuilder null_stage({});
  null_stage.add_stage("none", [](unsigned) { return std::unique_ptr<Stage>(); });
  const Result<Pipeline> built = null_stage.build();
  ASSERT_FALSE(built);
  EXPECT_NE(built.error().message.find("\"none\""), std::string::npos);
  PipelineBuilder no_maker({});
  EXPECT_FALSE(no_maker.add_stage("none", nullptr).build());
}

TEST(Ports, source_waits_for_room_whatever_producers_are_told) {
  for (const AdmissionPolicy policy : {AdmissionPolicy::reject, AdmissionPolicy::drop_newest}) {
    PipelineOptions options;
    options.ring.slots = 8;
    options.admission.when_full = policy;
    std::vector<std::string> lines;
    for (int i = 0; i < 500; ++i) lines.push_back(event(std::to_string(i)));
    const auto sunk = std::make_shared<Collected>();
    PipelineBuilder builder(options);
    builder.source(std::make_unique<LinesSource>(lines))
        .sink(std::make_unique<CollectingSink>(sunk))
        .stage("slow", [](Event&, Context&) {
          for (int i = 0; i < 20; ++i) std::this_thread::yield();
          return Outcome::next();
        });
    Pipeline pipeline = build(builder);
    ASSERT_TRUE(pipeline.wait_for_sources(60s));
    const Report report = pipeline.stop(60s);
    EXPECT_EQ(sunk->take(), lines);
    EXPECT_EQ(report.stats.offered, lines.size());
  }
}

/// Has taken three lines from somewhere when the pipeline stops, and published none of them.
class BufferedSource final : public Source {
 public:
  explicit BufferedSource(std::atomic<bool>& polled) : polled_(&polled) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "buffered"; }
  Status open() override { return {}; }
  Result<SourceState> poll(SourcePort& port, std::size_t) override {
    // release: pairs with the test's acquire, which then stops.
    polled_->store(true, std::memory_order_release);
    return port.closed() ? SourceState::end : SourceState::more;
  }
  Status finish(SourcePort& port) override {
    for (const char* id : {"1", "2"}) EXPECT_FALSE(port.publish(event(id), 1)) << "it stops";
    port.refuse(RefuseReason::closed, "incomplete", 3, "{", 1);
    return {};
  }

 private:
  std::atomic<bool>* polled_;
};

TEST(Ports, source_may_still_publish_what_it_had_taken_when_the_pipeline_stops) {
  std::atomic<bool> polled{false};
  const auto sunk = std::make_shared<Collected>();
  const auto rejected = std::make_shared<CollectedRejects>();
  PipelineBuilder builder({});
  builder.source(std::make_unique<BufferedSource>(polled))
      .sink(std::make_unique<CollectingSink>(sunk))
      .rejects(std::make_unique<CollectingRejects>(rejected));
  Pipeline pipeline = build(builder);
  // acquire: pairs with poll().
  while (!polled.load(std::memory_order_acquire)) std::this_thread::yield();
  const Report report = pipeline.stop(60s);
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(sunk->take(), (std::vector<std::string>{event("1"), event("2")}));
  ASSERT_EQ(rejected->rejects.size(), 1U);
  EXPECT_EQ(rejected->rejects[0].reason, "closed");
  expect_conserved(report.stats);
}

}  // namespace
}  // namespace penstock::test
