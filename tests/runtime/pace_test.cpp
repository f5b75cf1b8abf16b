// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <penstock/runtime/wait/pace.hpp>

namespace penstock::test {
namespace {

struct CountedPauses {
  static inline unsigned pauses = 0;
  static void pause() noexcept { ++pauses; }
};

unsigned pauses_after(BasicPace<CountedPauses>& pace, std::size_t count) {
  CountedPauses::pauses = 0;
  pace.polled(count);
  return CountedPauses::pauses;
}

TEST(Pace, idle_reader_pauses_once) {
  BasicPace<CountedPauses> pace;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(pauses_after(pace, 0), 1U);
}

TEST(Pace, reader_that_finds_few_waits_longer_each_time_up_to_a_limit) {
  BasicPace<CountedPauses> pace(16);
  EXPECT_EQ(pauses_after(pace, 1), 1U);
  EXPECT_EQ(pauses_after(pace, 15), 3U);
  EXPECT_EQ(pauses_after(pace, 1), 7U);
  for (int i = 0; i < 10; ++i) pace.polled(1);
  EXPECT_EQ(pauses_after(pace, 1), BasicPace<CountedPauses>::kPausesMax);
}

TEST(Pace, reader_that_finds_enough_or_nothing_waits_less_and_less) {
  for (const std::size_t count : {std::size_t{16}, std::size_t{0}}) {
    BasicPace<CountedPauses> pace(16);
    for (int i = 0; i < 10; ++i) pace.polled(1);
    for (int i = 0; i < 6; ++i) pace.polled(count);
    EXPECT_EQ(pauses_after(pace, 1), 1U) << count;
  }
}

}  // namespace
}  // namespace penstock::test
