// SPDX-License-Identifier: Apache-2.0
// What two cores can do without any queue: lines written by one and read by the other through a
// window as large as the ring, handed over in parts by a flag each; and one line there and back.
#include <atomic>
#include <memory>
#include <vector>

#include "families.hpp"

namespace penstock::bench {
namespace {

/// Handing over costs nothing, and neither side waits long for the other: 2 to 32 parts gave the
/// same rate within 5 %.
constexpr std::size_t kParts = 8;

struct alignas(128) Flag {
  std::atomic<std::uint64_t> round{0};  ///< odd: full, even: free
};

template <std::size_t bytes>
Sample stream(const Cores& cores, std::size_t slots, std::uint64_t count) {
  const std::size_t part_items = slots / kParts;
  const std::uint64_t parts = (count + part_items - 1) / part_items;
  const auto window = std::make_unique<Item<bytes>[]>(slots);
  std::array<Flag, kParts> flags;
  StartLine line;
  SteadyTime::time_point begin;
  SteadyTime::time_point end;
  std::uint64_t checksum = 0;
  const auto wait_for = [&](std::uint64_t part, std::uint64_t round) {
    // acquire: pairs with the release of the other side: the lines of the part.
    while (flags[part % kParts].round.load(std::memory_order_acquire) != round) StdAtomics::pause();
  };
  // The first two laps are the warm-up.
  constexpr std::uint64_t kWarmUp = 2 * kParts;
  const auto items_of = [&](std::uint64_t part) {
    const std::uint64_t done = (part - kWarmUp) * part_items;
    return part < kWarmUp ? part_items : std::min<std::uint64_t>(part_items, count - done);
  };
  const auto consume = [&] {
    Checksum sum;
    for (std::uint64_t part = 0; part < kWarmUp + parts; ++part) {
      if (part == kWarmUp) {
        line.meet();
        sum = {};
      }
      wait_for(part, part / kParts * 2 + 1);
      const Item<bytes>* const items = window.get() + part % kParts * part_items;
      for (std::size_t i = 0; i < items_of(part); ++i) sum.add(total_of(items[i]));
      // release: the part may be written again.
      flags[part % kParts].round.store(part / kParts * 2 + 2, std::memory_order_release);
    }
    end = SteadyTime::now();
    checksum = sum.sum();
  };
  const auto produce = [&] {
    std::uint64_t value = 0;
    for (std::uint64_t part = 0; part < kWarmUp + parts; ++part) {
      if (part == kWarmUp) {
        line.meet();
        begin = SteadyTime::now();
        value = 0;
      }
      wait_for(part, part / kParts * 2);
      Item<bytes>* const items = window.get() + part % kParts * part_items;
      for (std::size_t i = 0; i < items_of(part); ++i) fill(items[i], value++);
      // release: the lines of the part.
      flags[part % kParts].round.store(part / kParts * 2 + 1, std::memory_order_release);
    }
  };
  const double waited_ns = on_two_cores(cores, consume, produce);
  return {ns_between(begin, end) / double(count), checksum, waited_ns};
}

Sample bounce_line(const Cores& cores, std::uint64_t count) {
  struct alignas(128) Line {
    std::atomic<std::uint64_t> turn{0};
  };
  Line there;
  Line back;
  constexpr std::uint64_t kWarmUp = 2048;
  StartLine line;
  SteadyTime::time_point begin;
  SteadyTime::time_point end;
  std::uint64_t checksum = 0;
  const auto call = [&] {
    Checksum sum;
    line.meet();
    for (std::uint64_t turn = 1; turn <= kWarmUp + count; ++turn) {
      if (turn == kWarmUp + 1) begin = SteadyTime::now();
      // release, acquire: the turn itself is all that is handed over.
      there.turn.store(turn, std::memory_order_release);
      std::uint64_t seen = 0;
      // acquire: as above.
      while ((seen = back.turn.load(std::memory_order_acquire)) != turn) {
      }
      if (turn > kWarmUp) sum.add(seen - kWarmUp - 1);
    }
    end = SteadyTime::now();
    checksum = sum.sum();
  };
  const auto answer = [&] {
    line.meet();
    for (std::uint64_t turn = 1; turn <= kWarmUp + count; ++turn) {
      // acquire: the turn itself is all that is handed over.
      while (there.turn.load(std::memory_order_acquire) != turn) {
      }
      // release: as above.
      back.turn.store(turn, std::memory_order_release);
    }
  };
  const double waited_ns = on_two_cores(cores, call, answer);
  return {ns_between(begin, end) / double(count), checksum, waited_ns};
}

}  // namespace

void add_stream_items(Implementations& to, const Cores& cores, const QueueShape& shape) {
  with_item_bytes(shape.item_bytes, [&]<std::size_t bytes>() {
    to.push_back(
        {.name = "lines alone, no queue", .run = [cores, slots = shape.slots](std::uint64_t count) {
           return stream<bytes>(cores, slots, count);
         }});
  });
}

void add_line_bounce(Implementations& to, const Cores& cores) {
  to.push_back({.name = "one cache line, no queue",
                .run = [cores](std::uint64_t count) { return bounce_line(cores, count); }});
}

}  // namespace penstock::bench
