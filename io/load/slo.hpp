// SPDX-License-Identifier: Apache-2.0
// A service level objective: what the latencies of a run must not exceed.
//   "p99.9=50us"    "p50=5us,p99=20us,max=1ms"
// Plain values and pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/runtime/base/histogram.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

struct SloTerm {
  double percent = 100;  ///< 100: the maximum
  std::uint64_t limit_ns = 0;
  std::string text;  ///< as it was written
};

/// What the latencies of a run had at a term.
struct SloValue {
  std::string name;  ///< "p99.9"
  std::uint64_t limit_ns = 0;
  std::uint64_t found_ns = 0;
};

struct Slo {
  std::vector<SloTerm> terms;

  /// The first term that the latencies exceed, with what it was: "p99.9 = 71 µs > 50us". Empty if
  /// all are met. A run without any latency meets nothing.
  [[nodiscard]] std::string broken_by(const HistogramSnapshot& latency_ns) const;
  /// By term, whether it was met or not.
  [[nodiscard]] std::vector<SloValue> found_in(const HistogramSnapshot& latency_ns) const;
  /// So many events a run must have for its percentiles to be more than luck: ten beyond each.
  [[nodiscard]] double events_needed() const noexcept;
  /// As it was written.
  [[nodiscard]] std::string to_text() const;
};

/// Errors: usage, with the term and what would be right.
[[nodiscard]] Result<Slo> parse_slo(std::string_view text);

}  // namespace penstock
