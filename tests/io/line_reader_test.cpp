// SPDX-License-Identifier: Apache-2.0
// Lines out of bytes that come in pieces of any size: what is handed out, how it is numbered, and
// that memory stays bounded where a line has no end. A plain split of the whole text is the oracle.
#include <penstock/io/files/line_reader.hpp>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace penstock {
namespace {

struct Line {
  std::string bytes;
  std::uint64_t number;
  std::uint64_t bytes_total;
  bool operator==(const Line&) const = default;
};

/// Feeds pieces of the given size; 0 means as much as there is room for.
std::vector<Line> read(const std::string& text, std::size_t limit, std::size_t piece) {
  LineReader reader(limit);
  std::vector<Line> lines;
  InputLine line;
  const auto take_all = [&] {
    while (reader.next(line))
      lines.push_back({std::string(line.bytes), line.number, line.bytes_total});
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto room = reader.room();
    const std::size_t count =
        std::min({piece == 0 ? room.size() : piece, room.size(), text.size() - at});
    std::memcpy(room.data(), text.data() + at, count);
    reader.filled(count);
    at += count;
    take_all();
  }
  reader.end();
  take_all();
  EXPECT_FALSE(reader.next(line)) << "a line behind the end";
  return lines;
}

/// The same by splitting the whole.
std::vector<Line> split(const std::string& text, std::size_t limit) {
  std::vector<Line> lines;
  std::uint64_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = text.find('\n', begin);
    std::string bytes =
        text.substr(begin, newline == std::string::npos ? newline : newline - begin);
    begin = newline == std::string::npos ? text.size() : newline + 1;
    ++number;
    if (bytes.ends_with('\r')) bytes.pop_back();
    const std::uint64_t total = bytes.size();
    bytes.resize(std::min(bytes.size(), limit));
    if (total > limit || bytes.find_first_not_of(" \t\r") != std::string::npos)
      lines.push_back({bytes, number, total});
  }
  return lines;
}

TEST(LineReader, strips_line_ends_and_counts_every_line) {
  EXPECT_EQ(read("a\nbb\r\nccc", 100, 0),
            (std::vector<Line>{{"a", 1, 1}, {"bb", 2, 2}, {"ccc", 3, 3}}));
}

TEST(LineReader, blank_lines_are_skipped_but_counted) {
  EXPECT_EQ(read("\n \t\r\na\n\n\r\n  b\n", 100, 0),
            (std::vector<Line>{{"a", 3, 1}, {"  b", 6, 3}}));
}

TEST(LineReader, nothing_gives_no_line) {
  EXPECT_TRUE(read("", 100, 0).empty());
  EXPECT_TRUE(read("\n\n", 100, 0).empty());
}

TEST(LineReader, byte_order_mark_and_nul_are_passed_on) {
  const std::string text("\xEF\xBB\xBF{}\n{\0}\n", 9);
  EXPECT_EQ(read(text, 100, 0),
            (std::vector<Line>{{"\xEF\xBB\xBF{}", 1, 5}, {std::string("{\0}", 3), 2, 3}}));
}

TEST(LineReader, carriage_return_inside_a_line_stays) {
  EXPECT_EQ(read("a\rb\n", 100, 0), (std::vector<Line>{{"a\rb", 1, 3}}));
}

TEST(LineReader, line_of_the_limit_is_whole_and_one_byte_more_is_not) {
  EXPECT_EQ(read("12345678\n", 8, 1), (std::vector<Line>{{"12345678", 1, 8}}));
  EXPECT_EQ(read("12345678\r\n", 8, 1), (std::vector<Line>{{"12345678", 1, 8}}));
  EXPECT_EQ(read("123456789\nnext\n", 8, 1),
            (std::vector<Line>{{"12345678", 1, 9}, {"next", 2, 4}}));
  EXPECT_EQ(read("123456789\r\n", 8, 1), (std::vector<Line>{{"12345678", 1, 9}}));
  EXPECT_EQ(read("1234567890\r\n", 8, 1), (std::vector<Line>{{"12345678", 1, 10}}));
}

TEST(LineReader, long_line_without_end_is_told_at_the_end) {
  EXPECT_EQ(read("1234567890", 8, 3), (std::vector<Line>{{"12345678", 1, 10}}));
}

TEST(LineReader, memory_stays_bounded_by_limit_and_read) {
  constexpr std::size_t kLimit = 100'000;
  LineReader reader(kLimit);
  InputLine line;
  std::uint64_t written = 0;
  const char* lowest = nullptr;
  const char* highest = nullptr;
  for (int i = 0; i < 2000; ++i) {  // half a gigabyte without a newline
    const auto room = reader.room();
    ASSERT_FALSE(room.empty());
    if (lowest == nullptr || room.data() < lowest) lowest = room.data();
    highest = std::max<const char*>(highest, room.data() + room.size());
    std::memset(room.data(), 'x', room.size());
    reader.filled(room.size());
    written += room.size();
    ASSERT_FALSE(reader.next(line));
  }
  EXPECT_LE(static_cast<std::size_t>(highest - lowest), kLimit + 4 * LineReader::kReadBytes);
  reader.end();
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.bytes.size(), kLimit);
  EXPECT_EQ(line.bytes_total, written);
}

TEST(LineReader, padding_behind_the_last_line_is_readable) {
  LineReader reader(1 << 20);
  for (int i = 0; i < 2; ++i) {  // the first buffer, to its last byte
    const auto room = reader.room();
    ASSERT_EQ(room.size(), LineReader::kReadBytes);
    std::memset(room.data(), 'x', room.size());
    reader.filled(room.size());
  }
  reader.end();
  InputLine line;
  ASSERT_TRUE(reader.next(line));
  // Under AddressSanitizer this fails if the bytes are not there.
  unsigned sum = 0;
  for (std::size_t i = 0; i < kPaddingBytes; ++i)
    sum += static_cast<unsigned char>(line.bytes.data()[line.bytes.size() + i]);
  EXPECT_GT(sum, 0U);
}

TEST(LineReader, gives_what_a_plain_split_gives_for_any_pieces) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    const std::size_t length = random() % 200;
    for (std::size_t i = 0; i < length; ++i) text += "ab \t\r\n\n"[random() % 7];
    const std::size_t limit = 1 + random() % 20;
    const std::size_t piece = random() % 16;
    ASSERT_EQ(read(text, limit, piece), split(text, limit))
        << "limit " << limit << " piece " << piece;
  }
}

TEST(LineReader, large_lines_grow_the_buffer) {
  constexpr std::size_t kLimit = 3 << 20;
  std::string text(kLimit, 'a');
  text += '\n' + std::string(kLimit + 1, 'b') + "\nc\n";
  const auto lines = read(text, kLimit, 0);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines, split(text, kLimit));
}

}  // namespace
}  // namespace penstock
