// SPDX-License-Identifier: Apache-2.0
// What a seed draws: the sizes of a pipeline, its segments, its policies, its faults; and the
// events that are offered to it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include <penstock/pipeline/flow/options.hpp>

#include "../dice.hpp"
#include "history.hpp"

namespace penstock::test {

enum class Topology : std::uint8_t { fused, chain, diamond };

/// How a pipeline comes to its end.
enum class Ending : std::uint8_t {
  stopped,       ///< by the host
  abandoned,     ///< by the host, who then stops it
  by_a_handler,  ///< a handler calls stop()
  while_full,    ///< a producer that waits for room calls stop() in its turn
  destroyed,     ///< the host lets go of it
};

inline constexpr unsigned kStages = 3;
inline constexpr unsigned kKeys = 5;
inline constexpr std::uint32_t kInnerProducer = 100;  ///< who emits: this plus the partition

struct World {
  explicit World(std::uint64_t seed);
  [[nodiscard]] std::string text() const;

  PipelineOptions options;
  Topology topology = Topology::fused;
  unsigned producers = 1;
  unsigned steps = 0;
  std::uint64_t sink_fails_at = UINT64_MAX;    ///< the write that reaches so many events
  std::uint64_t reject_fails_at = UINT64_MAX;  ///< the reject with this number
  Ending ending = Ending::stopped;
  bool ends_in_the_middle = false;            ///< and not behind the last step
  std::chrono::nanoseconds stop_deadline{0};  ///< by the simulated clock
  std::uint64_t stops_at_call = UINT64_MAX;   ///< of a handler, by_a_handler
};

/// What one stage does with an event.
enum class Action : char {
  next = 'n',
  drop = 'd',
  dead = 'x',
  raise = 't',  ///< throws
  slow = 's',   ///< moves the clock
  emit = 'e',   ///< publishes another event of the same key
};

/// One event as it is offered.
struct Offered {
  enum class Flaw : std::uint8_t { none, invalid, no_key, too_large };

  History::Id id;
  std::uint32_t key = 0;
  std::array<Action, kStages> actions{};
  Flaw flaw = Flaw::none;
  bool lent = false;
  std::string bytes;

  static Offered draw(Dice& dice, const World& world, History::Id id);
  /// The same with its bytes made anew, short.
  static Offered with_bytes(Offered offered);
  /// The event that a handler emits.
  static Offered emitted(History::Id id, std::uint32_t key);
};

/// What the id of an event says; the id is "producer-number-actions".
struct ParsedId {
  History::Id id;
  std::array<Action, kStages> actions{};
  static ParsedId from(std::string_view text);
};

[[nodiscard]] std::string key_text(std::uint32_t key);

}  // namespace penstock::test
