// SPDX-License-Identifier: Apache-2.0
// When events are due: the same for the same seed, at the mean rate that was asked for, spread as
// the shape says.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/load/schedule.hpp>

namespace penstock::test {
namespace {

std::vector<std::uint64_t> times_of(const ScheduleOptions& options, std::size_t count) {
  Schedule schedule(options);
  std::vector<std::uint64_t> times(count);
  for (std::uint64_t& time : times) time = schedule.next();
  return times;
}

TEST(Schedule, constant_gaps_do_not_drift) {
  // A third of a second has no whole number of nanoseconds.
  const auto times = times_of({.rate = 3}, 3'000'001);
  EXPECT_EQ(times[0], 0U);
  EXPECT_EQ(times[1], 333'333'333U);
  EXPECT_EQ(times[3'000'000], 1'000'000'000'000'000U);
}

TEST(Schedule, phase_moves_the_first_event_into_the_gap) {
  EXPECT_EQ(times_of({.rate = 1000, .phase = 0.25}, 2),
            (std::vector<std::uint64_t>{250'000, 1'250'000}));
}

TEST(Schedule, burst_is_due_at_once_and_the_mean_rate_is_kept) {
  const auto times = times_of({.rate = 1000, .shape = LoadShape::bursts, .burst = 50}, 101);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(times[i], 0U);
  for (std::size_t i = 50; i < 100; ++i) EXPECT_EQ(times[i], 50'000'000U);
  EXPECT_EQ(times[100], 100'000'000U);
}

TEST(Schedule, poisson_is_the_same_for_the_same_seed_and_another_seed_is_not) {
  ScheduleOptions options{.rate = 50'000, .shape = LoadShape::poisson, .seed = 7};
  const auto times = times_of(options, 1'000);
  EXPECT_EQ(times_of(options, 1'000), times);
  options.seed = 8;
  EXPECT_NE(times_of(options, 1'000), times);
  EXPECT_TRUE(std::ranges::is_sorted(times));
}

TEST(Schedule, poisson_gaps_are_exponential_with_the_mean_of_the_rate) {
  constexpr std::size_t kCount = 200'000;
  constexpr double kGapNs = 20'000;
  for (const std::uint64_t seed : {1U, 2U, 99U}) {
    const auto times =
        times_of({.rate = 1e9 / kGapNs, .shape = LoadShape::poisson, .seed = seed}, kCount + 1);
    // The mean of n gaps strays by 1/sqrt(n): five of those.
    const double mean = double(times.back() - times.front()) / kCount;
    EXPECT_NEAR(mean / kGapNs, 1, 5 / std::sqrt(kCount)) << seed;
    // P(gap > k means) = e^-k.
    for (const double k : {0.5, 1.0, 2.0, 4.0}) {
      double longer = 0;
      for (std::size_t i = 0; i < kCount; ++i)
        longer += double(times[i + 1] - times[i]) > k * kGapNs ? 1 : 0;
      const double share = std::exp(-k);
      EXPECT_NEAR(longer / kCount, share, 5 * std::sqrt(share * (1 - share) / kCount)) << k;
    }
  }
}

TEST(Schedule, shapes_have_the_names_of_the_command_line) {
  for (const LoadShape shape : {LoadShape::constant, LoadShape::poisson, LoadShape::bursts})
    EXPECT_EQ(load_shape_of(to_string(shape)), shape);
  EXPECT_FALSE(load_shape_of("square"));
}

}  // namespace
}  // namespace penstock::test
