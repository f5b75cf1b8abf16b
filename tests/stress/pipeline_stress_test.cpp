// SPDX-License-Identifier: Apache-2.0
// Whole pipelines with their own threads and more producers than CPUs, stopped or abandoned at a
// random moment. Every thread is restless, those that run handlers and sinks, too.
// What each thread saw, byte by byte, goes through the history checker afterwards.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <deque>
#include <optional>
#include <thread>

#include <penstock/pipeline/flow/pipeline.hpp>

#include "../sim/history.hpp"
#include "restless.hpp"

namespace penstock::test {
namespace {

constexpr unsigned kKeys = 4;
constexpr unsigned kPartitionsMost = 4;
constexpr std::uint32_t kInner = 1000;  ///< who emits: this plus the partition
constexpr std::size_t kBytesBehindLent = 64;

/// "producer-number": which event this is.
History::Id id_of(std::string_view text) {
  History::Id id;
  const char* const end = text.data() + text.size();
  const char* const at = std::from_chars(text.data(), end, id.producer).ptr;
  std::from_chars(at + 1, end, id.number);
  return id;
}

std::uint32_t key_of(History::Id id) { return id.producer * kKeys + id.number % kKeys; }

/// The event with this id: there is but one, so that whoever sees it can tell each of its bytes.
std::string document(History::Id id) {
  Dice dice(std::uint64_t{id.producer} << 32 | id.number);
  std::string text = R"({"specversion":"1.0","id":")" + std::to_string(id.producer) + "-" +
                     std::to_string(id.number) + R"(","source":"/s","type":"t","subject":"k)" +
                     std::to_string(key_of(id)) + R"(","data":")";
  // Some are longer than what fits inline.
  const unsigned count = dice.percent(3) ? 2'500 : dice.below(200);
  for (unsigned i = 0; i < count; ++i) text += static_cast<char>('a' + dice.below(26));
  return text + "\"}";
}

History::Id id_in(std::string_view document) {
  constexpr std::string_view kMark = R"("id":")";
  return id_of(document.substr(std::min(document.size(), document.find(kMark) + kMark.size())));
}

/// One partition's log; its runners' threads alone write it, a line each.
struct PartitionLog {
  std::array<std::vector<History::Id>, 2> handled;  ///< by stage
  std::array<std::optional<Restless>, 3> restless;  ///< by stage, and of the sink
  std::vector<History::Id> emitted;                 ///< accepted, in order
  std::vector<History::Id> sunk;
  std::uint32_t next_emitted = 0;
};

using Logs = std::array<PartitionLog, kPartitionsMost>;

class PartitionSink final : public Sink {
 public:
  PartitionSink(Logs& logs, std::atomic<std::uint64_t>& wrong) : logs_(&logs), wrong_(&wrong) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "log"; }
  Status open() override { return {}; }
  Status write(std::span<const std::string_view> events, unsigned partition) override {
    PartitionLog& log = (*logs_)[partition];
    for (const std::string_view event : events) {
      log.restless[2]->maybe();
      const History::Id id = id_in(event);
      if (event != document(id)) wrong_->fetch_add(1, std::memory_order_relaxed);
      log.sunk.push_back(id);
    }
    return {};
  }
  Status close() override { return {}; }

 private:
  Logs* logs_;
  std::atomic<std::uint64_t>* wrong_;
};

/// Called under the pipeline's lock.
class DeadEvents final : public RejectSink {
 public:
  DeadEvents(std::vector<History::Id>& dead, std::atomic<std::uint64_t>& wrong)
      : dead_(&dead), wrong_(&wrong) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "dead"; }
  Status open() override { return {}; }
  Status write(const Reject& reject) override {
    const History::Id id = id_in(reject.bytes);
    if (!reject.dead || reject.bytes != document(id))
      wrong_->fetch_add(1, std::memory_order_relaxed);
    dead_->push_back(id);
    return {};
  }
  Status close() override { return {}; }

 private:
  std::vector<History::Id>* dead_;
  std::atomic<std::uint64_t>* wrong_;
};

class CountingLender final : public Lender {
 public:
  void give_back(const char*, std::uint32_t) noexcept override {
    returned_.fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t returned() const { return returned_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> returned_{0};
};

class PipelineStress {
 public:
  PipelineStress(std::uint64_t seed, unsigned cpus) : dice_(seed), cpus_(cpus) {
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
    for (PartitionLog& log : logs_)
      for (std::optional<Restless>& restless : log.restless) restless.emplace(dice_.roll());
    PipelineBuilder builder(options);
    const bool split = dice_.percent(60);
    if (split) builder.segment("first");
    builder.stage("first",
                  [this](Event& event, Context& context) { return first(event, context); });
    if (split) builder.segment("second", {"first"});
    builder.stage("second", [this](Event& event, Context& context) {
      see(1, event, context.partition());
      return Outcome::next();
    });
    builder.sink(std::make_unique<PartitionSink>(logs_, wrong_))
        .rejects(std::make_unique<DeadEvents>(dead_, wrong_));
    Result<Pipeline> pipeline = builder.build();
    if (!pipeline || !pipeline->start()) throw std::runtime_error("the pipeline did not start");
    pipeline_.emplace(std::move(*pipeline));
  }

  void run() {
    const unsigned count = std::min(cpus_, kCpusMost) + dice_.below(6);
    made_.resize(count);
    std::vector<std::thread> producers;
    for (std::uint32_t i = 0; i < count; ++i)
      producers.emplace_back([this, i, seed = dice_.roll()] { produce(i, seed); });
    const std::uint64_t stop_at = dice_.below(kEvents * count);
    while (offered_.load(std::memory_order_relaxed) < stop_at) sched_yield();
    const bool abandons = dice_.percent(25);
    if (abandons) pipeline_->abandon();
    const Report report = pipeline_->stop(std::chrono::seconds(60));
    for (std::thread& thread : producers) thread.join();
    EXPECT_TRUE(report.drained || abandons);
    check(report);
    pipeline_.reset();
    std::uint64_t lent = 0;
    for (const Made& made : made_) lent += made.lent.size();
    EXPECT_EQ(lender_.returned(), lent) << "what was lent was given back once";
  }

 private:
  static constexpr std::uint64_t kEvents = 400;  ///< of each producer
  static constexpr unsigned kCpusMost = 8;

  /// Of one producer, whose thread writes it.
  struct Made {
    std::vector<History::Id> accepted;
    std::deque<std::string> lent;
  };

  void see(unsigned stage, const Event& event, unsigned partition) {
    PartitionLog& log = logs_[partition];
    const History::Id id = id_of(event.id());
    log.restless[stage]->maybe();
    if (event.bytes() != document(id)) wrong_.fetch_add(1, std::memory_order_relaxed);
    log.handled[stage].push_back(id);
  }

  Outcome first(const Event& event, Context& context) {
    see(0, event, context.partition());
    PartitionLog& log = logs_[context.partition()];
    const History::Id id = id_of(event.id());
    if (id.producer >= kInner) return Outcome::next();
    if (id.number % 13 == 0) {
      const History::Id born{.producer = kInner + context.partition(),
                             .number = log.next_emitted++};
      if (context.emit(document(born)) == PublishResult::accepted) log.emitted.push_back(born);
    }
    return id.number % 17 == 0 ? Outcome::dead("told so") : Outcome::next();
  }

  PublishResult publish(Producer& handle, History::Id id, Restless& restless) {
    std::string text = document(id);
    const unsigned way = restless.dice().below(10);
    if (way < 4) return handle.publish(text);
    if (way < 7) return handle.try_publish(text);
    if (way < 8) {
      text.reserve(text.size() + kBytesBehindLent);
      std::deque<std::string>& lent = made_[id.producer].lent;
      const std::string& kept = lent.emplace_back(std::move(text));
      const PublishResult result = handle.publish_lent(kept, lender_);
      if (result != PublishResult::accepted) lent.pop_back();
      return result;
    }
    ProducerClaim claim = handle.try_claim(text.size(), "k" + std::to_string(key_of(id)));
    restless.maybe();
    if (!claim) return claim.result();
    std::copy(text.begin(), text.end(), claim.data().begin());
    restless.maybe();
    return way == 8 ? claim.commit(text.size()) : PublishResult::dropped;  // given up half-way
  }

  void produce(std::uint32_t producer, std::uint64_t seed) {
    Restless restless(seed);
    Producer handle = pipeline_->producer();
    for (std::uint32_t number = 0; number < kEvents; ++number) {
      const History::Id id{.producer = producer, .number = number};
      if (publish(handle, id, restless) == PublishResult::accepted)
        made_[producer].accepted.push_back(id);
      offered_.fetch_add(1, std::memory_order_relaxed);
      restless.maybe();
    }
  }

  void check(const Report& report) {
    const Stats stats = pipeline_->stats();
    EXPECT_EQ(wrong_.load(std::memory_order_relaxed), 0U) << "events whose bytes were not theirs";
    for (const History::Finding& finding : history(stats).check({.accepted = stats.accepted,
                                           .ended = stats.completed + stats.dropped + stats.dead,
                                           .in_flight = stats.in_flight,
                                           .idle = report.drained}))
      ADD_FAILURE() << finding.text();
    std::uint64_t refused = 0;
    for (const std::uint64_t count : stats.refused) refused += count;
    EXPECT_EQ(stats.offered, stats.accepted + refused);
    EXPECT_EQ(stats.waits.wakes_late, 0U) << "of runners, or of producers that were forgotten";
    EXPECT_EQ(report.stats.completed, stats.completed);
  }

  [[nodiscard]] History history(const Stats& stats) const {
    History history;
    std::uint64_t order = 0;
    for (const Made& made : made_)
      for (const History::Id id : made.accepted) history.accepted(id, key_of(id), order++);
    for (const PartitionLog& log : logs_)
      for (const History::Id id : log.emitted) history.accepted(id, key_of(id), order++);
    for (const PartitionLog& log : logs_)
      for (std::uint32_t stage = 0; stage < 2; ++stage)
        for (const History::Id id : log.handled[stage]) history.handled(id, stage);
    // The sinks' order is that of a stage.
    for (const PartitionLog& log : logs_)
      for (const History::Id id : log.sunk) history.handled(id, 2);
    for (const History::Id id : dead_) history.ended(id, History::End::dead);
    // What was written of a batch that was abandoned then is still in flight.
    for (std::size_t i = 0; i < stats.partitions.size(); ++i) {
      EXPECT_LE(stats.partitions[i].completed, logs_[i].sunk.size());
      for (std::size_t at = 0;
           at < std::min<std::size_t>(stats.partitions[i].completed, logs_[i].sunk.size()); ++at)
        history.ended(logs_[i].sunk[at], History::End::completed);
    }
    return history;
  }

  Dice dice_;
  unsigned cpus_;
  Logs logs_;
  std::vector<History::Id> dead_;
  std::vector<Made> made_;  ///< by producer
  CountingLender lender_;
  std::atomic<std::uint64_t> offered_{0};
  std::atomic<std::uint64_t> wrong_{0};
  std::optional<Pipeline> pipeline_;
};

class PipelineStressTest : public OnCpus {};
INSTANTIATE_TEST_SUITE_P(Cpus, PipelineStressTest, ::testing::Values(0, 2), OnCpus::name_of);

TEST_P(PipelineStressTest, every_accepted_event_ends_once_in_its_order_whenever_it_is_stopped) {
  for_seeds_on_cpus(25,
                    [](std::uint64_t seed, unsigned cpus) { PipelineStress(seed, cpus).run(); });
}

}  // namespace
}  // namespace penstock::test
