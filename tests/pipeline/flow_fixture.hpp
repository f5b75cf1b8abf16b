// SPDX-License-Identifier: Apache-2.0
// Events, a sink and rejects that remember, for tests of whole pipelines.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/pipeline/flow/pipeline.hpp>

namespace penstock::test {

/// A valid event with the given id, subject and data.
inline std::string event(std::string_view id, std::string_view subject = "k",
                         std::string_view data = "1") {
  std::string text = R"({"specversion":"1.0","id":")";
  text += id;
  text += R"(","source":"/test","type":"com.example.test","subject":")";
  text += subject;
  text += R"(","data":)";
  text += data;
  text += "}";
  return text;
}

/// What a sink got, shared with the test.
struct Collected {
  std::mutex lock;
  std::vector<std::string> events;
  std::size_t fail_at = SIZE_MAX;  ///< the write that reaches so many events fails

  std::vector<std::string> take() {
    const std::lock_guard<std::mutex> guard(lock);
    return std::exchange(events, {});
  }
};

class CollectingSink final : public Sink {
 public:
  explicit CollectingSink(std::shared_ptr<Collected> into) : into_(std::move(into)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "collect"; }
  Status open() override { return {}; }
  Status write(std::span<const std::string_view> events, unsigned) override {
    const std::lock_guard<std::mutex> guard(into_->lock);
    for (const std::string_view event : events) {
      if (into_->events.size() >= into_->fail_at)
        return error(ErrorCode::storage, "collect: no space left");
      EXPECT_EQ(std::string_view(event.data() + event.size(), 64), std::string(64, '\n'));
      into_->events.emplace_back(event);
    }
    return {};
  }
  Status close() override { return {}; }

 private:
  std::shared_ptr<Collected> into_;
};

struct CollectedReject {
  bool dead;
  std::string source;
  std::uint64_t line;
  std::string stage;
  std::string reason;
  std::string detail;
  std::string bytes;
};

struct CollectedRejects {
  std::mutex lock;
  std::vector<CollectedReject> rejects;
  bool fail = false;
};

class CollectingRejects final : public RejectSink {
 public:
  explicit CollectingRejects(std::shared_ptr<CollectedRejects> into) : into_(std::move(into)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "collect"; }
  Status open() override { return {}; }
  Status write(const Reject& reject) override {
    const std::lock_guard<std::mutex> guard(into_->lock);
    if (into_->fail) return error(ErrorCode::storage, "rejects: no space left");
    into_->rejects.push_back({reject.dead, std::string(reject.source), reject.line,
                              std::string(reject.stage), std::string(reject.reason),
                              std::string(reject.detail), std::string(reject.bytes)});
    return {};
  }
  Status close() override { return {}; }

 private:
  std::shared_ptr<CollectedRejects> into_;
};

/// Hands out lines, then ends.
class LinesSource final : public Source {
 public:
  explicit LinesSource(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "lines"; }
  Status open() override { return {}; }
  Result<SourceState> poll(SourcePort& port, std::size_t budget) override {
    for (std::size_t i = 0; i < budget && next_ < lines_.size(); ++i, ++next_)
      if (!port.publish(lines_[next_], next_ + 1)) return SourceState::end;
    return next_ < lines_.size() ? SourceState::more : SourceState::end;
  }

 private:
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
};

inline std::uint64_t refused(const Stats& stats, RefuseReason reason) {
  return stats.refused[static_cast<std::size_t>(reason)];
}

/// GUARANTEES.md G8.
inline void expect_conserved(const Stats& stats) {
  std::uint64_t refused = 0;
  for (const std::uint64_t count : stats.refused) refused += count;
  EXPECT_EQ(stats.offered, stats.accepted + refused);
  EXPECT_EQ(stats.accepted,
            stats.completed + stats.dropped + stats.dead + stats.parked + stats.in_flight);
  std::uint64_t completed = 0;
  std::uint64_t accepted = 0;
  for (const PartitionStats& partition : stats.partitions) {
    completed += partition.completed;
    accepted += partition.accepted;
  }
  EXPECT_EQ(completed, stats.completed);
  EXPECT_EQ(accepted, stats.accepted);
}

inline Pipeline build(PipelineBuilder& builder) {
  Result<Pipeline> pipeline = builder.build();
  if (!pipeline) throw std::runtime_error(pipeline.error().message);
  if (Status started = pipeline->start(); !started)
    throw std::runtime_error(started.error().message);
  return std::move(*pipeline);
}

/// Polls every partition until nothing is left to do.
inline void poll_all(Pipeline& pipeline) {
  for (;;) {
    std::size_t done = 0;
    for (unsigned partition = 0; partition < pipeline.plan().partitions; ++partition)
      done += pipeline.poll(partition, 64);
    if (done == 0) return;
  }
}

}  // namespace penstock::test
