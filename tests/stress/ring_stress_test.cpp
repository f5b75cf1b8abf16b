// SPDX-License-Identifier: Apache-2.0
// Rings of events and of plain items between more threads than CPUs: every byte is checked by every
// reader.
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <span>
#include <thread>
#include <type_traits>
#include <vector>

#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/ring/event_ring.hpp>
#include <penstock/runtime/ring/typed_ring.hpp>
#include <penstock/runtime/wait/ladder.hpp>
#include <penstock/runtime/wait/pace.hpp>

#include "restless.hpp"

namespace penstock::test {
namespace {

constexpr unsigned kRunners = 3;

char byte_of(std::uint64_t producer, std::uint64_t number, std::uint64_t at) {
  return static_cast<char>('a' + (producer * 7 + number * 3 + at) % 26);
}

/// How the three runners stand to each other.
enum class Order : std::uint8_t { side_by_side, chain, diamond };

class RingStress {
 public:
  RingStress(std::uint64_t seed, unsigned cpus)
      : dice_(seed),
        slots_count_(4U << dice_.below(4)),
        units_(16U << dice_.below(4)),
        // With the runners more threads than CPUs, wherever there are not very many.
        producers_(1 + dice_.below(5 + std::min(cpus, kCpusMost))),
        order_(static_cast<Order>(dice_.below(3))),
        closes_early_(dice_.percent(40)),
        slots_(std::make_unique<EventRing::Slot[]>(slots_count_)),
        arena_(static_cast<char*>(std::aligned_alloc(kUnitBytes, units_ * kUnitBytes)), &std::free),
        columns_(kRunners, std::vector<std::uint64_t>(slots_count_)),
        ring_({.slots = slots_.get(),
               .slots_count = slots_count_,
               .arena = arena_.get(),
               .arena_bytes = units_ * kUnitBytes}),
        seen_(kRunners, Seen{.next = std::vector<std::uint64_t>(producers_)}),
        accepted_(producers_),
        abandoned_(producers_),
        late_(producers_) {
    const Position start = Position::make(Position::kUnitMask - 40, Position::kSequenceMask - 200);
    const bool last_gates = order_ != Order::side_by_side;
    for (unsigned i = 0; i < kRunners; ++i) {
      cursors_[i].reset(start);
      readers_.emplace_back(ring_, cursors_[i], start);
      if (!last_gates || i == kRunners - 1) ring_.add_gate(cursors_[i]);
      for (const unsigned before : upstream(i)) {
        readers_[i].add_upstream(cursors_[before]);
        readers_[before].add_follower(parkers_[i]);
      }
      if (upstream(i).empty()) ring_.add_listener(parkers_[i]);
    }
    ring_.prepare(start);
  }

  void run() {
    std::vector<std::thread> runners;
    std::vector<std::thread> producers;
    for (unsigned i = 0; i < kRunners; ++i)
      runners.emplace_back([this, i, seed = dice_.roll()] { read(i, seed); });
    for (unsigned i = 0; i < producers_; ++i)
      producers.emplace_back([this, i, seed = dice_.roll()] { produce(i, seed); });
    if (closes_early_) {
      while (published_.load(std::memory_order_relaxed) < kEvents / 2) sched_yield();
      close();
    }
    for (std::thread& thread : producers) thread.join();
    close();
    for (std::thread& thread : runners) thread.join();
    check();
  }

 private:
  static constexpr std::uint64_t kEvents = 400;  ///< of each producer
  static constexpr unsigned kCpusMost = 8;
  static constexpr std::size_t kBytesMax = 300;
  static constexpr std::uint64_t kParkNs = 100'000'000;

  struct Seen {
    std::vector<std::uint64_t> next{};  ///< by producer
    std::uint64_t events = 0;
    std::uint64_t tombstones = 0;
    bool right = true;
  };

  [[nodiscard]] std::vector<unsigned> upstream(unsigned runner) const {
    if (order_ == Order::chain && runner != 0) return {runner - 1};
    if (order_ == Order::diamond && runner == 2) return {0, 1};
    return {};
  }
  void close() {
    ring_.close();
    for (Parker& parker : parkers_) parker.wake();
  }

  void produce(unsigned producer, std::uint64_t seed) {
    Restless restless(seed);
    Dice& dice = restless.dice();
    const std::uint64_t most = std::min<std::uint64_t>(ring_.inline_bytes_max(), kBytesMax);
    std::uint64_t number = 0;
    while (number < kEvents) {
      if (dice.percent(10)) {
        if (!produce_batch(producer, number, restless)) return;
        continue;
      }
      const auto length = static_cast<std::uint32_t>(dice.below(static_cast<unsigned>(most) + 1));
      EventRing::Claim claim;
      for (;;) {
        const ClaimResult result = ring_.try_claim(length, false, claim);
        if (result == ClaimResult::closed) return;
        if (result == ClaimResult::claimed) break;
        dice.percent(70)
            ? static_cast<void>(ring_.wait_for_room(length, false, kParkNs, &late_[producer]))
            : static_cast<void>(sched_yield());
      }
      fill(producer, number++, length, claim, restless);
    }
  }

  /// One claim for two events; tried once. False if the ring is closed.
  bool produce_batch(unsigned producer, std::uint64_t& number, Restless& restless) {
    const std::array<std::uint32_t, 2> lengths{restless.dice().below(60),
                                               restless.dice().below(60)};
    std::array<EventRing::Claim, 2> claims;
    const ClaimResult result = ring_.try_claim_batch(lengths, false, claims);
    if (result == ClaimResult::claimed)
      for (unsigned i = 0; i < 2; ++i) fill(producer, number++, lengths[i], claims[i], restless);
    return result != ClaimResult::closed;
  }

  /// Fills a claim and publishes it, or gives it up.
  void fill(unsigned producer, std::uint64_t number, std::uint32_t length, EventRing::Claim& claim,
            Restless& restless) {
    Dice& dice = restless.dice();
    restless.maybe();
    if (dice.percent(10)) {
      ++abandoned_[producer];
      return claim.abandon();
    }
    const SlotFields fields{.line = number, .source = static_cast<std::uint16_t>(producer)};
    std::array<char, kBytesMax> copied;
    const bool copies = dice.percent(50);
    char* const bytes = copies ? copied.data() : claim.data();
    for (std::uint32_t i = 0; i < length; ++i) bytes[i] = byte_of(producer, number, i);
    restless.maybe();
    ++accepted_[producer];
    published_.fetch_add(1, std::memory_order_relaxed);
    copies ? claim.publish_copy({bytes, length}, fields) : claim.publish(length, fields);
  }

  void look_at(unsigned runner, const EventRing::Slot& slot, std::uint32_t index) {
    Seen& seen = seen_[runner];
    for (const unsigned before : upstream(runner))
      seen.right = seen.right && columns_[before][index] == seen.events + seen.tombstones;
    columns_[runner][index] = seen.events + seen.tombstones;
    if (slot.kind == SlotKind::tombstone) {
      ++seen.tombstones;
      return;
    }
    ++seen.events;
    std::uint64_t& next = seen.next[slot.fields.source];
    seen.right = seen.right && slot.fields.line >= next;
    next = slot.fields.line + 1;
    for (std::uint32_t i = 0; i < slot.length + kPaddingBytes; ++i)
      seen.right = seen.right &&
                   slot.bytes[i] ==
                       (i < slot.length ? byte_of(slot.fields.source, slot.fields.line, i) : '\n');
  }

  void read(unsigned runner, std::uint64_t seed) {
    Restless restless(seed);
    EventRing::Reader& reader = readers_[runner];
    Ladder ladder({.kind = restless.dice().percent(50) ? WaitKind::park : WaitKind::adaptive},
                  parkers_[runner], steady_clock(), waits_[runner]);
    ParkAnswer answer = ParkAnswer::work;
    EventRing::Reader* const mine[] = {&reader};
    while (answer != ParkAnswer::drained) {
      const std::uint32_t limit = reader.available(1 + restless.dice().below(8));
      std::uint32_t count = 0;
      for (; count < limit && reader.is_there(count); ++count)
        look_at(runner, reader.slot_at(count), ring_.slot_index(reader.sequence_at(count)));
      restless.maybe();
      if (count != 0) {
        reader.advance(count);
        ladder.worked();
      } else {
        ladder.idle([&] { return answer = arm_all(mine); });
      }
    }
  }

  void check() const {
    std::uint64_t accepted = 0;
    std::uint64_t abandoned = 0;
    for (unsigned i = 0; i < producers_; ++i) {
      accepted += accepted_[i];
      abandoned += abandoned_[i];
      EXPECT_EQ(late_[i].get(), 0U) << "producer " << i << " was forgotten";
    }
    for (unsigned i = 0; i < kRunners; ++i) {
      EXPECT_TRUE(seen_[i].right) << "runner " << i;
      EXPECT_EQ(seen_[i].events, accepted) << "runner " << i;
      EXPECT_EQ(seen_[i].tombstones, abandoned) << "runner " << i;
      EXPECT_EQ(waits_[i].wakes_late.get(), 0U) << "runner " << i;
    }
    EXPECT_EQ(ring_.backlog(), 0U);
  }

  Dice dice_;
  std::uint32_t slots_count_;
  std::uint64_t units_;
  unsigned producers_;
  Order order_;
  bool closes_early_;
  std::unique_ptr<EventRing::Slot[]> slots_;
  std::unique_ptr<char, decltype(&std::free)> arena_;
  std::vector<std::vector<std::uint64_t>> columns_;  ///< by runner: plain, handed on by cursors
  EventRing ring_;
  std::array<EventRing::Cursor, kRunners> cursors_;
  std::array<Parker, kRunners> parkers_;
  std::array<WaitCounters, kRunners> waits_;
  std::vector<EventRing::Reader> readers_;
  std::vector<Seen> seen_;
  std::vector<std::uint64_t> accepted_;
  std::vector<std::uint64_t> abandoned_;
  std::vector<Counter> late_;
  std::atomic<std::uint64_t> published_{0};
};

class RingStressTest : public OnCpus {};
INSTANTIATE_TEST_SUITE_P(Cpus, RingStressTest, ::testing::Values(0, 2), OnCpus::name_of);

TEST_P(RingStressTest, every_runner_sees_every_event_whole_and_in_order) {
  for_seeds_on_cpus(20, [](std::uint64_t seed, unsigned cpus) { RingStress(seed, cpus).run(); });
}

/// What items are to be: a number that says whose it is and which, or 512 bytes made of it.
struct Wide {
  std::array<std::uint64_t, 64> words;
  bool operator==(const Wide&) const = default;
};
std::uint64_t number_of(std::uint64_t item) { return item; }
std::uint64_t number_of(const Wide& item) { return item.words[0]; }

template <class Item>
Item item_of(std::uint64_t number) {
  if constexpr (std::is_same_v<Item, Wide>) {
    Wide item;
    for (std::size_t i = 0; i < item.words.size(); ++i)
      item.words[i] = number + i * 0x9E3779B97F4A7C15ULL;
    return item;
  } else {
    return number;
  }
}

/// All threads end by themselves, also if an item is lost: a reader when whoever is before it has
/// ended and nothing is left.
template <class Item, ProducerKind kind>
class TypedStress {
 public:
  TypedStress(std::uint64_t seed, unsigned producers)
      : dice_(seed), producers_(producers), ring_(2U << dice_.below(7), ~std::uint64_t{0} - 200) {}

  void run() {
    auto& first = ring_.add_reader();
    auto& second = ring_.add_reader();
    auto& behind = ring_.add_reader({&first, &second});
    std::array<bool, 3> right{};
    std::vector<std::thread> threads;
    const auto start = [&](auto& reader, unsigned number, unsigned before) {
      threads.emplace_back([&, number, before, seed = dice_.roll()] {
        right[number] = read(reader, number == 0, before, seed);
        ended_.fetch_add(1, std::memory_order_release);
      });
    };
    start(first, 0, producers_);
    start(second, 1, producers_);
    start(behind, 2, producers_ + 2);
    for (unsigned producer = 0; producer < producers_; ++producer)
      threads.emplace_back([this, producer, seed = dice_.roll()] {
        produce(producer, seed);
        ended_.fetch_add(1, std::memory_order_release);
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(right, (std::array<bool, 3>{true, true, true}));
  }

 private:
  using Items = Ring<Item, kind>;
  static constexpr std::uint64_t kItems = 500;  ///< of each producer
  static constexpr std::size_t kBatchMax = 5;

  /// True if each item of each producer came once, whole and in order.
  bool read(typename Items::Reader& reader, bool paced, unsigned before, std::uint64_t seed) {
    Restless restless(seed);
    Pace pace(1 + restless.dice().below(10));
    std::vector<std::uint64_t> next(producers_);
    bool good = true;
    const auto look_at = [&](const Item& item) {
      const std::uint64_t number = number_of(item);
      const std::uint64_t producer = number >> 32;
      good = good && producer < producers_ && (number & 0xFFFFFFFF) == next[producer]++ &&
             item == item_of<Item>(number);
    };
    for (bool ending = false;;) {
      const std::size_t count = reader.poll(look_at, 1 + restless.dice().below(10));
      if (paced) pace.polled(count);
      restless.maybe();
      if (count != 0) continue;
      if (ending) break;
      // Only where nothing was there, so that it orders no items for ThreadSanitizer.
      ending = ended_.load(std::memory_order_acquire) >= before;
    }
    for (const std::uint64_t count : next) good = good && count == kItems;
    return good;
  }

  /// By one handle after the other. Of a single producer each leaves an item to its end to publish.
  void produce(std::uint64_t producer, std::uint64_t seed) {
    Restless restless(seed);
    for (std::uint64_t at = 0; at < kItems;) {
      auto handle = ring_.producer();
      for (unsigned calls = restless.dice().below(100); calls != 0 && at + 1 < kItems; --calls) {
        std::array<Item, kBatchMax> items;
        std::size_t count = 0;
        const std::size_t wanted = 1 + restless.dice().below(kBatchMax);
        for (; count < wanted && at + 1 + count < kItems; ++count)
          items[count] = item_of<Item>(producer << 32 | (at + count));
        at += push_some(handle, std::span<const Item>(items).first(count), restless);
        restless.maybe();
      }
      const Item last = item_of<Item>(producer << 32 | at);
      if constexpr (kind == ProducerKind::single)
        at += handle.try_write(last) ? 1 : 0;
      else
        at += handle.try_push(last) ? 1 : 0;
      restless.maybe();
    }
  }

  /// One of the ways to push some of the first items; returns how many.
  static std::size_t push_some(typename Items::Producer& handle, std::span<const Item> items,
                               Restless& restless) {
    const unsigned way = restless.dice().below(kind == ProducerKind::single ? 5 : 2);
    if (way == 0) return handle.try_push(items[0]) ? 1 : 0;
    if (way == 1) return handle.try_push_batch(items);
    if constexpr (kind == ProducerKind::single) {
      if (way == 4) {
        const std::span<Item> places = handle.try_claim(items.size());
        restless.maybe();
        std::copy_n(items.begin(), places.size(), places.begin());
        handle.commit(places.size());
        return places.size();
      }
      const std::size_t count =
          way == 2 ? (handle.try_write(items[0]) ? 1 : 0) : handle.try_write_batch(items);
      restless.maybe();
      if (way == 2)
        handle.publish_when_due();
      else if (restless.dice().percent(70))
        handle.publish();
      return count;
    }
    return 0;
  }

  Dice dice_;
  unsigned producers_;
  Items ring_;
  std::atomic<unsigned> ended_{0};
};

class TypedRingStress : public OnCpus {};
INSTANTIATE_TEST_SUITE_P(Cpus, TypedRingStress, ::testing::Values(0, 2), OnCpus::name_of);

TEST_P(TypedRingStress, one_producer_three_readers) {
  for_seeds_on_cpus(10, [](std::uint64_t seed, unsigned) {
    TypedStress<std::uint64_t, ProducerKind::single>(seed, 1).run();
  });
}

TEST_P(TypedRingStress, one_producer_of_wide_items) {
  for_seeds_on_cpus(10, [](std::uint64_t seed, unsigned) {
    TypedStress<Wide, ProducerKind::single>(seed, 1).run();
  });
}

unsigned some_producers(std::uint64_t seed, unsigned cpus) {
  return std::min(cpus, 8U) + static_cast<unsigned>(seed % 4);
}

TEST_P(TypedRingStress, many_producers_three_readers) {
  for_seeds_on_cpus(10, [](std::uint64_t seed, unsigned cpus) {
    TypedStress<std::uint64_t, ProducerKind::multi>(seed, some_producers(seed, cpus)).run();
  });
}

TEST_P(TypedRingStress, many_producers_of_wide_items) {
  for_seeds_on_cpus(5, [](std::uint64_t seed, unsigned cpus) {
    TypedStress<Wide, ProducerKind::multi>(seed, some_producers(seed, cpus)).run();
  });
}

}  // namespace
}  // namespace penstock::test
