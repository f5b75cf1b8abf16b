// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/runtime/machine/memory.hpp>

namespace penstock::test {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

std::uintptr_t address_of(const Mapping& mapping) {
  return reinterpret_cast<std::uintptr_t>(mapping.data());
}

std::size_t page_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

TEST(Mapping, small_one_is_whole_pages_of_writable_zeros) {
  Result<Mapping> mapping = Mapping::reserve({.bytes = 5'000});
  ASSERT_TRUE(mapping) << mapping.error().message;
  EXPECT_GE(mapping->bytes(), 5'000U);
  EXPECT_EQ(mapping->bytes() % page_bytes(), 0U);
  EXPECT_EQ(address_of(*mapping) % page_bytes(), 0U);
  EXPECT_FALSE(mapping->huge());
  const std::byte* const end = mapping->data() + mapping->bytes();
  EXPECT_TRUE(std::all_of(mapping->data(), mapping->data() + mapping->bytes(),
                          [](std::byte byte) { return byte == std::byte{0}; }));
  std::fill(mapping->data(), mapping->data() + mapping->bytes(), std::byte{7});
  EXPECT_EQ(end[-1], std::byte{7});
}

TEST(Mapping, large_one_begins_and_ends_with_a_huge_page) {
  Result<Mapping> mapping = Mapping::reserve({.bytes = kHugePageBytes + 1});
  ASSERT_TRUE(mapping) << mapping.error().message;
  EXPECT_EQ(mapping->bytes(), 2 * kHugePageBytes);
  EXPECT_EQ(Mapping::whole_pages({.bytes = kHugePageBytes + 1}), mapping->bytes());
  const bool known = std::filesystem::exists("/sys/kernel/mm/transparent_hugepage");
  EXPECT_EQ(mapping->huge(), known);
  EXPECT_EQ(address_of(*mapping) % kHugePageBytes, 0U);
  mapping->data()[0] = std::byte{1};
  mapping->data()[mapping->bytes() - 1] = std::byte{1};
}

TEST(Mapping, huge_pages_begin_where_at_most_half_of_one_is_rounding) {
  EXPECT_EQ(Mapping::whole_pages({.bytes = kHugePageBytes / 2}), kHugePageBytes);
  EXPECT_EQ(Mapping::whole_pages({.bytes = kHugePageBytes / 2 - 1}), kHugePageBytes / 2);
}

TEST(Mapping, without_the_wish_pages_are_small) {
  Result<Mapping> mapping = Mapping::reserve({.bytes = kHugePageBytes + 1, .huge = false});
  ASSERT_TRUE(mapping) << mapping.error().message;
  EXPECT_EQ(mapping->bytes(), kHugePageBytes + page_bytes());
  EXPECT_FALSE(mapping->huge());
}

TEST(Mapping, is_left_for_its_first_user_to_touch) {
  Result<Mapping> mapping = Mapping::reserve({.bytes = 2 * kHugePageBytes});
  ASSERT_TRUE(mapping) << mapping.error().message;
  std::vector<unsigned char> resident(mapping->bytes() / page_bytes());
  ASSERT_EQ(mincore(mapping->data(), mapping->bytes(), resident.data()), 0);
  EXPECT_TRUE(std::all_of(resident.begin(), resident.end(),
                          [](unsigned char page) { return (page & 1) == 0; }));
}

TEST(Mapping, impossible_size_is_an_error_value) {
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1} << 60, kMost - kHugePageBytes, kMost})
    for (const bool huge : {false, true}) {
      const Result<Mapping> mapping = Mapping::reserve({.bytes = bytes, .huge = huge});
      ASSERT_FALSE(mapping) << bytes;
      EXPECT_EQ(mapping.error().code, ErrorCode::unavailable);
      EXPECT_NE(mapping.error().message.find(std::to_string(bytes)), std::string::npos);
    }
}

TEST(Mapping, moving_hands_the_memory_on) {
  Result<Mapping> first = Mapping::reserve({.bytes = 100});
  ASSERT_TRUE(first) << first.error().message;
  std::byte* const data = first->data();
  Mapping second(std::move(*first));
  EXPECT_EQ(second.data(), data);
  Mapping third;
  EXPECT_EQ(third.data(), nullptr);
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  third.data()[0] = std::byte{1};
}

}  // namespace
}  // namespace penstock::test
