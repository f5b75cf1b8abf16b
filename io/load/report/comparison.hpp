// SPDX-License-Identifier: Apache-2.0
// Two saved results of the same load: what differs by more than chance.
// 1. A measure of repeated runs is compared by the ratio of geometric means; its confidence
//    interval comes from Welch's t on the logarithms of the runs, since latencies and rates
//    vary by factors (Welch, "The generalization of Student's problem", Biometrika 34, 1947).
//    The intervals of the five measures hold together with 99 %, each with 99.8 % (Bonferroni); a
//    percentile's has the variance of a histogram's cell in it. One with fewer than ten events
//    beyond it in a run is left out.
// 2. A difference counts if that interval leaves 1 out, and if it is 2 % or more.
// 3. Fewer than three runs on a side have no interval worth the name: then, and it says so, a
//    difference counts from 10 %.
// 4. Of searches the rates found are compared in the same way. A search knows its rate to a step
//    of its ladder, and all may stop at the same rung: the interval is wider by that on both sides.
//    Fewer than three searches on a side are not compared.
// Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <penstock/io/load/report/saved_result.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

/// unclear: the runs differ too much among themselves to tell.
enum class Change : std::uint8_t { same, better, worse, unclear };
[[nodiscard]] std::string_view to_string(Change change) noexcept;

struct MeasureComparison {
  std::string name;  ///< "p99"
  double a = 0;      ///< geometric means
  double b = 0;
  double ratio = 1;  ///< b / a
  /// Bounds of the ratio with a confidence of 99.8 %; not given for fewer than three runs a side.
  std::optional<double> low;
  std::optional<double> high;
  Change change = Change::same;  ///< of b
};

struct Comparison {
  std::vector<MeasureComparison> measures;
  std::vector<std::string> remarks;  ///< what makes it less certain
  bool fell_behind = false;          ///< every run of A kept up, and one of B did not
  [[nodiscard]] bool worse() const noexcept;
};

/// Of the interval of one measure: all five hold together with 99 %.
inline constexpr double kMeasureConfidence = 1 - 0.01 / 5;

struct Measure {
  std::string name;
  bool less_is_better = true;
  bool in_cells = false;  ///< a value out of a histogram, known to a cell
  double step = 1;        ///< the ratio by which a value may be too low, of a ladder
};

/// One measure. Requires: all values above zero, at least one a side.
[[nodiscard]] MeasureComparison compare_measure(const Measure& measure,
                                                const std::vector<double>& a,
                                                const std::vector<double>& b);

/// Errors: usage, if the two did not have the same load.
[[nodiscard]] Result<Comparison> compare(const SavedResult& a, const SavedResult& b);

/// A table and the remarks; ends with a newline.
[[nodiscard]] std::string comparison_text(const Comparison& comparison, const SavedResult& a,
                                          const SavedResult& b);
[[nodiscard]] std::string comparison_json(const Comparison& comparison, const SavedResult& a,
                                          const SavedResult& b);

}  // namespace penstock
