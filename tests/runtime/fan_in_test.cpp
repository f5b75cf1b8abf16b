// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/runtime/ring/fan_in.hpp>

namespace penstock::test {
namespace {

constexpr std::uint64_t kFirst = 1'000'000;   // items of producer 0 are from here on
constexpr std::uint64_t kSecond = 2'000'000;  // and of producer 1

template <class F>
std::vector<std::uint64_t> read_some(F& fan_in, std::size_t budget = SIZE_MAX) {
  std::vector<std::uint64_t> items;
  fan_in.poll([&](const std::uint64_t& item) { items.push_back(item); }, budget);
  return items;
}

TEST(FanIn, takes_what_each_producer_has_in_its_order) {
  FanIn<std::uint64_t> fan_in({.producers = 2, .slots = 4});
  auto first = fan_in.producer(0);
  auto second = fan_in.producer(1);
  EXPECT_TRUE(second.try_push(kSecond));
  EXPECT_TRUE(first.try_push(kFirst));
  EXPECT_TRUE(first.try_push(kFirst + 1));
  EXPECT_EQ(read_some(fan_in), (std::vector<std::uint64_t>{kFirst, kFirst + 1, kSecond}));
  EXPECT_TRUE(read_some(fan_in).empty());
}

TEST(FanIn, full_ring_refuses_its_own_producer_only) {
  FanIn<std::uint64_t> fan_in({.producers = 2, .slots = 2});
  auto first = fan_in.producer(0);
  auto second = fan_in.producer(1);
  EXPECT_TRUE(first.try_push(kFirst));
  EXPECT_TRUE(first.try_push(kFirst + 1));
  EXPECT_FALSE(first.try_push(kFirst + 2));
  EXPECT_TRUE(second.try_push(kSecond));
}

TEST(FanIn, budget_ends_a_poll_and_the_next_begins_behind_it) {
  FanIn<std::uint64_t> fan_in({.producers = 2, .slots = 4});
  auto first = fan_in.producer(0);
  auto second = fan_in.producer(1);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(first.try_push(kFirst + i));
    EXPECT_TRUE(second.try_push(kSecond + i));
  }
  EXPECT_EQ(read_some(fan_in, 2), (std::vector<std::uint64_t>{kFirst, kFirst + 1}));
  EXPECT_EQ(read_some(fan_in, 2), (std::vector<std::uint64_t>{kSecond, kSecond + 1}));
  EXPECT_EQ(read_some(fan_in, 2), (std::vector<std::uint64_t>{kFirst + 2, kSecond + 2}));
}

TEST(FanIn, busy_producer_takes_turns) {
  constexpr std::size_t kTurn = FanIn<std::uint64_t>::kTurnMax;
  FanIn<std::uint64_t> fan_in({.producers = 2, .slots = 2 * kTurn});
  auto busy = fan_in.producer(0);
  auto other = fan_in.producer(1);
  for (std::uint64_t i = 0; i < 2 * kTurn; ++i) EXPECT_TRUE(busy.try_push(kFirst + i));
  EXPECT_TRUE(other.try_push(kSecond));
  const std::vector<std::uint64_t> items = read_some(fan_in);
  ASSERT_EQ(items.size(), kTurn + 1);
  EXPECT_EQ(items.back(), kSecond);
  EXPECT_EQ(read_some(fan_in).size(), kTurn);
}

TEST(FanIn, item_whose_handler_throws_comes_again) {
  FanIn<std::uint64_t> fan_in({.producers = 2, .slots = 4});
  auto first = fan_in.producer(0);
  auto second = fan_in.producer(1);
  EXPECT_TRUE(first.try_push(kFirst));
  EXPECT_TRUE(first.try_push(kFirst + 1));
  EXPECT_TRUE(second.try_push(kSecond));
  const auto refuse = [](const std::uint64_t& item) {
    if (item == kFirst + 1) throw std::runtime_error("no");
  };
  EXPECT_THROW(fan_in.poll(refuse), std::runtime_error);
  EXPECT_EQ(read_some(fan_in), (std::vector<std::uint64_t>{kSecond, kFirst + 1}));
}

TEST(FanInDeathTest, number_that_there_is_not_is_a_defect_of_its_caller) {
  FanIn<std::uint64_t> fan_in({.producers = 2, .slots = 4});
  EXPECT_DEATH((void)fan_in.producer(2), "number < rings_.size");
  EXPECT_DEATH((FanIn<std::uint64_t>({.producers = 0, .slots = 4})), "producers != 0");
}

TEST(FanIn, producers_at_once_lose_and_reorder_nothing) {
  constexpr std::size_t kProducers = 3;
  constexpr std::uint64_t kItems = 10'000;
  FanIn<std::uint64_t> fan_in({.producers = kProducers, .slots = 64});
  std::vector<std::thread> threads;
  for (std::size_t number = 0; number < kProducers; ++number)
    threads.emplace_back([&fan_in, number] {
      auto producer = fan_in.producer(number);
      for (std::uint64_t i = 0; i < kItems; ++i) {
        while (!producer.try_write(i * kProducers + number)) std::this_thread::yield();
        producer.publish_when_due();
      }
    });
  std::array<std::uint64_t, kProducers> next{};
  bool in_order = true;
  for (std::uint64_t seen = 0; seen < kProducers * kItems;) {
    const std::size_t count = fan_in.poll([&](const std::uint64_t& item) {
      in_order &= item / kProducers == next[item % kProducers]++;
    });
    if (count == 0) std::this_thread::yield();
    seen += count;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(in_order);
  for (const std::uint64_t count : next) EXPECT_EQ(count, kItems);
}

}  // namespace
}  // namespace penstock::test
