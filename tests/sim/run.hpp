// SPDX-License-Identifier: Apache-2.0
// The run of one seed: a pipeline and its oracle go through the same steps, one thread, a clock
// that the simulation moves. A publish that waits for room is a fiber that goes on later.
// 1. Everything is drawn from the seed; two runs of a seed give the same trace.
// 2. After each step the answers, every byte that came out, and what is bounded; after many the
//    counts; at the end the order, the history (history.hpp) and what was left.
// 3. A run may end anywhere: in a handler, in the turn of a producer that waits, at a deadline.
// 4. Nothing here throws: what runs inside handlers and publishes would be caught there. The first
//    thing that is wrong is kept, and ends the run after its step.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/context/fiber.hpp>

#include <penstock/pipeline/flow/pipeline.hpp>

#include "oracle.hpp"
#include "simulation.hpp"
#include "surroundings.hpp"
#include "world.hpp"

namespace penstock::test {

/// A producer: its handle, what it waits in, what it holds.
struct Actor {
  static constexpr std::size_t kStackBytes = 256 * 1024;

  Actor(Producer handle, std::uint32_t number)
      : producer(std::move(handle)),
        index(number),
        stack(static_cast<char*>(std::aligned_alloc(4096, kStackBytes)), &std::free) {}

  Producer producer;
  std::uint32_t index;
  std::unique_ptr<char, decltype(&std::free)> stack;
  std::uint32_t next_number = 0;
  // While a publish is under way.
  std::optional<boost::context::fiber> publishing;
  boost::context::fiber back;  ///< to whoever let it run
  bool runs = false;
  Offered offered;
  Way way = Way::copied;
  bool blocks = false;           ///< it may wait for room
  std::uint64_t timeout_ns = 0;  ///< so long
  std::optional<std::chrono::nanoseconds> own_limit;
  bool tries = false;
  std::uint64_t began_ns = 0;
  std::optional<PublishResult> answer;
  // While it holds a claim.
  std::optional<ProducerClaim> claim;
  Oracle::Claimed expected_claim;
  std::uint32_t claim_key = 0;
  std::uint64_t claim_order = 0;
};

class Run {
 public:
  Run(std::uint64_t seed, bool keep_trace);
  SeedResult result();

 private:
  // run.cpp
  void build();
  void steps();
  void step();
  void poll();
  void look_at_what_came_out();
  void check_bounds();
  void check_counts();
  void finish();
  void check_history();
  void note(std::string_view what, std::uint64_t one, std::uint64_t other = 0);
  void expect(bool holds, const std::string& what) { offers_.expect(holds, what); }
  [[nodiscard]] bool failed() const { return !offers_.wrong().empty(); }
  [[nodiscard]] std::uint64_t waiting() const;
  Coverage& coverage() { return result_.coverage; }

  // producing.cpp
  void act(Actor& actor);
  void begin_publish(Actor& actor);
  PublishResult call_publish(Actor& actor);
  void resume(Actor& actor);
  void end_publish(Actor& actor);
  void note_answer(const Offered& offered, PublishResult answer, std::uint64_t order);
  void begin_claim(Actor& actor);
  void end_claim(Actor& actor);
  Outcome handle(unsigned stage, const Event& event, Context& context);
  void emit(const Event& event, Context& context);

  // ending.cpp
  void host_turn(std::chrono::nanoseconds left);
  void turn_in_a_drain();
  void end();
  void stop();
  void destroy();
  void note_ending();
  void watch_deadline();
  void follow_drain(const Stats* stats);
  void check_report(const Report& report);
  void check_inner_report();

  World world_;
  Dice dice_;
  bool keep_trace_;
  SeedResult result_;
  Offers offers_;
  SimulatedClock clock_;
  SimulatedSink::Sunk sunk_;
  SimulatedRejects::Rejected rejected_;
  CountingLender lender_;
  std::vector<std::string> lent_memory_;  ///< what was lent stays where it is
  Oracle oracle_;
  History history_;
  std::uint64_t order_ = 0;
  std::optional<Pipeline> pipeline_;
  std::vector<std::unique_ptr<Actor>> actors_;
  Actor* running_ = nullptr;  ///< whose fiber this is; none: the host
  std::vector<Oracle::Emitted> emitted_;
  std::vector<std::uint32_t> next_emitted_;
  std::uint64_t handler_calls_ = 0;
  bool ends_while_full_ = false;  ///< the next producer that waits may stop the pipeline
  bool ended_ = false;
  bool drains_ = false;
  std::optional<Report> inner_report_;  ///< of a stop by a handler
  bool inner_report_was_checked_ = false;
};

}  // namespace penstock::test
