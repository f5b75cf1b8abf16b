// SPDX-License-Identifier: Apache-2.0
// Formats: HdrHistogram 2.1.11, AbstractHistogram (outputPercentileDistribution,
// encodeIntoByteBuffer, encodeIntoCompressedByteBuffer), PercentileIterator, ZigZagEncoding,
// HistogramLogWriter.
#include <penstock/io/load/report/histogram_file.hpp>

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include <penstock/io/json_writer.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

constexpr unsigned kDigits = 2;
constexpr unsigned kSubBucketBits = 8;  // 256 sub-buckets: the least power of two for two digits
constexpr unsigned kHalfBits = kSubBucketBits - 1;
constexpr std::uint64_t kHalf = 1 << kHalfBits;
constexpr std::uint64_t kValueMax = (std::uint64_t{1} << (histogram_layout::kExponentMax + 1)) - 1;
constexpr unsigned kBuckets = histogram_layout::kExponentMax + 1 - kSubBucketBits + 1;
constexpr double kNsPerUs = 1000;

/// The counts in HdrHistogram's own layout.
class HdrCounts {
 public:
  explicit HdrCounts(const HistogramSnapshot& histogram);

  [[nodiscard]] std::size_t size() const noexcept { return counts_.size(); }
  [[nodiscard]] std::uint64_t operator[](std::size_t index) const noexcept {
    return counts_[index];
  }
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t max() const noexcept {
    return total_ == 0 ? 0 : highest(counts_.size() - 1);
  }
  [[nodiscard]] double mean() const noexcept;
  [[nodiscard]] double deviation() const noexcept;

  /// The largest value of a cell.
  [[nodiscard]] static std::uint64_t highest(std::size_t index) noexcept {
    return lowest(index) + (std::uint64_t{1} << bucket(index)) - 1;
  }

 private:
  [[nodiscard]] static unsigned bucket(std::size_t index) noexcept {
    return index < 2 * kHalf ? 0 : static_cast<unsigned>(index >> kHalfBits) - 1;
  }
  [[nodiscard]] static std::uint64_t lowest(std::size_t index) noexcept {
    return index < 2 * kHalf ? index : ((index & (kHalf - 1)) + kHalf) << bucket(index);
  }
  [[nodiscard]] static double median(std::size_t index) noexcept {
    return static_cast<double>(lowest(index) + (std::uint64_t{1} << bucket(index) >> 1));
  }
  [[nodiscard]] static std::size_t index_of(std::uint64_t value) noexcept {
    const auto bits = static_cast<unsigned>(std::bit_width(value | (2 * kHalf - 1)));
    const unsigned in = bits - kSubBucketBits;
    return (std::size_t{in} << kHalfBits) + static_cast<std::size_t>(value >> in);
  }

  std::vector<std::uint64_t> counts_;  ///< up to the last that is not zero
  std::uint64_t total_ = 0;
};

HdrCounts::HdrCounts(const HistogramSnapshot& histogram) {
  const std::vector<std::uint64_t>& cells = histogram.cells();
  for (std::size_t cell = 0; cell < cells.size(); ++cell) {
    if (cells[cell] == 0) continue;
    const std::uint64_t value = std::min(histogram_layout::upper_of(cell), histogram.max());
    const std::size_t index = index_of(std::min(value, kValueMax));
    counts_.resize(std::max(counts_.size(), index + 1));
    counts_[index] += cells[cell];
    total_ += cells[cell];
  }
}

double HdrCounts::mean() const noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    sum += median(i) * static_cast<double>(counts_[i]);
  return total_ == 0 ? 0 : sum / static_cast<double>(total_);
}

double HdrCounts::deviation() const noexcept {
  const double middle = mean();
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const double away = median(i) - middle;
    sum += away * away * static_cast<double>(counts_[i]);
  }
  return total_ == 0 ? 0 : std::sqrt(sum / static_cast<double>(total_));
}

/// Percentiles to tell: five for each halving of what is missing to 100 %.
double percentile_after(double percentile) noexcept {
  constexpr std::int64_t kTicks = 5;
  const double halvings = std::floor(std::log(100.0 / (100.0 - percentile)) / std::log(2.0)) + 1;
  return percentile + 100.0 / static_cast<double>(kTicks * (std::int64_t{1} << int(halvings)));
}

/// Java rounds 5.055 up to 5.06, though the nearest double lies below it, and so do exact ties: the
/// next double prints so here.
double half_up(double value) noexcept {
  return std::nextafter(value, std::numeric_limits<double>::infinity());
}

void append_big_endian(std::string& out, std::uint64_t number, unsigned bytes) {
  while (bytes-- > 0) out += static_cast<char>(number >> (8 * bytes));
}

/// ZigZag, then seven bits a byte, the lowest first; a ninth byte has eight.
void append_zigzag(std::string& out, std::int64_t number) {
  auto left = static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
  for (unsigned i = 0; i < 8; ++i) {
    if (left >> 7 == 0) {
      out += static_cast<char>(left);
      return;
    }
    out += static_cast<char>((left & 0x7F) | 0x80);
    left >>= 7;
  }
  out += static_cast<char>(left);
}

/// The V2 encoding: a head, then counts; so many zeros in a row as one negative number.
std::string encoded(const HdrCounts& counts) {
  constexpr std::uint32_t kCookie = 0x1c849303 | 0x10;
  std::string payload;
  for (std::size_t i = 0; i < counts.size();) {
    std::int64_t zeros = 0;
    while (counts[i] == 0) ++zeros, ++i;  // the last one is not zero
    if (zeros > 0) append_zigzag(payload, zeros == 1 ? 0 : -zeros);
    append_zigzag(payload, static_cast<std::int64_t>(counts[i++]));
  }
  if (counts.size() == 0) append_zigzag(payload, 0);
  std::string out;
  append_big_endian(out, kCookie, 4);
  append_big_endian(out, payload.size(), 4);
  append_big_endian(out, 0, 4);  // normalizing index offset: only shifted histograms have one
  append_big_endian(out, kDigits, 4);
  append_big_endian(out, 1, 8);  // lowest value that is told from 0
  append_big_endian(out, kValueMax, 8);
  append_big_endian(out, std::bit_cast<std::uint64_t>(1.0), 8);  // integer to double
  return out + payload;
}

std::string compressed(const std::string& plain) {
  constexpr std::uint32_t kCookie = 0x1c849304 | 0x10;
  uLongf bytes = ::compressBound(plain.size());
  std::string packed(bytes, '\0');
  const int answer = ::compress(reinterpret_cast<Bytef*>(packed.data()), &bytes,
                                reinterpret_cast<const Bytef*>(plain.data()), plain.size());
  PENSTOCK_CHECK(answer == Z_OK);  // the room is enough; only memory can be short
  packed.resize(bytes);
  std::string out;
  append_big_endian(out, kCookie, 4);
  append_big_endian(out, packed.size(), 4);
  return out + packed;
}

}  // namespace

std::string hgrm_text(const HistogramSnapshot& histogram) {
  const HdrCounts counts(histogram);
  std::string out = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile",
                                "TotalCount", "1/(1-Percentile)");
  const auto total = static_cast<double>(counts.total());
  double percentile = 0;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    seen += counts[i];
    const double value = half_up(static_cast<double>(HdrCounts::highest(i)) / kNsPerUs);
    const bool last = seen == counts.total();
    // All that this cell reaches; of the last one only the first, then 100 %.
    while (100.0 * static_cast<double>(seen) / total >= percentile) {
      out += fmt::format("{:12.2f} {:2.12f} {:10} {:14.2f}\n", value, half_up(percentile / 100),
                         seen, half_up(1 / (1 - percentile / 100)));
      percentile = percentile_after(percentile);
      if (last) break;
    }
    if (last) out += fmt::format("{:12.2f} {:2.12f} {:10}\n", value, 1.0, seen);
  }
  out += fmt::format("#[Mean    = {:12.2f}, StdDeviation   = {:12.2f}]\n",
                     half_up(counts.mean() / kNsPerUs), half_up(counts.deviation() / kNsPerUs));
  out += fmt::format("#[Max     = {:12.2f}, Total count    = {:12}]\n",
                     half_up(static_cast<double>(counts.max()) / kNsPerUs), counts.total());
  return out + fmt::format("#[Buckets = {:12}, SubBuckets     = {:12}]\n", kBuckets, 2 * kHalf);
}

std::string hlog_head(std::int64_t began_ms) {
  const std::time_t seconds = began_ms / 1000;
  std::tm date{};
  ::gmtime_r(&seconds, &date);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%a %b %d %H:%M:%S UTC %Y", &date);
  return fmt::format(
      "#[Histogram log format version 1.3]\n"
      "#[StartTime: {}.{:03} (seconds since epoch), {}]\n"
      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
      seconds, began_ms % 1000, std::string_view(text, length));
}

std::string hlog_line(const HlogInterval& interval, const HistogramSnapshot& histogram) {
  const HdrCounts counts(histogram);
  std::string line;
  if (!interval.tag.empty()) line.append("Tag=").append(interval.tag).append(",");
  return line +
         fmt::format("{:.3f},{:.3f},{:.3f},{}\n", static_cast<double>(interval.begin_ns) / 1e9,
                     static_cast<double>(interval.length_ns) / 1e9,
                     static_cast<double>(counts.max()) / 1e6, base64(compressed(encoded(counts))));
}

}  // namespace penstock
