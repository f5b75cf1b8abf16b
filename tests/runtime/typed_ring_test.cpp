// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/runtime/ring/typed_ring.hpp>

namespace penstock::test {
namespace {

constexpr std::uint64_t kNearWrap = ~std::uint64_t{0} - 100;

template <class R>
std::vector<std::uint64_t> read_all(R& reader) {
  std::vector<std::uint64_t> items;
  reader.poll([&](const std::uint64_t& item) { items.push_back(item); });
  return items;
}

TEST(TypedRing, batch_takes_what_fits_and_says_how_much) {
  Ring<std::uint64_t> ring(4, kNearWrap);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  const std::vector<std::uint64_t> items{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(producer.try_push_batch(items), 4U);
  EXPECT_EQ(producer.try_push_batch(items), 0U);
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_TRUE(producer.try_push(7));
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{7}));
}

TEST(TypedRing, written_items_are_seen_only_when_published) {
  Ring<std::uint64_t> ring(4);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  EXPECT_TRUE(producer.try_write(1));
  EXPECT_TRUE(producer.try_write(2));
  EXPECT_TRUE(read_all(reader).empty());
  producer.publish();
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{1, 2}));
}

TEST(TypedRing, full_ring_publishes_what_was_written) {
  Ring<std::uint64_t> ring(2);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  EXPECT_TRUE(producer.try_write(1));
  EXPECT_TRUE(producer.try_write(2));
  EXPECT_FALSE(producer.try_write(3));
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(producer.try_write(3));
}

TEST(TypedRing, end_of_a_producer_publishes_and_the_next_goes_on) {
  Ring<std::uint64_t> ring(4, kNearWrap);
  auto& reader = ring.add_reader();
  {
    auto producer = ring.producer();
    EXPECT_TRUE(producer.try_write(1));
  }
  EXPECT_EQ(ring.producer().try_push_batch(std::vector<std::uint64_t>{2, 3, 4, 5}), 3U);
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{1, 2, 3, 4}));
}

TEST(TypedRing, items_are_due_at_once_while_the_reader_keeps_up_and_together_while_it_lags) {
  Ring<std::uint64_t> ring(1024);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  const auto write = [&](std::uint64_t items) {
    for (std::uint64_t i = 0; i < items; ++i) {
      ASSERT_TRUE(producer.try_write(i));
      producer.publish_when_due();
    }
  };
  for (int i = 0; i < 100; ++i) {
    write(1);
    EXPECT_EQ(read_all(reader).size(), 1U);
  }
  write(300);  // enough for the producer to see that nobody reads
  producer.publish();
  read_all(reader);
  write(producer.kCoalescedMax - 1);
  EXPECT_TRUE(read_all(reader).empty());
  write(1);
  EXPECT_EQ(read_all(reader).size(), producer.kCoalescedMax);
  for (int lap = 0; lap < 20; ++lap) {
    write(producer.kCoalescedMax);
    read_all(reader);
  }
  write(1);  // it has seen that the reader keeps up
  EXPECT_EQ(read_all(reader).size(), 1U);
}

TEST(TypedRing, batch_goes_around_the_end_of_the_ring) {
  Ring<std::uint64_t> ring(8, kNearWrap);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  std::vector<std::uint64_t> items{1, 2, 3, 4, 5};
  for (int lap = 0; lap < 50; ++lap) {
    EXPECT_EQ(producer.try_write_batch(items), 5U);
    producer.publish();
    EXPECT_EQ(read_all(reader), items);
    for (std::uint64_t& item : items) item += 5;
  }
}

TEST(TypedRing, items_are_written_in_place) {
  Ring<std::uint64_t> ring(8, kNearWrap);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  std::uint64_t next = 0;
  std::vector<std::uint64_t> written;
  const auto write = [&](std::size_t wanted, std::size_t used) {
    const std::span<std::uint64_t> places = producer.try_claim(wanted);
    const std::size_t count = std::min(used, places.size());
    for (std::uint64_t& place : places.first(count)) written.push_back(place = next++);
    producer.commit(count);
    return places.size();
  };
  for (int lap = 0; lap < 50; ++lap) {
    written.clear();
    std::size_t in_all = 0;
    while (written.size() < 8) in_all += write(3, 2);  // of three places two are used
    EXPECT_GE(in_all, 8U);
    EXPECT_EQ(write(3, 3), 0U);
    producer.publish();
    EXPECT_EQ(read_all(reader), written);
  }
  EXPECT_EQ(write(100, 0), 8U - (kNearWrap + next) % 8);
}

TEST(TypedRing, places_that_were_claimed_are_not_seen_before_they_are_published) {
  Ring<std::uint64_t> ring(8);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  producer.try_claim(2)[0] = 7;
  EXPECT_TRUE(read_all(reader).empty());
  producer.commit(1);
  EXPECT_TRUE(read_all(reader).empty());
  producer.publish();
  EXPECT_EQ(read_all(reader), std::vector<std::uint64_t>{7});
}

TEST(TypedRing, places_are_published_with_what_was_committed_before) {
  Ring<std::uint64_t> ring(8);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  const std::span<std::uint64_t> places = producer.try_claim(3);
  for (std::size_t i = 0; i < 3; ++i) places[i] = i;
  producer.commit(1);
  producer.publish(2);
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{0, 1, 2}));
  producer.publish(0);
  EXPECT_TRUE(read_all(reader).empty());
}

TEST(TypedRing, every_way_of_writing_goes_on_where_the_reader_lags_and_where_it_keeps_up) {
  Ring<std::uint64_t> ring(256, kNearWrap);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  std::uint64_t next = 0;
  std::uint64_t expected = 0;
  const auto in_order = [&](const std::uint64_t& item) { EXPECT_EQ(item, expected++); };
  const std::vector<bool (*)(decltype(producer)&, std::uint64_t)> ways{
      [](auto& to, std::uint64_t item) { return to.try_push(item); },
      [](auto& to, std::uint64_t item) { return to.try_push_batch(std::span(&item, 1)) == 1; },
      [](auto& to, std::uint64_t item) { return to.try_write(item); },
      [](auto& to, std::uint64_t item) {
        const std::span<std::uint64_t> place = to.try_claim(1);
        if (!place.empty()) place[0] = item;
        to.publish(place.size());
        return !place.empty();
      }};
  for (const std::size_t left_unread : {0, 200, 0, 250, 3, 0}) {
    for (int i = 0; i < 2'000; ++i) {
      while (!ways[static_cast<std::size_t>(i) % ways.size()](producer, next))
        reader.poll(in_order, 1);
      ++next;
      while (next - expected > left_unread && reader.poll(in_order, 1) != 0) {
      }
    }
  }
  producer.publish();
  reader.poll(in_order);
  EXPECT_EQ(expected, next);
}

TEST(TypedRing, large_items_arrive_whole) {
  struct Large {
    std::array<std::uint64_t, 64> words;
  };
  Ring<Large> ring(4);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  for (std::uint64_t i = 0; i < 20; ++i) {
    Large item{};
    for (std::uint64_t word = 0; word < item.words.size(); ++word) item.words[word] = i * 64 + word;
    ASSERT_TRUE(producer.try_push(item));
    reader.poll([&](const Large& read) { EXPECT_EQ(read.words, item.words); });
  }
}

TEST(TypedRing, second_reader_sees_an_item_only_behind_the_first) {
  Ring<std::uint64_t> ring(4);
  auto& first = ring.add_reader();
  auto& second = ring.add_reader({&first});
  auto producer = ring.producer();
  ASSERT_TRUE(producer.try_push(1));
  EXPECT_TRUE(read_all(second).empty());
  EXPECT_EQ(read_all(first).size(), 1U);
  EXPECT_EQ(read_all(second).size(), 1U);
}

TEST(TypedRingDeathTest, ring_without_reader_is_a_defect_of_its_maker) {
  Ring<std::uint64_t> one(2);
  EXPECT_DEATH((void)one.producer(), "readers_count_");
  Ring<std::uint64_t, ProducerKind::multi> many(2);
  EXPECT_DEATH((void)many.producer(), "readers_count_");
}

TEST(TypedRingDeathTest, second_producer_of_a_ring_for_one_is_a_defect_of_its_maker) {
  Ring<std::uint64_t> ring(2);
  ring.add_reader();
  const auto producer = ring.producer();
  EXPECT_DEATH((void)ring.producer(), "has_producer_");
}

TEST(TypedRingDeathTest, reader_that_comes_late_or_follows_a_stranger_is_a_defect_of_its_maker) {
  Ring<std::uint64_t> ring(2);
  auto& reader = ring.add_reader();
  Ring<std::uint64_t> other(2);
  EXPECT_DEATH(other.add_reader({&reader}), "ring_ == this");
  EXPECT_TRUE(ring.producer().try_push(1));
  EXPECT_DEATH(ring.add_reader(), "start == gate_");
}

template <ProducerKind kind>
void poll_behind_a_remainder() {
  Ring<std::uint64_t, kind> ring(256, kNearWrap);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  std::uint64_t pushed = 0;
  const auto push = [&](std::uint64_t count) {
    for (; count != 0; --count) ASSERT_TRUE(producer.try_push(pushed++));
  };
  push(4);
  EXPECT_EQ(reader.poll([](const std::uint64_t& item) { EXPECT_EQ(item, 0U); }, 1), 1U);
  push(200);
  std::uint64_t next = 1;
  const auto in_order = [&](const std::uint64_t& item) { EXPECT_EQ(item, next++); };
  EXPECT_EQ(reader.poll(in_order, 3), 3U);
  EXPECT_EQ(reader.poll(in_order), 200U);
  EXPECT_EQ(reader.poll(in_order), 0U);
}

TEST(TypedRing, poll_finds_what_came_behind_a_remainder) {
  poll_behind_a_remainder<ProducerKind::single>();
  poll_behind_a_remainder<ProducerKind::multi>();
}

TEST(TypedRing, slowest_reader_holds_the_producer_back) {
  Ring<std::uint64_t, ProducerKind::multi> ring(2, kNearWrap);
  auto& fast = ring.add_reader();
  auto& slow = ring.add_reader();
  auto producer = ring.producer();
  EXPECT_TRUE(producer.try_push(1));
  EXPECT_TRUE(producer.try_push(2));
  read_all(fast);
  EXPECT_FALSE(producer.try_push(3));
  EXPECT_EQ(slow.poll([](const std::uint64_t&) {}, 1), 1U);
  EXPECT_TRUE(producer.try_push(3));
  EXPECT_FALSE(producer.try_push(4));
}

TEST(TypedRing, items_before_one_whose_handler_throws_are_released) {
  Ring<std::uint64_t> ring(4);
  auto& reader = ring.add_reader();
  auto producer = ring.producer();
  producer.try_push_batch(std::vector<std::uint64_t>{1, 2, 3});
  const auto throw_at_two = [](const std::uint64_t& item) {
    if (item == 2) throw std::runtime_error("two");
  };
  EXPECT_THROW(reader.poll(throw_at_two), std::runtime_error);
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{2, 3}));
}

template <ProducerKind kind>
void pass_through(unsigned producers) {
  constexpr std::uint64_t kEach = 50'000;
  Ring<std::uint64_t, kind> ring(256, kNearWrap);
  auto& first = ring.add_reader();
  auto& second = ring.add_reader({&first});
  const std::uint64_t all = kEach * producers;
  std::vector<std::thread> threads;
  for (unsigned producer = 0; producer < producers; ++producer)
    threads.emplace_back([&, which = producer] {
      auto handle = ring.producer();
      for (std::uint64_t i = 0; i < kEach; ++i)
        while (!handle.try_push(i * producers + which)) std::this_thread::yield();
    });
  std::vector<std::uint64_t> sums(2);
  std::vector<int> inversions(2);
  const auto read = [&](auto& reader, std::size_t which) {
    std::vector<std::uint64_t> next(producers, 0);
    for (std::uint64_t seen = 0; seen < all;) {
      const std::size_t count = reader.poll([&](const std::uint64_t& item) {
        sums[which] += item;
        inversions[which] += item / producers != next[item % producers]++;
      });
      if (count == 0) std::this_thread::yield();
      seen += count;
    }
  };
  threads.emplace_back([&] { read(first, 0); });
  threads.emplace_back([&] { read(second, 1); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sums[0], all * (all - 1) / 2);
  EXPECT_EQ(sums[1], all * (all - 1) / 2);
  EXPECT_EQ(inversions, (std::vector<int>{0, 0}));
}

TEST(TypedRing, single_producer_loses_and_reorders_nothing) {
  pass_through<ProducerKind::single>(1);
}

TEST(TypedRing, contending_producers_lose_and_reorder_nothing) {
  pass_through<ProducerKind::multi>(2);
}

}  // namespace
}  // namespace penstock::test
