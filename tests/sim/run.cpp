// SPDX-License-Identifier: Apache-2.0
// The run as the host sees it: the pipeline, the steps, what must hold after each.
#include "run.hpp"

#include <algorithm>

namespace penstock::test {

Run::Run(std::uint64_t seed, bool keep_trace)
    : world_(seed), dice_(seed), keep_trace_(keep_trace), oracle_(world_) {
  result_.world = world_.text();
  result_.trace_hash = 0xCBF29CE484222325ULL;
  sunk_.fails_at = world_.sink_fails_at;
  rejected_.fails_at = world_.reject_fails_at;
  next_emitted_.resize(world_.options.partitions);
}

/// FNV-1a over what happened; the text only where somebody will read it.
void Run::note(std::string_view what, std::uint64_t one, std::uint64_t other) {
  for (const std::uint64_t value :
       {std::uint64_t{what.size()} << 8 | static_cast<unsigned char>(what.front()), one, other})
    result_.trace_hash = (result_.trace_hash ^ value) * 0x100000001B3ULL;
  if (keep_trace_)
    result_.trace.push_back(std::string(what) + " " + std::to_string(one) + " " +
                            std::to_string(other));
}

void Run::build() {
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
      .sink(std::make_unique<SimulatedSink>(sunk_, offers_))
      .rejects(std::make_unique<SimulatedRejects>(rejected_, offers_,
                                                  world_.options.ring.event_bytes_max))
      .host_driven([this](std::chrono::nanoseconds left) { host_turn(left); });
  Result<Pipeline> pipeline = builder.build();
  if (!pipeline) return expect(false, "build: " + pipeline.error().message);
  pipeline_.emplace(std::move(*pipeline));
  const Status started = pipeline_->start();
  if (!started) return expect(false, "start: " + started.error().message);
  for (unsigned i = 0; i < world_.producers; ++i)
    actors_.push_back(std::make_unique<Actor>(pipeline_->producer(), i));
}

void Run::steps() {
  constexpr unsigned kStepsBehindTheEnd = 10;
  const unsigned middle = world_.steps / 2;
  const bool in_the_middle = world_.ends_in_the_middle;
  const unsigned count = in_the_middle ? middle + kStepsBehindTheEnd : world_.steps;
  for (unsigned i = 0; i < count && !failed(); ++i) {
    if (in_the_middle && i == middle && !ended_) {
      ++coverage()[Coverage::stops_in_the_middle];
      end();
    }
    ends_while_full_ = world_.ending == Ending::while_full && i >= middle / 2;
    step();
  }
  if (!ended_ && !failed()) end();
}

void Run::step() {
  ++result_.steps;
  const unsigned what = dice_.below(100);
  if (what < 55) {
    act(*actors_[dice_.below(world_.producers)]);
  } else if (what >= 85 && what < 92) {
    clock_.advance(dice_.below(200'000));
  } else if (!pipeline_) {
    return;  // destroyed: only producers are left
  } else if (what < 85) {
    poll();
  } else if (what < 96) {
    static_cast<void>(pipeline_->arm());
  } else {
    check_counts();
  }
  check_bounds();
}

void Run::poll() {
  const unsigned partition = dice_.below(world_.options.partitions);
  const std::size_t budget = 1 + dice_.below(10);
  const std::size_t done = pipeline_->poll(partition, budget);
  const std::size_t expected = oracle_.poll(partition, budget);
  note("polled", partition, done);
  look_at_what_came_out();
  check_inner_report();
  expect(done == expected,
         "poll() did " + std::to_string(done) + ", expected " + std::to_string(expected));
}

/// Against the oracle: what, and in which order. Bytes are compared where they come out.
void Run::look_at_what_came_out() {
  expect(handler_calls_ == oracle_.handler_calls, "handlers were called as often as expected");
  expect(emitted_.size() == oracle_.emitted.size(), "handlers emitted as often as expected");
  for (std::size_t i = 0; i < std::min(emitted_.size(), oracle_.emitted.size()); ++i)
    expect(
        emitted_[i].id == oracle_.emitted[i].id && emitted_[i].result == oracle_.emitted[i].result,
        "emit() was answered " + std::string(to_string(emitted_[i].result)) + ", expected " +
            std::string(to_string(oracle_.emitted[i].result)));
  expect(sunk_.events == oracle_.sunk, "the sink got what was expected, in order");
  expect(rejected_.events == oracle_.rejected, "the rejects got what was expected, in order");
}

/// G10: whatever happens, no more is in use than there is.
void Run::check_bounds() {
  if (!pipeline_) return;
  const RingOptions& ring = world_.options.ring;
  const Stats stats = pipeline_->stats();
  expect(stats.spill_bytes <= ring.spill_bytes_max, "more bytes are spilled than the budget");
  expect(stats.in_flight <= std::uint64_t{ring.slots} * world_.options.partitions,
         "more is in flight than there are slots");
  expect(lent_memory_.size() - lender_.returned <=
             std::uint64_t{ring.slots} * world_.options.partitions,
         "more is lent than there are slots");
  for (const PartitionStats& partition : stats.partitions) {
    expect(partition.slots_used <= ring.slots, "more slots are in use than there are");
    expect(partition.arena_bytes_used <= ring.arena_bytes,
           "more of the arena is in use than there is");
  }
}

void Run::check_counts() {
  const std::string differs = oracle_.differs(pipeline_->stats(), waiting());
  expect(differs.empty(), "stats(): " + differs);
}

std::uint64_t Run::waiting() const {
  std::uint64_t count = 0;
  for (const std::unique_ptr<Actor>& actor : actors_) count += actor->publishing.has_value();
  return count;
}

/// Nobody is left waiting or holding anything.
void Run::finish() {
  for (const std::unique_ptr<Actor>& actor : actors_) {
    if (actor->publishing) {
      resume(*actor);
      ++coverage()[Coverage::publishes_that_waited_for_nothing];
      expect(!actor->publishing, "a publish into a closed ring comes to an end");
    }
    if (actor->claim) end_claim(*actor);
    if (failed()) return;
    begin_publish(*actor);
    expect(!actor->publishing, "nobody waits for room in a closed ring");
    if (failed()) return;
  }
  if (pipeline_) check_counts();
  check_history();
  if (failed()) return;
  actors_.clear();
  pipeline_.reset();
  expect(lender_.returned == lent_memory_.size(), "what was lent was given back once");
}

void Run::check_history() {
  // Of a pipeline that was destroyed only what came out is known; that is what the oracle expected.
  const Stats stats = pipeline_ ? pipeline_->stats() : oracle_.counts();
  const std::uint64_t ended = stats.completed + stats.dropped + stats.dead;
  const std::uint64_t in_flight = pipeline_ ? stats.in_flight : stats.accepted - ended;
  // What the sink wrote of a batch that failed is still in flight.
  std::vector<History::Id> completed = sunk_.events;
  completed.resize(std::min<std::size_t>(completed.size(), stats.completed));
  for (const History::Id id : completed) history_.ended(id, History::End::completed);
  oracle_.end_the_rest(history_);
  coverage()[Coverage::completed] += stats.completed;
  coverage()[Coverage::dropped] += stats.dropped;
  coverage()[Coverage::dead] += stats.dead;
  coverage()[Coverage::left_in_flight] += in_flight;
  coverage()[Coverage::spilled] += stats.spilled;
  coverage()[Coverage::arena_ends_skipped] += oracle_.wraps_skipped;
  const std::vector<History::Finding> found = history_.check({.accepted = stats.accepted,
                                                              .ended = ended,
                                                              .in_flight = in_flight,
                                                              .idle = oracle_.drained()});
  expect(found.empty(), found.empty() ? "" : found.front().text());
}

SeedResult Run::result() {
  build();
  if (!failed()) steps();
  if (!failed()) finish();
  if (failed()) {
    result_.failure = offers_.wrong();
    // Fibers that wait are in the middle of calls that may not be unwound.
    for (std::unique_ptr<Actor>& actor : actors_) static_cast<void>(actor.release());
    if (pipeline_) static_cast<void>(new Pipeline(std::move(*pipeline_)));
  }
  coverage()[Coverage::sink_failures] += sunk_.seen > sunk_.fails_at;
  coverage()[Coverage::reject_failures] += rejected_.seen > rejected_.fails_at;
  return std::move(result_);
}

}  // namespace penstock::test
