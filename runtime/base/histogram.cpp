// SPDX-License-Identifier: Apache-2.0
#include <penstock/runtime/base/histogram.hpp>

#include <algorithm>
#include <cmath>

#include <penstock/runtime/base/check.hpp>

namespace penstock {

using namespace histogram_layout;

void HistogramSnapshot::merge(const HistogramSnapshot& other) {
  if (other.cells_.empty()) return;
  cells_.resize(std::max(cells_.size(), other.cells_.size()));
  for (std::size_t cell = 0; cell < other.cells_.size(); ++cell) cells_[cell] += other.cells_[cell];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

HistogramSnapshot HistogramSnapshot::minus(const HistogramSnapshot& earlier) const {
  if (earlier.cells_.empty()) return *this;
  HistogramSnapshot later;
  PENSTOCK_CHECK(cells_.size() == earlier.cells_.size());
  later.cells_.resize(cells_.size());
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    later.cells_[cell] = cells_[cell] - earlier.cells_[cell];
    later.count_ += later.cells_[cell];
    if (later.cells_[cell] != 0) later.max_ = cell + 1 < cells_.size() ? upper_of(cell) : max_;
  }
  later.max_ = max_ > earlier.max_ ? (later.count_ == 0 ? 0 : max_) : std::min(later.max_, max_);
  return later;
}

std::uint64_t HistogramSnapshot::percentile(double percent) const noexcept {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(percent * static_cast<double>(count_) / 100);
  const auto rank =
      static_cast<std::uint64_t>(std::clamp(wanted, 1.0, static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t cell = 0; cell + 1 < cells_.size(); ++cell) {
    seen += cells_[cell];
    if (seen >= rank) return std::min(upper_of(cell), max_);
  }
  return max_;
}

std::uint64_t HistogramSnapshot::min() const noexcept {
  for (std::size_t cell = 0; cell < cells_.size(); ++cell)
    if (cells_[cell] != 0) return cell == 0 ? 0 : upper_of(cell - 1) + 1;
  return 0;
}

double HistogramSnapshot::mean() const noexcept {
  if (count_ == 0) return 0;
  double sum = 0;
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    const double lower = cell == 0 ? 0 : static_cast<double>(upper_of(cell - 1)) + 1;
    sum += (lower + static_cast<double>(upper_of(cell))) / 2 * static_cast<double>(cells_[cell]);
  }
  return sum / static_cast<double>(count_);
}

}  // namespace penstock
