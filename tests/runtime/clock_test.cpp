// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <ctime>

#include <gtest/gtest.h>

#include <penstock/runtime/machine/clock.hpp>

namespace penstock::test {
namespace {

TEST(Clock, steady_clock_never_goes_back) {
  std::uint64_t before_ns = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t now_ns = steady_clock().now_ns();
    ASSERT_LE(before_ns, now_ns);
    before_ns = now_ns;
  }
}

TEST(Clock, steady_clock_is_the_monotonic_clock_in_nanoseconds) {
  const auto monotonic_ns = [] {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
  };
  const std::uint64_t first_ns = monotonic_ns();
  const std::uint64_t ours_ns = steady_clock().now_ns();
  const std::uint64_t last_ns = monotonic_ns();
  EXPECT_LE(first_ns, ours_ns);
  EXPECT_LE(ours_ns, last_ns);
}

TEST(Clock, manual_clock_stands_still_until_it_is_moved) {
  ManualClock clock(100);
  const Clock& port = clock;
  EXPECT_EQ(port.now_ns(), 100U);
  EXPECT_EQ(port.now_ns(), 100U);
  clock.advance(5);
  EXPECT_EQ(port.now_ns(), 105U);
}

}  // namespace
}  // namespace penstock::test
