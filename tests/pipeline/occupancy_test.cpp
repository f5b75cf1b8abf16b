// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <penstock/pipeline/flow/occupancy.hpp>

namespace penstock::test {
namespace {

constexpr std::uint64_t kLap = std::uint64_t{1} << 32;

TEST(Occupancy, claims_beyond_what_was_handled_count_across_the_wrap) {
  EXPECT_EQ(claimed_beyond(7, Position::make(0, 10)), 3U);
  EXPECT_EQ(claimed_beyond(kLap - 2, Position::make(0, 5)), 7U);
  EXPECT_EQ(claimed_beyond(5 * kLap + 7, Position::make(0, 7)), 0U);
}

TEST(Occupancy, runner_that_passed_many_laps_between_the_two_reads_counts_them_all) {
  EXPECT_EQ(claimed_beyond(kLap - 100, Position::make(0, 1'000'000)), 1'000'100U);
}

TEST(Occupancy, claim_that_lies_behind_what_was_handled_is_none) {
  EXPECT_EQ(claimed_beyond(10, Position::make(0, 7)), 0U);
  EXPECT_EQ(claimed_beyond(kLap + 3, Position::make(0, kLap - 2)), 0U);
}

TEST(Occupancy, flags_of_the_claim_word_do_not_count) {
  const Position claimed{Position::make(9, 3).word | Position::kLowFlag | Position::kHighFlag};
  EXPECT_EQ(claimed_beyond(kLap, claimed), 3U);
  EXPECT_EQ(slots_between(Position::make(0, kLap - 1), claimed, 8), 4U);
  EXPECT_EQ(arena_bytes_between(Position::make(Position::kUnitMask, 0), claimed, 4096), 640U);
}

TEST(Occupancy, gauges_end_at_the_size_of_the_ring) {
  const Position done = Position::make(Position::kUnitMask - 3, kLap - 3);
  const Position claimed = Position::make(1'000, 500);
  EXPECT_EQ(slots_between(done, claimed, 64), 64U);
  EXPECT_EQ(arena_bytes_between(done, claimed, 4096), 4096U);
}

}  // namespace
}  // namespace penstock::test
