// SPDX-License-Identifier: Apache-2.0
#include "simulation.hpp"

#include <chrono>
#include <cstdlib>
#include <functional>
#include <optional>
#include <stdexcept>

#include <boost/context/fiber.hpp>

#include <penstock/pipeline/flow/pipeline.hpp>

#include "oracle.hpp"
#include "world.hpp"

namespace penstock::test {
namespace {

using boost::context::fiber;
using boost::context::stack_context;
using std::chrono::nanoseconds;

constexpr std::size_t kStackBytes = 256 * 1024;
constexpr std::uint64_t kTickNs = 1'000;  // each look at the clock: time passes, deadlines come
constexpr nanoseconds kStopDeadline = std::chrono::milliseconds(1);

/// Moves a little at each look.
class SimulatedClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t now_ns() const noexcept override { return now_ns_ += kTickNs; }
  void advance(std::uint64_t duration_ns) noexcept { now_ns_ += duration_ns; }

 private:
  mutable std::uint64_t now_ns_ = 1'000'000;
};

struct Sunk {
  std::vector<History::Id> events;
  std::uint64_t seen = 0;
  std::uint64_t fails_at = UINT64_MAX;
  bool whole = true;
};

History::Id id_in(std::string_view bytes) {
  constexpr std::string_view kMark = R"("id":")";
  return ParsedId::from(bytes.substr(bytes.find(kMark) + kMark.size())).id;
}

class SimulatedSink final : public Sink {
 public:
  explicit SimulatedSink(Sunk& sunk) : sunk_(&sunk) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "sink"; }
  Status open() override { return {}; }
  Status write(std::span<const std::string_view> events, unsigned) override {
    for (const std::string_view event : events) {
      if (sunk_->seen++ == sunk_->fails_at) return error(ErrorCode::storage, "sink: full");
      sunk_->whole = sunk_->whole && event.front() == '{' && event.back() == '}';
      sunk_->events.push_back(id_in(event));
    }
    return {};
  }
  Status close() override { return {}; }

 private:
  Sunk* sunk_;
};

struct Rejected {
  std::vector<std::pair<History::Id, bool>> events;
  std::uint64_t seen = 0;
  std::uint64_t fails_at = UINT64_MAX;
};

class SimulatedRejects final : public RejectSink {
 public:
  explicit SimulatedRejects(Rejected& rejected) : rejected_(&rejected) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "rejects"; }
  Status open() override { return {}; }
  Status write(const Reject& reject) override {
    if (rejected_->seen++ == rejected_->fails_at) return error(ErrorCode::storage, "rejects: full");
    rejected_->events.emplace_back(id_in(reject.bytes), reject.dead);
    return {};
  }
  Status close() override { return {}; }

 private:
  Rejected* rejected_;
};

/// Memory that is lent, each piece to be given back once.
class CountingLender final : public Lender {
 public:
  void give_back(const char* bytes, std::uint32_t length) noexcept override {
    returned += bytes != nullptr && length != 0;
  }
  std::uint64_t returned = 0;
};

/// A producer: its handle, what it waits in, what it holds.
struct Actor {
  Actor(Producer handle, std::uint32_t number)
      : producer(std::move(handle)),
        index(number),
        stack(static_cast<char*>(std::aligned_alloc(4096, kStackBytes)), &std::free) {}

  Producer producer;
  std::uint32_t index;
  std::unique_ptr<char, decltype(&std::free)> stack;
  std::uint32_t next_number = 0;
  // While a publish waits.
  std::optional<fiber> publishing;
  Offered offered;
  Way way = Way::copied;
  bool waits = false;  ///< this publish may
  std::uint64_t began_ns = 0;
  std::optional<PublishResult> answer;
  // While it holds a claim.
  std::optional<ProducerClaim> claim;
  Oracle::Claimed expected_claim;
  std::uint32_t claim_key = 0;
  std::uint64_t claim_order = 0;
};

struct StackOf {
  Actor* actor;
  [[nodiscard]] stack_context allocate() const {
    stack_context context;
    context.size = kStackBytes;
    context.sp = actor->stack.get() + kStackBytes;
    return context;
  }
  void deallocate(stack_context&) const noexcept {}
};

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Simulation {
 public:
  Simulation(std::uint64_t seed, bool keep_trace);
  SeedResult run();

 private:
  void build();
  Outcome handle(unsigned stage, const Event& event, Context& context);
  void step();
  void act(Actor& actor);
  void begin_publish(Actor& actor);
  PublishResult call_publish(Actor& actor);
  void resume(Actor& actor);
  void end_publish(Actor& actor);
  void note_answer(const Offered& offered, PublishResult answer, std::uint64_t order);
  void begin_claim(Actor& actor);
  void end_claim(Actor& actor);
  void poll();
  void look_at_poll();
  void stop();
  void check_counts();
  [[nodiscard]] std::uint64_t waiting() const;
  void finish();
  void check_history();
  void note(std::string_view what, std::uint64_t one, std::uint64_t other = 0);
  void expect(bool holds, const std::string& what) const {
    if (!holds) throw Failure(what);
  }

  World world_;
  Dice dice_;
  bool keep_trace_;
  SeedResult result_;
  SimulatedClock clock_;
  Sunk sunk_;
  Rejected rejected_;
  CountingLender lender_;
  std::vector<std::string> lent_memory_;  ///< what was lent stays where it is
  Oracle oracle_;
  History history_;
  std::uint64_t order_ = 0;
  std::optional<Pipeline> pipeline_;
  std::vector<std::unique_ptr<Actor>> actors_;
  fiber scheduler_;
  std::vector<Oracle::Emitted> emitted_;
  std::vector<std::uint32_t> next_emitted_;
  bool stopped_ = false;
};

Simulation::Simulation(std::uint64_t seed, bool keep_trace)
    : world_(seed), dice_(seed), keep_trace_(keep_trace), oracle_(world_) {
  result_.world = world_.text();
  result_.trace_hash = 0xCBF29CE484222325ULL;
  sunk_.fails_at = world_.sink_fails_at;
  rejected_.fails_at = world_.reject_fails_at;
  next_emitted_.resize(world_.options.partitions);
}

/// FNV-1a over what happened; the text only where somebody will read it.
void Simulation::note(std::string_view what, std::uint64_t one, std::uint64_t other) {
  for (const std::uint64_t value :
       {std::uint64_t{what.size()} << 8 | static_cast<unsigned char>(what.front()), one, other})
    result_.trace_hash = (result_.trace_hash ^ value) * 0x100000001B3ULL;
  if (keep_trace_)
    result_.trace.push_back(std::string(what) + " " + std::to_string(one) + " " +
                            std::to_string(other));
}

void Simulation::build() {
  PipelineBuilder builder(world_.options);
  const auto add = [&](unsigned stage) {
    builder.stage("stage" + std::to_string(stage), [this, stage](Event& event, Context& context) {
      return handle(stage, event, context);
    });
  };
  if (world_.topology == Topology::fused) {
    for (unsigned stage = 0; stage < kStages; ++stage) add(stage);
  } else if (world_.topology == Topology::chain) {
    builder.segment("a");
    add(0);
    builder.segment("b", {"a"});
    add(1);
    add(2);
  } else {
    builder.segment("a");
    add(0);
    builder.segment("b");
    add(1);
    builder.segment("c", {"a", "b"});
    add(2);
  }
  builder.clock(clock_)
      .sink(std::make_unique<SimulatedSink>(sunk_))
      .rejects(std::make_unique<SimulatedRejects>(rejected_))
      .host_driven([this](nanoseconds) { scheduler_ = std::move(scheduler_).resume(); });
  Result<Pipeline> pipeline = builder.build();
  if (!pipeline) throw Failure("build: " + pipeline.error().message);
  pipeline_.emplace(std::move(*pipeline));
  if (Status started = pipeline_->start(); !started) throw Failure(started.error().message);
  for (unsigned i = 0; i < world_.producers; ++i)
    actors_.push_back(std::make_unique<Actor>(pipeline_->producer(), i));
}

Outcome Simulation::handle(unsigned stage, const Event& event, Context& context) {
  const ParsedId parsed = ParsedId::from(event.id());
  note("handled", parsed.id.producer, parsed.id.number);
  history_.handled(parsed.id, stage);
  switch (parsed.actions[stage]) {
    case Action::next: break;
    case Action::drop: return Outcome::drop();
    case Action::dead: return Outcome::dead("as it was told");
    case Action::raise:
      ++result_.coverage.count[Coverage::handlers_threw];
      throw std::runtime_error("as it was told");
    case Action::slow: clock_.advance(50'000); break;
    case Action::emit: {
      const History::Id id{.producer = kInnerProducer + context.partition(),
                           .number = next_emitted_[context.partition()]++};
      std::uint32_t key = 0;
      while (key < kKeys && event.subject() != key_text(key)) ++key;
      const Offered offered = Offered::emitted(id, key);
      const PublishResult answer = context.emit(offered.bytes);
      note("emitted", id.number, static_cast<std::uint64_t>(answer));
      note_answer(offered, answer, order_++);
      emitted_.push_back({id, key, answer});
      ++result_.coverage
            .count[answer == PublishResult::accepted ? Coverage::emitted
                                                     : Coverage::emitted_into_full_rings];
    }
  }
  return Outcome::next();
}

void Simulation::note_answer(const Offered& offered, PublishResult answer, std::uint64_t order) {
  constexpr unsigned kByAnswer[] = {Coverage::accepted,           Coverage::refused_full,
                                    Coverage::refused_dropped,    Coverage::refused_closed,
                                    Coverage::refused_too_large,  Coverage::refused_invalid,
                                    Coverage::refused_missing_key};
  ++result_.coverage.count[kByAnswer[static_cast<unsigned>(answer)]];
  const bool no_key = offered.flaw == Offered::Flaw::no_key;
  if (answer == PublishResult::accepted) {
    history_.accepted(offered.id, no_key ? kKeys + 1 : offered.key, order);
  } else {
    history_.refused(offered.id);
  }
}

// ---- producers

void Simulation::act(Actor& actor) {
  if (actor.publishing) return resume(actor);
  if (actor.claim) {
    if (dice_.percent(40)) end_claim(actor);
    return;
  }
  dice_.percent(20) ? begin_claim(actor) : begin_publish(actor);
}

PublishResult Simulation::call_publish(Actor& actor) {
  const std::string& bytes = actor.offered.bytes;
  if (actor.way == Way::lent) return actor.producer.publish_lent(bytes, lender_);
  return actor.waits ? actor.producer.publish(bytes) : actor.producer.try_publish(bytes);
}

void Simulation::begin_publish(Actor& actor) {
  actor.offered =
      Offered::draw(dice_, world_, {.producer = actor.index, .number = actor.next_number++});
  actor.way = dice_.percent(15) ? Way::lent : Way::copied;
  // Behind a lent event stand 64 readable bytes.
  if (actor.way == Way::lent) actor.offered.bytes.reserve(actor.offered.bytes.size() + 64);
  actor.waits = actor.way == Way::lent || dice_.percent(70);
  actor.answer.reset();
  actor.began_ns = clock_.now_ns();
  note("offers", actor.index, actor.offered.id.number);
  actor.publishing.emplace(std::allocator_arg, StackOf{&actor}, [this, &actor](fiber&& back) {
    scheduler_ = std::move(back);
    actor.answer = call_publish(actor);
    return std::move(scheduler_);
  });
  resume(actor);
}

void Simulation::resume(Actor& actor) {
  *actor.publishing = std::move(*actor.publishing).resume();
  if (actor.answer) return end_publish(actor);
  ++result_.coverage.count[Coverage::publishes_that_waited];
  expect(oracle_.would(actor.offered, actor.way, false) == PublishResult::full,
         "a publish waits although there is room");
}

void Simulation::end_publish(Actor& actor) {
  actor.publishing.reset();
  const PublishResult answer = *actor.answer;
  PublishResult expected = oracle_.would(actor.offered, actor.way, false);
  const AdmissionOptions& admission = world_.options.admission;
  const bool blocks = actor.waits && admission.when_full == AdmissionPolicy::block;
  if (expected == PublishResult::full) {
    if (actor.waits && admission.when_full == AdmissionPolicy::drop_newest)
      expected = PublishResult::dropped;
    if (blocks) {
      ++result_.coverage.count[Coverage::publishes_that_timed_out];
      expect(
          clock_.now_ns() - actor.began_ns >= static_cast<std::uint64_t>(admission.timeout.count()),
          "a publish gave up before its time");
    }
  }
  note("answered", static_cast<std::uint64_t>(answer), actor.offered.id.number);
  expect(answer == expected, "a publish was answered " + std::string(to_string(answer)) +
                                 ", expected " + std::string(to_string(expected)));
  oracle_.publish(actor.offered, actor.way, answer);
  note_answer(actor.offered, answer, order_++);
  if (actor.way == Way::lent && answer == PublishResult::accepted) {
    ++result_.coverage.count[Coverage::lent];
    lent_memory_.push_back(std::move(actor.offered.bytes));
  }
}

void Simulation::begin_claim(Actor& actor) {
  const std::uint64_t bytes = 100 + dice_.below(300);
  actor.claim_key = dice_.below(kKeys);
  actor.claim.emplace(actor.producer.try_claim(bytes, key_text(actor.claim_key)));
  actor.expected_claim = oracle_.claim(bytes, actor.claim_key);
  note("claims", bytes, static_cast<std::uint64_t>(actor.claim->result()));
  expect(actor.claim->result() == actor.expected_claim.result,
         "a claim was answered " + std::string(to_string(actor.claim->result())) + ", expected " +
             std::string(to_string(actor.expected_claim.result)));
  actor.claim_order = order_++;
  if (!*actor.claim) actor.claim.reset();
}

void Simulation::end_claim(Actor& actor) {
  Offered offered =
      Offered::draw(dice_, world_, {.producer = actor.index, .number = actor.next_number++});
  offered.key = actor.claim_key;
  offered.flaw = dice_.percent(10) ? Offered::Flaw::invalid : Offered::Flaw::none;
  offered = Offered::with_bytes(offered);
  if (dice_.percent(30) || offered.bytes.size() > actor.claim->data().size()) {
    note("gives up", actor.index);
    actor.claim.reset();
    oracle_.abandon(actor.expected_claim);
    ++result_.coverage.count[Coverage::claims_given_up];
    return;
  }
  std::copy(offered.bytes.begin(), offered.bytes.end(), actor.claim->data().begin());
  const PublishResult answer = actor.claim->commit(offered.bytes.size());
  const PublishResult expected = oracle_.commit(actor.expected_claim, offered);
  note("commits", actor.index, static_cast<std::uint64_t>(answer));
  actor.claim.reset();
  ++result_.coverage.count[Coverage::claims_committed];
  expect(answer == expected, "a commit was answered " + std::string(to_string(answer)) +
                                 ", expected " + std::string(to_string(expected)));
  note_answer(offered, answer, actor.claim_order);
}

// ---- the pipeline's side

void Simulation::poll() {
  const unsigned partition = dice_.below(world_.options.partitions);
  const std::size_t budget = 1 + dice_.below(10);
  const std::size_t done = pipeline_->poll(partition, budget);
  const std::size_t expected = oracle_.poll(partition, budget);
  note("polled", partition, done);
  look_at_poll();
  expect(done == expected,
         "poll() did " + std::to_string(done) + ", expected " + std::to_string(expected));
}

/// What came out, against the oracle, and into the history.
void Simulation::look_at_poll() {
  expect(emitted_.size() == oracle_.emitted.size(), "handlers emitted as often as expected");
  for (std::size_t i = 0; i < emitted_.size(); ++i)
    expect(
        emitted_[i].id == oracle_.emitted[i].id && emitted_[i].result == oracle_.emitted[i].result,
        "emit() was answered " + std::string(to_string(emitted_[i].result)) + ", expected " +
            std::string(to_string(oracle_.emitted[i].result)));
  expect(sunk_.whole, "an event reached the sink whole");
  expect(sunk_.events == oracle_.sunk, "the sink got what was expected, in order");
  expect(rejected_.events == oracle_.rejected, "the rejects got what was expected, in order");
}

std::uint64_t Simulation::waiting() const {
  std::uint64_t count = 0;
  for (const std::unique_ptr<Actor>& actor : actors_) count += actor->publishing.has_value();
  return count;
}

void Simulation::check_counts() {
  const std::string differs = oracle_.differs(pipeline_->stats(), waiting());
  expect(differs.empty(), "stats(): " + differs);
}

void Simulation::stop() {
  stopped_ = true;
  Coverage& coverage = result_.coverage;
  coverage.count[Coverage::stops_with_open_claims] += oracle_.open_claims() != 0;
  coverage.count[Coverage::stops_with_blocked_publishes] += waiting() != 0;
  coverage.count[Coverage::abandons] += world_.stops_by_abandon;
  note("stops", oracle_.open_claims(), world_.stops_by_abandon);
  if (world_.stops_by_abandon) {
    pipeline_->abandon();
    oracle_.give_up();
  }
  const Report report = pipeline_->stop(kStopDeadline);
  oracle_.close();
  for (bool moved = true; moved && !oracle_.abandoned();) {
    moved = false;
    for (unsigned partition = 0; partition < world_.options.partitions; ++partition)
      moved = oracle_.poll(partition, world_.options.batch.events) != 0 || moved;
  }
  look_at_poll();
  if (!oracle_.drained()) oracle_.give_up();
  expect(report.drained == (oracle_.drained() && !report.failure),
         "the report says rightly whether all was drained");
  const std::string differs = oracle_.differs(report.stats, waiting());
  expect(differs.empty(), "the report of stop(): " + differs);
}

void Simulation::step() {
  ++result_.steps;
  const unsigned what = dice_.below(100);
  if (what < 55) {
    act(*actors_[dice_.below(world_.producers)]);
  } else if (what < 85) {
    poll();
  } else if (what < 92) {
    clock_.advance(dice_.below(200'000));
  } else if (what < 96) {
    static_cast<void>(pipeline_->arm());
  } else {
    check_counts();
  }
}

/// Nobody is left waiting or holding anything.
void Simulation::finish() {
  for (const std::unique_ptr<Actor>& actor : actors_) {
    if (actor->publishing) {
      resume(*actor);
      ++result_.coverage.count[Coverage::publishes_that_waited_for_nothing];
      expect(!actor->publishing, "a publish into a closed ring comes to an end");
    }
    if (actor->claim) end_claim(*actor);
    begin_publish(*actor);
    expect(!actor->publishing, "nobody waits for room in a closed ring");
  }
  check_counts();
  check_history();
  actors_.clear();
  pipeline_.reset();
  expect(lender_.returned == lent_memory_.size(), "what was lent was given back once");
}

void Simulation::check_history() {
  const Stats stats = pipeline_->stats();
  // What the sink wrote of a batch that failed is still in flight.
  std::vector<History::Id> ended = sunk_.events;
  ended.resize(std::min<std::size_t>(ended.size(), stats.completed));
  for (const History::Id id : ended) history_.ended(id, History::End::completed);
  Coverage& coverage = result_.coverage;
  coverage.count[Coverage::completed] += stats.completed;
  coverage.count[Coverage::dropped] += stats.dropped;
  coverage.count[Coverage::dead] += stats.dead;
  coverage.count[Coverage::spilled] += stats.spilled;
  coverage.count[Coverage::arena_ends_skipped] += oracle_.wraps_skipped;
  oracle_.end_the_rest(history_);
  const std::vector<History::Finding> found =
      history_.check({.accepted = stats.accepted,
                      .ended = stats.completed + stats.dropped + stats.dead,
                      .in_flight = stats.in_flight,
                      .idle = oracle_.drained()});
  expect(found.empty(), found.empty() ? "" : found.front().text());
}

SeedResult Simulation::run() {
  try {
    build();
    constexpr unsigned kStepsBehindStop = 10;
    const unsigned middle = world_.steps / 2;
    const unsigned steps = world_.stops_in_the_middle ? middle + kStepsBehindStop : world_.steps;
    for (unsigned i = 0; i < steps; ++i) {
      if (world_.stops_in_the_middle && i == middle) {
        ++result_.coverage.count[Coverage::stops_in_the_middle];
        stop();
      }
      step();
    }
    if (!stopped_) stop();
    finish();
  } catch (const Failure& failure) {
    result_.failure = failure.what();
    // Fibers that wait are in the middle of calls that may not be unwound.
    for (std::unique_ptr<Actor>& actor : actors_) static_cast<void>(actor.release());
    if (pipeline_) static_cast<void>(new Pipeline(std::move(*pipeline_)));
  }
  result_.coverage.count[Coverage::sink_failures] += sunk_.seen > sunk_.fails_at;
  result_.coverage.count[Coverage::reject_failures] += rejected_.seen > rejected_.fails_at;
  return std::move(result_);
}

}  // namespace

const char* Coverage::name_of(unsigned what) {
  constexpr const char* kNames[kCount] = {"accepted",
                                          "completed",
                                          "dropped",
                                          "dead",
                                          "refused: full",
                                          "refused: dropped",
                                          "refused: closed",
                                          "refused: too large",
                                          "refused: invalid",
                                          "refused: missing key",
                                          "publishes that waited",
                                          "publishes that timed out",
                                          "publishes whose ring was closed meanwhile",
                                          "spilled",
                                          "lent",
                                          "claims committed",
                                          "claims given up",
                                          "ends of the arena skipped",
                                          "emitted by handlers",
                                          "emitted and refused",
                                          "handlers that threw",
                                          "sinks that failed",
                                          "rejects that failed",
                                          "stops in the middle",
                                          "stops with open claims",
                                          "stops with publishes that wait",
                                          "pipelines abandoned",
                                          "seeds run twice"};
  return kNames[what];
}

SeedResult simulate(std::uint64_t seed, bool keep_trace) {
  seed_under_way.store(seed, std::memory_order_relaxed);
  return Simulation(seed, keep_trace).run();
}

SeedsResult simulate_seeds(std::uint64_t first, std::uint64_t count, double seconds) {
  constexpr std::uint64_t kTwiceEvery = 100;
  constexpr std::size_t kStepsShown = 40;
  const auto begin = std::chrono::steady_clock::now();
  SeedsResult all;
  for (std::uint64_t seed = first; seed < first + count && all.failure.empty(); ++seed) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    if (elapsed.count() > seconds) break;
    SeedResult one = simulate(seed, false);
    ++all.seeds;
    all.steps += one.steps;
    all.coverage.add(one.coverage);
    if (one.failure.empty() && seed % kTwiceEvery == 0) {
      ++all.coverage.count[Coverage::seeds_run_twice];
      if (simulate(seed, false).trace_hash != one.trace_hash)
        one.failure = "two runs of one seed differ";
    }
    if (one.failure.empty()) continue;
    all.failure = "seed " + std::to_string(seed) + ": " + one.failure + "\nworld: " + one.world;
    const std::vector<std::string> trace = simulate(seed, true).trace;
    for (std::size_t i = trace.size() > kStepsShown ? trace.size() - kStepsShown : 0;
         i < trace.size(); ++i)
      all.failure += "\n  " + trace[i];
    all.failure += "\nrepeat: penstock_sim --seed " + std::to_string(seed) + "\n";
  }
  return all;
}

}  // namespace penstock::test
