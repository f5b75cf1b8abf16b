// SPDX-License-Identifier: Apache-2.0
// What two cores can do without any queue: lines written by one and read by the other, in place,
// through a window as large as the ring; and one line there and back. The stream limit of a window
// is the fastest of these rows:
//   in eighths     eight parts, each handed over and back by a flag of its own
//   chunks of n    one count of what is written, one of what is read, each moved once for n items
#include <atomic>
#include <memory>
#include <vector>

#include "families.hpp"
#include "paced.hpp"

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

/// Chunks by one counter line each way; each side looks at the other's when what it saw is used up.
template <class T, std::size_t chunk>
class Lines {
 public:
  /// `slots`: a power of two, as `chunk` is; so no chunk goes over the end.
  explicit Lines(std::size_t slots) : slots_(slots), window_(std::make_unique<T[]>(slots)) {}

  class Source {
   public:
    explicit Source(Lines& lines) : lines_(&lines) {}
    /// Requires: every batch whole but the last one before flush().
    template <std::size_t batch, class WhenFull>
    void push(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      static_assert(batch == chunk);
      while (written_ + count - read_seen_ > lines_->slots_) {
        // acquire: pairs with the release in poll(): the chunk is read.
        read_seen_ = lines_->read_.load(std::memory_order_acquire);
        if (written_ + count - read_seen_ > lines_->slots_) when_full();
      }
      T* const items = &lines_->window_[written_ & (lines_->slots_ - 1)];
      for (std::size_t i = 0; i < count; ++i) fill(items[i], first + i);
      written_ += count;
      // release: pairs with the acquire in poll(): the chunk's lines.
      lines_->written_.store(written_, std::memory_order_release);
    }
    void flush() {}

   private:
    Lines* lines_;
    std::uint64_t written_ = 0;
    std::uint64_t read_seen_ = 0;
  };

  class Consumer {
   public:
    explicit Consumer(Lines& lines) : lines_(&lines) {}
    template <class Handle>
    std::size_t poll(Handle&& handle, std::size_t /*limit*/) {
      // acquire: pairs with the release in push(): the lines of all chunks before it.
      const std::uint64_t written = lines_->written_.load(std::memory_order_acquire);
      const auto there = static_cast<std::size_t>(written - read_);
      while (read_ != written) {
        const T* const items = &lines_->window_[read_ & (lines_->slots_ - 1)];
        const std::uint64_t count = std::min<std::uint64_t>(chunk, written - read_);
        for (std::uint64_t i = 0; i < count; ++i) handle(items[i]);
        read_ += count;
        // release: pairs with the acquire in push(): the chunk may be written again.
        lines_->read_.store(read_, std::memory_order_release);
      }
      return there;
    }

   private:
    Lines* lines_;
    std::uint64_t read_ = 0;
  };

  Source source() { return Source(*this); }
  Consumer consumer() { return Consumer(*this); }

 private:
  // Fixed after construction.
  std::size_t slots_;
  std::unique_ptr<T[]> window_;
  // Written by the source, read by the consumer.
  alignas(128) std::atomic<std::uint64_t> written_{0};
  // Written by the consumer, read by the source.
  alignas(128) std::atomic<std::uint64_t> read_{0};
};

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
    to.push_back({.name = "lines alone, in eighths",
                  .run = [cores, slots = shape.slots](std::uint64_t count) {
                    return stream<bytes>(cores, slots, count);
                  }});
    using T = Item<bytes>;
    add_passing<Lines<T, 16>, 16>(to, "lines alone, chunks of 16", cores, shape.slots);
    add_passing<Lines<T, 64>, 64>(to, "lines alone, chunks of 64", cores, shape.slots);
  });
}

void add_line_bounce(Implementations& to, const Cores& cores) {
  to.push_back({.name = "one cache line, no queue",
                .run = [cores](std::uint64_t count) { return bounce_line(cores, count); }});
}

}  // namespace penstock::bench
