// SPDX-License-Identifier: Apache-2.0
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
  const std::vector<std::uint64_t> items{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(ring.try_push_batch(items), 4U);
  EXPECT_EQ(ring.try_push_batch(items), 0U);
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_TRUE(ring.try_push(7));
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{7}));
}

TEST(TypedRing, written_items_are_seen_only_when_published) {
  Ring<std::uint64_t> ring(4);
  auto& reader = ring.add_reader();
  EXPECT_TRUE(ring.try_write(1));
  EXPECT_TRUE(ring.try_write(2));
  EXPECT_TRUE(read_all(reader).empty());
  ring.publish();
  EXPECT_EQ(read_all(reader), (std::vector<std::uint64_t>{1, 2}));
}

TEST(TypedRing, second_reader_sees_an_item_only_behind_the_first) {
  Ring<std::uint64_t> ring(4);
  auto& first = ring.add_reader();
  auto& second = ring.add_reader({&first});
  ASSERT_TRUE(ring.try_push(1));
  EXPECT_TRUE(read_all(second).empty());
  EXPECT_EQ(read_all(first).size(), 1U);
  EXPECT_EQ(read_all(second).size(), 1U);
}

TEST(TypedRingDeathTest, ring_without_reader_is_a_defect_of_its_maker) {
  Ring<std::uint64_t> ring(2);
  EXPECT_TRUE(ring.try_push(1));
  EXPECT_TRUE(ring.try_push(2));
  EXPECT_DEATH(ring.try_push(3), "readers_count_");
}

TEST(TypedRing, slowest_reader_holds_the_producer_back) {
  Ring<std::uint64_t, ProducerKind::multi> ring(2, kNearWrap);
  auto& fast = ring.add_reader();
  auto& slow = ring.add_reader();
  EXPECT_TRUE(ring.try_push(1));
  EXPECT_TRUE(ring.try_push(2));
  read_all(fast);
  EXPECT_FALSE(ring.try_push(3));
  EXPECT_EQ(slow.poll([](const std::uint64_t&) {}, 1), 1U);
  EXPECT_TRUE(ring.try_push(3));
  EXPECT_FALSE(ring.try_push(4));
}

TEST(TypedRing, items_before_one_whose_handler_throws_are_released) {
  Ring<std::uint64_t> ring(4);
  auto& reader = ring.add_reader();
  ring.try_push_batch(std::vector<std::uint64_t>{1, 2, 3});
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
    threads.emplace_back([&, producer] {
      for (std::uint64_t i = 0; i < kEach; ++i)
        while (!ring.try_push(i * producers + producer)) std::this_thread::yield();
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
