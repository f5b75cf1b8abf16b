// SPDX-License-Identifier: Apache-2.0
// A pipeline as its documentation describes it, one thread, no sharing, 64-bit counts, containers
// that grow: what each call must answer, and what becomes of each event. It knows nothing of the
// product's code but the hash that maps a key to its partition.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include <penstock/pipeline/flow/partitioner.hpp>
#include <penstock/pipeline/flow/producer.hpp>
#include <penstock/pipeline/flow/stats.hpp>

#include "world.hpp"

namespace penstock::test {

/// How an event comes to its place.
enum class Way : std::uint8_t { copied, lent };

class Oracle {
 public:
  explicit Oracle(const World& world);

  struct Claimed {
    PublishResult result = PublishResult::closed;
    unsigned partition = 0;
    std::uint64_t sequence = 0;
  };

  /// One try, without waiting and without counting. `full` under any policy.
  [[nodiscard]] PublishResult would(const Offered& offered, Way way, bool inner) const;
  /// A publish that was answered so. `answer` is what would() says, or full or dropped.
  void publish(const Offered& offered, Way way, PublishResult answer);
  Claimed claim(std::uint64_t bytes, std::uint32_t key);
  /// Fills a claim, or gives it up.
  PublishResult commit(const Claimed& claim, const Offered& offered);
  void abandon(const Claimed& claim);

  /// What Pipeline::poll() does. Emitted events are numbered in the order in which they are tried.
  std::size_t poll(unsigned partition, std::size_t budget);
  /// What stop() does again and again until all is drained: polls every partition.
  std::size_t round();
  void close() { closed_ = true; }
  void give_up() { closed_ = abandoned_ = true; }
  [[nodiscard]] bool abandoned() const { return abandoned_; }
  [[nodiscard]] bool drained() const;
  [[nodiscard]] std::size_t open_claims() const;

  /// Notes the ends of what did not complete, and of what refused events came to.
  void end_the_rest(History& history) const;

  /// Differences from what the pipeline says, as text; empty if there are none. `waiting`:
  /// publishes that wait for room, which are offered and neither accepted nor refused yet.
  [[nodiscard]] std::string differs(const Stats& stats, std::uint64_t waiting) const;
  /// How many were accepted, and came to which end.
  [[nodiscard]] const Stats& counts() const { return counts_; }

  struct Emitted {
    History::Id id;
    std::uint32_t key;
    PublishResult result;
  };
  std::vector<Emitted> emitted;                        ///< by all polls so far
  std::vector<History::Id> sunk;                       ///< in order
  std::vector<std::pair<History::Id, bool>> rejected;  ///< in order; true: dead
  std::uint64_t handler_calls = 0;
  std::uint64_t sink_seen = 0;     ///< events that were tried to be written, also in vain
  std::uint64_t rejects_seen = 0;  ///< likewise
  std::uint64_t tombstones = 0;
  std::uint64_t wraps_skipped = 0;

 private:
  enum class State : std::uint8_t { open, event, tombstone };
  enum class Fate : std::uint8_t { alive, dropped, dead, refused };
  struct Place {
    State state = State::open;
    Offered offered;
    std::uint64_t end_units = 0;
    std::uint64_t spilled_cost = 0;
    std::vector<Fate> fates;  ///< by segment
    bool refused = false;     ///< by a runner
    bool ended = false;
  };
  struct Segment {
    std::vector<unsigned> after;
    std::vector<unsigned> before;  ///< all upstream
    std::vector<unsigned> stages;
    bool decodes = false;
    bool last = false;
  };
  struct Part {
    std::deque<Place> places;  ///< by sequence
    std::uint64_t units = 0;
    std::vector<std::uint64_t> cursors;  ///< by segment
  };

  void make_segments(bool decodes);
  [[nodiscard]] unsigned partition_of(const Offered& offered) const;
  [[nodiscard]] std::uint64_t extent(const Part& part, std::uint64_t bytes) const;
  [[nodiscard]] bool fits(const Part& part, std::uint64_t units, bool inner) const;
  [[nodiscard]] bool spills(const Offered& offered, Way way) const;
  [[nodiscard]] bool decodes_at_the_door() const { return parts_.size() > 1; }
  [[nodiscard]] PublishResult at_the_door(const Offered& offered) const;
  Place& take(unsigned partition, std::uint64_t units);
  std::size_t run(unsigned partition, unsigned segment, std::size_t budget);
  Fate decide(unsigned partition, const Place& place, unsigned stage);
  bool end_batch(Part& part, std::uint64_t begin, std::uint64_t count, unsigned segment);
  void emit(unsigned partition, const Place& place);
  bool reject(History::Id id, bool dead);

  const World& world_;
  Partitioner partitioner_;
  std::vector<Segment> segments_;
  unsigned last_ = 0;
  std::vector<Part> parts_;
  bool closed_ = false;
  bool abandoned_ = false;
  std::uint64_t spill_used_ = 0;
  std::vector<std::uint32_t> next_emitted_;  ///< by partition
  Stats counts_;
};

}  // namespace penstock::test
