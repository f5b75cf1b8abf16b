// SPDX-License-Identifier: Apache-2.0
// What a case chooses of a ring: its size and where its counters start, what each producer does,
// which runners there are, and how it comes to its end.
#pragma once

#include <cstdint>
#include <vector>

namespace penstock::model {

enum class How : std::uint8_t {
  copy,
  in_place,
  abandon,
  batch,
  spilled,
  hold,          ///< claims a batch, and fills it only when it has done everything else
  hold_rest,     ///< the same, but for the first of the batch
  await_first,   ///< nothing, until the first producer has published something
  await_others,  ///< nothing, until all other producers have ended
};

/// One thing that a producer does.
struct Offer {
  How how = How::copy;
  std::uint32_t bytes = 1;  ///< 1..64 take two units of the arena, 65..128 three, 129..192 four
  bool waits = true;        ///< for room; else a full ring refuses it
  bool use_reserve = false;
  unsigned batch = 2;  ///< events of a batch
  /// Where waits may run out of time: one that did is refused; else it tries and waits again.
  bool gives_up = false;
};

inline std::vector<Offer> events(unsigned count, const Offer& offer = {}) {
  return std::vector<Offer>(count, offer);
}

inline constexpr Offer kTry{.waits = false};
inline constexpr Offer kAbandon{.how = How::abandon};
inline constexpr Offer kInPlace{.how = How::in_place};
inline constexpr Offer kBatch{.how = How::batch};
inline constexpr Offer kSpilled{.how = How::spilled};
inline constexpr Offer kLarge{.bytes = 100};
inline constexpr Offer kTryLarge{.bytes = 100, .waits = false};
inline constexpr Offer kHalf{.bytes = 192};  ///< four units, the most of an arena of eight
inline constexpr Offer kGivesUp{.gives_up = true};
inline constexpr Offer kLargeGivesUp{.bytes = 100, .gives_up = true};
inline constexpr Offer kSpilledGivesUp{.how = How::spilled, .gives_up = true};

struct RunnerShape {
  std::vector<unsigned> after;  ///< runners that it follows; none: it reads behind the producers
  bool gates = true;            ///< producers wait for it
  unsigned thread = 0;          ///< runners with the same number share a thread
  unsigned batch_max = 2;
};

enum class Closing : std::uint8_t {
  once_read,  ///< when every accepted event was read: who sleeps on unread ones is found
  any_time,
  abandoned,  ///< at any time, and runners leave without reading the rest
  never,      ///< runners leave when they have seen as much as was offered: fewer schedules
};

struct RingShape {
  std::uint32_t slots = 2;
  std::uint32_t arena_units = 8;
  std::uint32_t reserve_slots = 0;
  std::uint64_t start_units = 0;
  std::uint64_t start_sequence = 0;
  std::vector<std::vector<Offer>> producers;
  std::vector<RunnerShape> runners{{}};
  Closing closing = Closing::once_read;
  bool runner_prepares = false;  ///< the first runner opens the ring, while producers already try
  bool timeouts = false;         ///< parks of runners and of producers may run out of time
  bool watched = false;          ///< one more thread looks at what any thread may look at
  std::uint64_t spill_max = 0;   ///< how many spilled events may be there
};

}  // namespace penstock::model
