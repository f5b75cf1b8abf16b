// SPDX-License-Identifier: Apache-2.0
// Two configs measured in turns, and what their difference is worth. Samples stand in pairs taken
// one right after the other, since a machine drifts by more than configs differ; so only ratios
// within pairs count, on a scale of logarithms, with Student's t for their mean.
// Plain values, one thread.
#pragma once

#include <vector>

namespace penstock {

/// What one run says of a config. Costs are what is to become less: a latency, the time of an
/// event.
struct TuneSample {
  double cost = 0;        ///< more than 0
  bool held = true;       ///< false: it left events behind or fell behind, whatever it cost
  bool could_run = true;  ///< false: there is no such pipeline here, and no cost
};

/// Bounds of a ratio.
struct RatioBounds {
  double low = 0;
  double high = 0;
};

class PairedCosts {
 public:
  /// Requires: both costs are more than 0.
  void add(double before, double after);

  [[nodiscard]] std::size_t pairs() const noexcept { return logs_.size(); }
  /// Geometric means.
  [[nodiscard]] double before() const noexcept;
  [[nodiscard]] double after() const noexcept;
  /// after / before. Requires: one pair at least, as the two above do.
  [[nodiscard]] double ratio() const noexcept;
  /// Of the ratio, with this confidence. Requires: two pairs at least.
  [[nodiscard]] RatioBounds bounds(double confidence) const noexcept;

 private:
  std::vector<double> logs_;  ///< of after / before, by pair
  double log_before_ = 0;     ///< sum
};

}  // namespace penstock
