// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

#include <penstock/runtime/base/counter.hpp>

namespace penstock::test {
namespace {

TEST(Counter, sums_what_is_added) {
  Counter counter;
  EXPECT_EQ(counter.get(), 0U);
  counter.add(3);
  counter.add(0);
  counter.add(4);
  EXPECT_EQ(counter.get(), 7U);
}

TEST(Counter, wraps_like_any_unsigned_number) {
  Counter counter;
  counter.add(~std::uint64_t{0});
  counter.add(2);
  EXPECT_EQ(counter.get(), 1U);
}

TEST(Counter, reader_of_another_thread_never_sees_it_go_back) {
  constexpr std::uint64_t kAdds = 100'000;
  Counter counter;
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kAdds; ++i) counter.add(2);
  });
  std::uint64_t before = 0;
  bool went_back = false;
  while (before < 2 * kAdds) {
    const std::uint64_t seen = counter.get();
    went_back = went_back || seen < before || seen % 2 != 0;
    before = seen;
  }
  writer.join();
  EXPECT_FALSE(went_back);
  EXPECT_EQ(counter.get(), 2 * kAdds);
}

}  // namespace
}  // namespace penstock::test
