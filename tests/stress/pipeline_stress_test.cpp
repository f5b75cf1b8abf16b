// SPDX-License-Identifier: Apache-2.0
// Whole pipelines with their own threads and more producers than CPUs, stopped at a random moment.
// What each thread saw goes through the history checker afterwards.
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <mutex>
#include <thread>

#include <penstock/pipeline/flow/pipeline.hpp>

#include "../sim/history.hpp"
#include "restless.hpp"

namespace penstock::test {
namespace {

constexpr unsigned kKeys = 4;
constexpr unsigned kPartitionsMost = 4;
constexpr std::uint32_t kInner = 50;  ///< who emits: this plus the partition

/// "producer-number": which event this is.
History::Id id_of(std::string_view text) {
  History::Id id;
  const char* const end = text.data() + text.size();
  const char* const at = std::from_chars(text.data(), end, id.producer).ptr;
  std::from_chars(at + 1, end, id.number);
  return id;
}

std::uint32_t key_of(History::Id id) { return id.producer * kKeys + id.number % kKeys; }

std::string document(History::Id id, std::size_t pad) {
  return R"({"specversion":"1.0","id":")" + std::to_string(id.producer) + "-" +
         std::to_string(id.number) + R"(","source":"/s","type":"t","subject":"k)" +
         std::to_string(key_of(id)) + R"(","data":")" + std::string(pad, 'x') + "\"}";
}

/// One partition's log; its runners' threads alone write it, a line each.
struct PartitionLog {
  std::array<std::vector<History::Id>, 2> handled;  ///< by stage
  std::vector<History::Id> dead;
  std::vector<History::Id> emitted;  ///< accepted, in order
  std::uint32_t next_emitted = 0;
};

class PartitionSink final : public Sink {
 public:
  using Events = std::array<std::vector<History::Id>, kPartitionsMost>;
  explicit PartitionSink(Events& events) : events_(&events) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "log"; }
  Status open() override { return {}; }
  Status write(std::span<const std::string_view> events, unsigned partition) override {
    constexpr std::string_view kMark = R"("id":")";
    for (const std::string_view event : events)
      (*events_)[partition].push_back(id_of(event.substr(event.find(kMark) + kMark.size())));
    return {};
  }
  Status close() override { return {}; }

 private:
  Events* events_;
};

class PipelineStress {
 public:
  explicit PipelineStress(std::uint64_t seed) : dice_(seed) {
    PipelineOptions options;
    options.partitions = 1 + dice_.below(kPartitionsMost);
    options.key = "subject";
    options.ring.slots = 4U << dice_.below(5);
    options.ring.reserve_slots = 1;
    options.ring.arena_bytes = 16 * 1024;
    options.ring.huge_pages = false;
    options.batch.events = 1 + dice_.below(20);
    options.threads.runners = 1 + dice_.below(5);
    options.threads.pin = PinKind::none;
    PipelineBuilder builder(options);
    const bool split = dice_.percent(60);
    if (split) builder.segment("first");
    builder.stage("first",
                  [this](Event& event, Context& context) { return first(event, context); });
    if (split) builder.segment("second", {"first"});
    builder.stage("second", [this](Event& event, Context& context) {
      logs_[context.partition()].handled[1].push_back(id_of(event.id()));
      return Outcome::next();
    });
    builder.sink(std::make_unique<PartitionSink>(sunk_));
    Result<Pipeline> pipeline = builder.build();
    if (!pipeline || !pipeline->start()) throw std::runtime_error("the pipeline did not start");
    pipeline_.emplace(std::move(*pipeline));
  }

  void run() {
    const unsigned count = 2 + dice_.below(7);
    accepted_.resize(count);
    std::vector<std::thread> producers;
    for (std::uint32_t i = 0; i < count; ++i)
      producers.emplace_back([this, i, seed = dice_.roll()] { produce(i, seed); });
    const std::uint64_t stop_at = dice_.below(kEvents * count);
    while (offered_.load(std::memory_order_relaxed) < stop_at) sched_yield();
    const Report report = pipeline_->stop(std::chrono::seconds(60));
    for (std::thread& thread : producers) thread.join();
    EXPECT_TRUE(report.drained);
    check(report);
  }

 private:
  static constexpr std::uint64_t kEvents = 400;  ///< of each producer

  Outcome first(const Event& event, Context& context) {
    PartitionLog& log = logs_[context.partition()];
    const History::Id id = id_of(event.id());
    log.handled[0].push_back(id);
    if (id.producer >= kInner) return Outcome::next();
    if (id.number % 13 == 0) {
      const History::Id born{.producer = kInner + context.partition(),
                             .number = log.next_emitted++};
      if (context.emit(document(born, 5)) == PublishResult::accepted) log.emitted.push_back(born);
    }
    if (id.number % 17 == 0) {
      log.dead.push_back(id);
      return Outcome::dead("told so");
    }
    return Outcome::next();
  }

  void produce(std::uint32_t producer, std::uint64_t seed) {
    Restless restless(seed);
    Producer handle = pipeline_->producer();
    for (std::uint32_t number = 0; number < kEvents; ++number) {
      const History::Id id{.producer = producer, .number = number};
      const std::string text = document(id, restless.dice().below(200));
      const PublishResult result =
          restless.dice().percent(50) ? handle.publish(text) : handle.try_publish(text);
      offered_.fetch_add(1, std::memory_order_relaxed);
      if (result == PublishResult::accepted) accepted_[producer].push_back(id);
      restless.maybe();
    }
  }

  void check(const Report& report) {
    History history;
    std::uint64_t order = 0;
    for (const std::vector<History::Id>& of_one : accepted_)
      for (const History::Id id : of_one) history.accepted(id, key_of(id), order++);
    for (const PartitionLog& log : logs_)
      for (const History::Id id : log.emitted) history.accepted(id, key_of(id), order++);
    for (const PartitionLog& log : logs_) {
      for (std::uint32_t stage = 0; stage < 2; ++stage)
        for (const History::Id id : log.handled[stage]) history.handled(id, stage);
      for (const History::Id id : log.dead) history.ended(id, History::End::dead);
    }
    // The sinks' order is that of a stage.
    for (const std::vector<History::Id>& of_one : sunk_)
      for (const History::Id id : of_one) history.handled(id, 2);
    for (const std::vector<History::Id>& of_one : sunk_)
      for (const History::Id id : of_one) history.ended(id, History::End::completed);
    const Stats stats = pipeline_->stats();
    for (const History::Finding& finding : history.check({.accepted = stats.accepted,
                                           .ended = stats.completed + stats.dropped + stats.dead,
                                           .in_flight = stats.in_flight}))
      ADD_FAILURE() << finding.text();
    std::uint64_t refused = 0;
    for (const std::uint64_t count : stats.refused) refused += count;
    EXPECT_EQ(stats.offered, stats.accepted + refused);
    EXPECT_EQ(stats.waits.wakes_late, 0U);
    EXPECT_EQ(report.stats.completed, stats.completed);
  }

  Dice dice_;
  std::array<PartitionLog, kPartitionsMost> logs_;
  PartitionSink::Events sunk_;
  std::vector<std::vector<History::Id>> accepted_;  ///< by producer, whose thread writes
  std::atomic<std::uint64_t> offered_{0};
  std::optional<Pipeline> pipeline_;
};

TEST(PipelineStress, every_accepted_event_ends_once_in_its_order_whenever_it_is_stopped) {
  for_seeds(25, [](std::uint64_t seed) { PipelineStress(seed).run(); });
}

}  // namespace
}  // namespace penstock::test
