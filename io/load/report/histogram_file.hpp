// SPDX-License-Identifier: Apache-2.0
// Histograms in the formats of HdrHistogram (Gil Tene), which many tools read and plot.
//   .hgrm   percentile distribution as text, as outputPercentileDistribution() prints it with five
//           ticks for each half distance to 100 %, in microseconds
//   .hlog   interval log, format 1.3: a line for each interval, its histogram in the compressed V2
//           encoding (counts as ZigZag LEB128, zlib, base64) behind it; times in seconds, the
//           maximum in milliseconds
// Two significant digits, 0 to 2^42 - 1 ns: each of our cells is two of HdrHistogram's, and counts
// stand in the upper one, so that values read back are those that we tell. A histogram's maximum
// stands in its own cell.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <penstock/runtime/base/histogram.hpp>

namespace penstock {

[[nodiscard]] std::string hgrm_text(const HistogramSnapshot& histogram);

/// The first lines of an interval log that began at this Unix time.
[[nodiscard]] std::string hlog_head(std::int64_t began_ms);

struct HlogInterval {
  std::string_view tag;        ///< empty, or a name without comma and blank that tells series apart
  std::uint64_t begin_ns = 0;  ///< since the log began
  std::uint64_t length_ns = 0;
};
/// One line, with its newline.
[[nodiscard]] std::string hlog_line(const HlogInterval& interval,
                                    const HistogramSnapshot& histogram);

}  // namespace penstock
