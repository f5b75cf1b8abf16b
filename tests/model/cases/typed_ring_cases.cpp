// SPDX-License-Identifier: Apache-2.0
// Cases of Ring<T>. Sequences are 64 bits wide and start just below their wrap.
#include <algorithm>
#include <array>
#include <optional>

#include <penstock/runtime/ring/typed_ring.hpp>

#include "../case.hpp"
#include "../explorer/atomics.hpp"

namespace penstock::model {
namespace {

enum class Writes : std::uint8_t {
  pushed,
  published_at_the_end,  ///< and whenever the ring is full
  published_when_due,
  pushed_in_turns,  ///< every second one, and with it the one written before
  in_place          ///< up to `batch` at once
};

struct Shape {
  unsigned producers = 1;
  unsigned items = 4;  ///< of each producer
  unsigned batch = 1;  ///< items in one push
  Writes writes = Writes::pushed;
  unsigned readers = 1;
  unsigned slots = 2;
  std::size_t budget = SIZE_MAX;  ///< of one poll
  unsigned throws_at = 0;         ///< the handler throws once, at this item of its reader; 0: never
  bool chained = false;  ///< each reader after the one before; only the last holds producers back
};

/// Each reader must see every item once, in its producer's order; behind another only what that one
/// has seen.
template <ProducerKind kind>
class TypedRing final : public Scenario, public Reaching {
 public:
  explicit TypedRing(const Shape& shape) : shape_(shape) {}

  [[nodiscard]] unsigned threads() const override { return shape_.producers + shape_.readers; }
  void setup() override {
    reached_.begin();
    ring_.emplace(shape_.slots, std::uint64_t{0} - kBeforeWrap);
    for (unsigned i = 0; i < shape_.readers; ++i) {
      readers_[i] =
          shape_.chained && i != 0 ? &ring_->add_reader({readers_[i - 1]}) : &ring_->add_reader();
      seen_[i] = {};
    }
  }
  void run(unsigned thread) override {
    if (thread <= shape_.producers) {
      if (shape_.writes == Writes::pushed) return push(thread - 1);
      shape_.writes == Writes::in_place ? write_in_place() : write();
    } else {
      read(thread - 1 - shape_.producers);
    }
  }

 private:
  using Items = Ring<std::uint64_t, kind, ModelAtomics>;

  static constexpr unsigned kBeforeWrap = 2;  ///< items until sequences begin again at zero
  static constexpr unsigned kReadersMax = 3;
  static constexpr unsigned kProducersMax = 3;

  struct Thrown {};
  struct Seen {
    std::array<std::uint64_t, kProducersMax> next{};
    unsigned count = 0;
    bool has_thrown = false;
  };

  void push(unsigned producer) {
    auto handle = ring_->producer();
    std::array<std::uint64_t, 4> batch{};
    for (unsigned at = 0; at < shape_.items;) {
      unsigned count = 0;
      for (; count < shape_.batch && at + count < shape_.items; ++count)
        batch[count] = producer << 8 | (at + count);
      const std::size_t taken = shape_.batch == 1
                                    ? std::size_t{handle.try_push(batch[0])}
                                    : handle.try_push_batch(std::span(batch).first(count));
      at += static_cast<unsigned>(taken);
      if (taken != 0 && taken < count) reached_.note(Point::items_in_part);
      if (taken != 0) continue;
      reached_.note(Point::items_full);
      ModelAtomics::pause();
    }
  }
  void write() {
    if constexpr (kind == ProducerKind::single) {
      auto handle = ring_->producer();
      for (unsigned at = 0; at < shape_.items;) {
        const bool pushes = shape_.writes == Writes::pushed_in_turns && at % 2 == 1;
        if (pushes ? handle.try_push(at) : handle.try_write(at)) {
          ++at;
          if (shape_.writes == Writes::published_when_due) handle.publish_when_due();
          continue;
        }
        reached_.note(Point::items_full);
        ModelAtomics::pause();
      }
      // The end of the handle publishes the rest.
    }
  }
  void write_in_place() {
    if constexpr (kind == ProducerKind::single) {
      auto handle = ring_->producer();
      for (unsigned at = 0; at < shape_.items;) {
        const std::span<std::uint64_t> places =
            handle.try_claim(std::min(shape_.batch, shape_.items - at));
        for (std::uint64_t& place : places) place = at++;
        if (at % 2 == 0) {
          handle.commit(places.size());
        } else {
          handle.publish(places.size());
        }
        if (!places.empty() && places.size() < shape_.batch) reached_.note(Point::items_in_part);
        if (!places.empty()) continue;
        reached_.note(Point::items_full);
        ModelAtomics::pause();
      }
    }
  }
  void see(unsigned reader, const std::uint64_t& in_ring) {
    Seen& seen = seen_[reader];
    if (seen.count + 1 == shape_.throws_at && !seen.has_thrown) {
      seen.has_thrown = true;
      throw Thrown();
    }
    const std::uint64_t item = in_ring;
    Explorer::current().check(item >> 8 < shape_.producers, "an item is one that was pushed");
    Explorer::current().check((item & 0xFF) == seen.next[item >> 8]++,
                              "a producer's items come in order");
    ++seen.count;
    Explorer::current().check(
        !shape_.chained || reader == 0 || seen.count <= seen_[reader - 1].count,
        "the reader before has seen it");
    // It is the handler's until it returns.
    ModelAtomics::plain_read(&in_ring, sizeof in_ring);
  }
  std::size_t poll(unsigned reader) {
    const unsigned before = seen_[reader].count;
    try {
      const std::size_t count = readers_[reader]->poll(
          [&](const std::uint64_t& in_ring) { see(reader, in_ring); }, shape_.budget);
      Explorer::current().check(count == seen_[reader].count - before, "poll says how many");
      return count;
    } catch (const Thrown&) {
      reached_.note(Point::items_thrown);
      return 1;  // it has found one
    }
  }
  void read(unsigned reader) {
    Seen& seen = seen_[reader];
    while (seen.count < shape_.items * shape_.producers) {
      const std::size_t count = poll(reader);
      if (seen.count >= kBeforeWrap) reached_.note(Point::items_wrapped);
      if (count > 1) reached_.note(Point::items_together);
      if (count != 0) continue;
      if (shape_.chained && reader != 0 && seen.count < seen_[0].count)
        reached_.note(Point::reader_waited);
      ModelAtomics::pause();
    }
  }

  Shape shape_;
  std::optional<Items> ring_;
  std::array<typename Items::Reader*, kReadersMax> readers_{};
  std::array<Seen, kReadersMax> seen_{};
};

constexpr auto single = ProducerKind::single;
constexpr auto multi = ProducerKind::multi;

template <ProducerKind kind>
std::unique_ptr<Scenario> ring(const Shape& shape) {
  return std::make_unique<TypedRing<kind>>(shape);
}

const Case kCases[] = {
    {"items_one_producer",
     "every schedule of three items through two slots",
     [] { return ring<single>({.items = 3}); },
     {.stale_max = 1, .granule_shift = 3},
     true,
     0,
     {Point::items_full, Point::items_wrapped, Point::items_together}},
    {"items_two_producers",
     "every schedule of two that stamp",
     [] { return ring<multi>({.producers = 2, .items = 1}); },
     {.stale_max = 1, .granule_shift = 3},
     true,
     0,
     {Point::items_wrapped, Point::items_together}},
    {"items_one_producer_long",
     "two readers, batches",
     [] { return ring<single>({.items = 9, .batch = 2, .readers = 2}); },
     {.granule_shift = 3},
     false,
     300'000,
     {Point::items_full, Point::items_wrapped, Point::items_together}},
    {"items_coalesced",
     "written apart, published together",
     [] { return ring<single>({.items = 7, .writes = Writes::published_at_the_end}); },
     {.granule_shift = 3},
     false,
     300'000,
     {Point::items_full, Point::items_wrapped, Point::items_together}},
    {"items_adaptive",
     "published by what the producer saw of the reader",
     [] { return ring<single>({.items = 11, .writes = Writes::published_when_due, .slots = 8}); },
     {.granule_shift = 3},
     false,
     300'000,
     {Point::items_full, Point::items_wrapped, Point::items_together}},
    {"items_in_turns",
     "every second one written, the others pushed",
     [] { return ring<single>({.items = 9, .writes = Writes::pushed_in_turns, .slots = 4}); },
     {.granule_shift = 3},
     false,
     100'000,
     {Point::items_full, Point::items_wrapped, Point::items_together}},
    {"items_in_place",
     "written where they lie, around the ring's end",
     [] { return ring<single>({.items = 13, .batch = 3, .writes = Writes::in_place, .slots = 4}); },
     {.granule_shift = 3},
     false,
     200'000,
     {Point::items_full, Point::items_in_part, Point::items_wrapped, Point::items_together}},
    {"items_chained",
     "a reader behind a reader",
     [] { return ring<single>({.items = 6, .readers = 2, .chained = true}); },
     {.granule_shift = 3},
     false,
     300'000,
     {Point::items_full, Point::items_wrapped, Point::reader_waited}},
    {"items_in_runs",
     "runs of two around the ring's end, polls with a budget, a handler that throws",
     [] {
       return ring<single>({.items = 20, .batch = 3, .slots = 16, .budget = 5, .throws_at = 4});
     },
     {.granule_shift = 3},
     false,
     300'000,
     {Point::items_full, Point::items_wrapped, Point::items_together, Point::items_thrown}},
    {"items_many_producers",
     "three stamp, two read",
     [] { return ring<multi>({.producers = 3, .items = 3, .readers = 2}); },
     {.spurious_max = 2, .granule_shift = 3},
     false,
     600'000,
     {Point::items_full, Point::items_wrapped, Point::items_together}},
    {"items_many_producers_batches",
     "batches that find room for a part",
     [] { return ring<multi>({.producers = 2, .items = 5, .batch = 3}); },
     {.spurious_max = 2, .granule_shift = 3},
     false,
     300'000,
     {Point::items_full, Point::items_in_part, Point::items_wrapped, Point::items_together}},
    {"items_many_producers_in_runs",
     "a reader behind a reader, in runs, and a handler that throws",
     [] {
       return ring<multi>({.producers = 2,
                           .items = 10,
                           .batch = 3,
                           .readers = 2,
                           .slots = 16,
                           .throws_at = 3,
                           .chained = true});
     },
     {.granule_shift = 3},
     false,
     200'000,
     {Point::items_full, Point::items_wrapped, Point::items_together, Point::items_thrown,
      Point::reader_waited}},
};

}  // namespace

std::span<const Case> typed_ring_cases() { return kCases; }

}  // namespace penstock::model
