// SPDX-License-Identifier: Apache-2.0
// Files in the formats of HdrHistogram against files that HdrHistogram wrote (golden/).
#include <zlib.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/load/report/histogram_file.hpp>

namespace penstock::test {
namespace {

std::string golden(const std::string& name) {
  std::ifstream file(PENSTOCK_LOAD_GOLDEN "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Those of golden/HdrGolden.java.
HistogramSnapshot golden_values() {
  constexpr std::uint64_t kValues[][2] = {
      {0, 1},        {1, 5},       {63, 5},     {64, 8},      {65, 13},     {127, 21},
      {128, 34},     {200, 55},    {1000, 89},  {1001, 144},  {1999, 233},  {5000, 1974},
      {50000, 1597}, {123456, 21}, {999999, 7}, {1000000, 2}, {70000000, 1}};
  Histogram histogram;
  for (const auto& [value, count] : kValues) histogram.record(value, count);
  return histogram.snapshot();
}

std::string from_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char digit : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(digit));
    held += 6;
    if (held >= 8) bytes += static_cast<char>(bits >> (held -= 8));
  }
  return bytes;
}

/// The head of the compressed form, and what is in it: another zlib may pack it otherwise.
std::string unpacked(const std::string& line) {
  const std::string bytes = from_base64(std::string_view(line).substr(line.rfind(',') + 1));
  std::string plain(1 << 16, '\0');
  uLongf length = plain.size();
  EXPECT_EQ(::uncompress(reinterpret_cast<Bytef*>(plain.data()), &length,
                         reinterpret_cast<const Bytef*>(bytes.data()) + 8, bytes.size() - 8),
            Z_OK);
  EXPECT_EQ(static_cast<unsigned char>(bytes[7]) + (static_cast<unsigned char>(bytes[6]) << 8),
            int(bytes.size()) - 8);
  return bytes.substr(0, 4) + plain.substr(0, length);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(HistogramFile, percentile_distribution_is_that_of_hdr_histogram_to_the_byte) {
  EXPECT_EQ(hgrm_text(golden_values()), golden("latency.hgrm"));
}

TEST(HistogramFile, interval_log_is_that_of_hdr_histogram) {
  HlogInterval interval{.tag = {}, .begin_ns = 500'000'000, .length_ns = 1'000'000'000};
  std::string text = hlog_head(1'767'225'600'000) + hlog_line(interval, golden_values());
  interval.tag = "hiccups";
  text += hlog_line(interval, golden_values());
  const std::vector<std::string> lines = lines_of(text);
  const std::vector<std::string> expected = lines_of(golden("latency.hlog"));
  ASSERT_EQ(lines.size(), expected.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].ends_with("\"") && !lines[i].starts_with("#")) {
      EXPECT_EQ(lines[i].substr(0, lines[i].rfind(',')),
                expected[i].substr(0, expected[i].rfind(',')));
      EXPECT_EQ(unpacked(lines[i]), unpacked(expected[i]));
    } else {
      EXPECT_EQ(lines[i], expected[i]);
    }
  }
}

TEST(HistogramFile, empty_histogram_has_no_percentiles_and_one_zero) {
  const std::string text = hgrm_text({});
  EXPECT_NE(text.find("Value     Percentile TotalCount 1/(1-Percentile)\n\n#[Mean"),
            std::string::npos);
  const std::string plain = unpacked(hlog_line({}, {}));
  EXPECT_EQ(plain.size(), 4U + 40 + 1);
  EXPECT_EQ(plain.back(), '\0');
}

TEST(HistogramFile, values_beyond_the_range_count_in_its_last_cell) {
  Histogram histogram;
  histogram.record(5);
  histogram.record(~std::uint64_t{0} >> 1);
  const std::string text = hgrm_text(histogram.snapshot());
  EXPECT_NE(text.find("#[Max     = 4398046511.10, Total count    =            2]"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace penstock::test
