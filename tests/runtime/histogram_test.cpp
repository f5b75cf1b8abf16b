// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/runtime/base/histogram.hpp>

namespace penstock::test {
namespace {

using namespace histogram_layout;

constexpr std::uint64_t kRangeNs = std::uint64_t{1} << (kExponentMax + 1);

/// Random values of every magnitude in range.
std::vector<std::uint64_t> some_values(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> values(count);
  for (std::uint64_t& value : values) value = (random() % kRangeNs) >> (random() % kExponentMax);
  return values;
}

std::uint64_t fresh_seed() {
  const std::uint64_t seed = std::random_device{}();
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  return seed;
}

TEST(Histogram, cells_follow_each_other_without_gap) {
  EXPECT_EQ(cell_of(0), 0U);
  for (std::size_t cell = 0; cell + 1 < kCells; ++cell) {
    ASSERT_EQ(cell_of(upper_of(cell)), cell);
    ASSERT_EQ(cell_of(upper_of(cell) + 1), cell + 1);
  }
  EXPECT_EQ(upper_of(kCells - 1), kRangeNs - 1);
}

TEST(Histogram, value_is_known_to_a_64th_of_itself) {
  const std::uint64_t seed = fresh_seed();
  SCOPED_TRACE(seed);
  for (const std::uint64_t value : some_values(seed, 100'000)) {
    const std::uint64_t upper = upper_of(cell_of(value));
    ASSERT_GE(upper, value);
    ASSERT_LE(upper - value, value / 64) << value;
  }
}

TEST(Histogram, percentiles_are_those_of_the_sorted_values) {
  const std::uint64_t seed = fresh_seed();
  SCOPED_TRACE(seed);
  std::vector<std::uint64_t> values = some_values(seed, 10'001);
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  const HistogramSnapshot snapshot = histogram.snapshot();
  std::sort(values.begin(), values.end());
  for (const double percent : {0.0, 0.01, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const double rank = std::ceil(percent / 100 * static_cast<double>(values.size()));
    const std::uint64_t exact = values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
    const std::uint64_t told = snapshot.percentile(percent);
    EXPECT_GE(told, exact) << percent;
    EXPECT_LE(told - exact, exact / 64) << percent;
  }
  EXPECT_EQ(snapshot.percentile(100), values.back());
}

TEST(Histogram, p999_of_a_thousand_values_is_the_last_but_one) {
  Histogram histogram;
  histogram.record(10, 999);  // 99.9 / 100 * 1000 is more than 999 in binary
  histogram.record(50);
  EXPECT_EQ(histogram.snapshot().percentile(99.9), 10U);
  EXPECT_EQ(histogram.snapshot().percentile(99.91), 50U);
}

TEST(Histogram, max_is_exact_and_min_and_mean_are_near) {
  Histogram histogram;
  histogram.record(1'000);
  histogram.record(123'456'789);
  histogram.record(2'000, 2);
  const HistogramSnapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.count(), 4U);
  EXPECT_EQ(snapshot.max(), 123'456'789U);
  EXPECT_LE(snapshot.min(), 1'000U);
  EXPECT_GE(snapshot.min(), 1'000U - 1'000 / 64);
  const double mean = (1'000 + 123'456'789 + 2 * 2'000) / 4.0;
  EXPECT_NEAR(snapshot.mean(), mean, mean / 64);
}

TEST(Histogram, values_below_64_are_exact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 64; ++value) histogram.record(value);
  const HistogramSnapshot snapshot = histogram.snapshot();
  for (std::uint64_t value = 0; value < 64; ++value)
    EXPECT_EQ(snapshot.percentile(static_cast<double>(value + 1) / 64 * 100), value);
  EXPECT_EQ(snapshot.min(), 0U);
  EXPECT_DOUBLE_EQ(snapshot.mean(), 31.5);
}

TEST(Histogram, values_out_of_range_are_counted_and_their_max_is_exact) {
  Histogram histogram;
  histogram.record(5);
  histogram.record(kRangeNs);
  histogram.record(~std::uint64_t{0} - 1);
  const HistogramSnapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.count(), 3U);
  EXPECT_EQ(snapshot.percentile(1), 5U);
  EXPECT_EQ(snapshot.percentile(100), ~std::uint64_t{0} - 1);
}

TEST(Histogram, empty_one_tells_zeros) {
  for (const HistogramSnapshot& empty : {HistogramSnapshot{}, Histogram{}.snapshot()}) {
    EXPECT_EQ(empty.count(), 0U);
    EXPECT_EQ(empty.percentile(99), 0U);
    EXPECT_EQ(empty.max(), 0U);
    EXPECT_EQ(empty.min(), 0U);
    EXPECT_EQ(empty.mean(), 0.0);
  }
}

TEST(Histogram, merged_parts_equal_the_whole) {
  const std::uint64_t seed = fresh_seed();
  SCOPED_TRACE(seed);
  Histogram whole;
  Histogram parts[3];
  std::size_t next = 0;
  for (const std::uint64_t value : some_values(seed, 3'000)) {
    whole.record(value);
    parts[next++ % 3].record(value);
  }
  HistogramSnapshot merged;
  merged.merge(HistogramSnapshot{});
  for (const Histogram& part : parts) merged.merge(part.snapshot());
  merged.merge(HistogramSnapshot{});
  const HistogramSnapshot expected = whole.snapshot();
  EXPECT_EQ(merged.count(), expected.count());
  EXPECT_EQ(merged.max(), expected.max());
  EXPECT_EQ(merged.min(), expected.min());
  EXPECT_DOUBLE_EQ(merged.mean(), expected.mean());
  for (double percent = 0; percent <= 100; percent += 0.5)
    ASSERT_EQ(merged.percentile(percent), expected.percentile(percent)) << percent;
}

TEST(Histogram, what_came_after_a_snapshot_is_the_difference) {
  const std::uint64_t seed = fresh_seed();
  SCOPED_TRACE(seed);
  Histogram whole;
  Histogram second_part;
  const std::vector<std::uint64_t> values = some_values(seed, 2'000);
  for (std::size_t i = 0; i < 1'000; ++i) whole.record(values[i]);
  const HistogramSnapshot before = whole.snapshot();
  for (std::size_t i = 1'000; i < 2'000; ++i) {
    whole.record(values[i]);
    second_part.record(values[i]);
  }
  const HistogramSnapshot after = whole.snapshot().minus(before);
  const HistogramSnapshot expected = second_part.snapshot();
  EXPECT_EQ(after.count(), 1'000U);
  EXPECT_EQ(after.cells(), expected.cells());
  EXPECT_GE(after.max(), expected.max());
  EXPECT_LE(after.max() - expected.max(), expected.max() / 64);
  EXPECT_EQ(whole.snapshot().minus(HistogramSnapshot{}).count(), 2'000U);
  EXPECT_EQ(before.minus(before).count(), 0U);
  EXPECT_EQ(before.minus(before).max(), 0U);
}

TEST(Histogram, difference_keeps_a_new_maximum_exact) {
  Histogram histogram;
  histogram.record(5'000);
  const HistogramSnapshot before = histogram.snapshot();
  histogram.record(123'456);
  EXPECT_EQ(histogram.snapshot().minus(before).max(), 123'456U);
}

TEST(Histogram, snapshot_under_writing_never_loses_what_an_earlier_one_had) {
  constexpr std::uint64_t kValues = 50'000;
  Histogram histogram;
  std::thread writer([&] {
    for (std::uint64_t value = 1; value <= kValues; ++value) histogram.record(value * 7);
  });
  std::uint64_t count = 0;
  std::uint64_t max = 0;
  while (count < kValues) {
    const HistogramSnapshot snapshot = histogram.snapshot();
    ASSERT_GE(snapshot.count(), count);
    ASSERT_GE(snapshot.max(), max);
    ASSERT_LE(snapshot.percentile(50), snapshot.max());
    count = snapshot.count();
    max = snapshot.max();
  }
  writer.join();
  EXPECT_EQ(histogram.snapshot().count(), kValues);
  EXPECT_EQ(histogram.snapshot().max(), kValues * 7);
}

}  // namespace
}  // namespace penstock::test
