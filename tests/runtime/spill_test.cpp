// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/runtime/ring/padding.hpp>
#include <penstock/runtime/ring/spill.hpp>

namespace penstock::test {
namespace {

constexpr std::uint64_t kBudget = std::uint64_t{1} << 20;

TEST(Spill, block_has_its_padding_and_all_of_it_counts) {
  Spill spill(kBudget);
  for (const std::uint32_t length : {0U, 1U, 64U, 65U, 5'000U, 100'000U}) {
    char* const block = spill.try_allocate(length);
    ASSERT_NE(block, nullptr) << length;
    EXPECT_EQ(std::string(block + length, kPaddingBytes), std::string(kPaddingBytes, '\n'));
    EXPECT_GE(spill.bytes_used(), length + kPaddingBytes);
    spill.free(block, length);
    EXPECT_EQ(spill.bytes_used(), 0U) << length;
  }
}

TEST(Spill, what_would_exceed_the_budget_is_refused_until_something_was_freed) {
  Spill spill(kBudget);
  std::vector<char*> blocks;
  constexpr std::uint32_t kLength = 200'000;
  for (char* block = spill.try_allocate(kLength); block != nullptr;
       block = spill.try_allocate(kLength))
    blocks.push_back(block);
  ASSERT_GE(blocks.size(), 3U);
  EXPECT_LE(spill.bytes_used(), kBudget);
  EXPECT_TRUE(spill.could_hold(kLength));
  spill.free(blocks.back(), kLength);
  blocks.back() = spill.try_allocate(kLength);
  EXPECT_NE(blocks.back(), nullptr);
  for (const char* const block : blocks) spill.free(block, kLength);
  EXPECT_EQ(spill.bytes_used(), 0U);
}

TEST(Spill, larger_than_the_budget_could_never_be_held) {
  Spill spill(kBudget);
  EXPECT_FALSE(spill.could_hold(kBudget));
  EXPECT_FALSE(spill.could_hold(UINT32_MAX));
  EXPECT_EQ(spill.try_allocate(kBudget), nullptr);
  EXPECT_EQ(spill.bytes_used(), 0U);
}

TEST(Spill, blocks_are_freed_by_other_threads) {
  Spill spill(kBudget);
  for (int round = 0; round < 100; ++round) {
    char* const block = spill.try_allocate(10'000);
    ASSERT_NE(block, nullptr);
    std::thread([&] { spill.free(block, 10'000); }).join();
  }
  EXPECT_EQ(spill.bytes_used(), 0U);
}

}  // namespace
}  // namespace penstock::test
