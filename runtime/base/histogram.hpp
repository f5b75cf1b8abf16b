// SPDX-License-Identifier: Apache-2.0
// A log-linear histogram of durations in nanoseconds: 64 cells for each power of two, so that a
// value is known to 1/64 of itself (1.6 %), from 0 to 2^42 ns (73 minutes); longer ones count in
// the last cell, and their maximum is exact.
//   values 0..63: one cell each; above, exponent e = 6..41 and the six bits behind its leading one
// One writer; any thread may take a snapshot. Idea: HdrHistogram (Gil Tene).
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <penstock/runtime/base/atomics.hpp>

namespace penstock {

namespace histogram_layout {
inline constexpr unsigned kCellBits = 6;
inline constexpr unsigned kExponentMax = 41;
inline constexpr std::size_t kCells = (kExponentMax - kCellBits + 2) << kCellBits;

constexpr std::size_t cell_of(std::uint64_t value) noexcept {
  if (value >> kCellBits == 0) return static_cast<std::size_t>(value);
  if (value >> (kExponentMax + 1) != 0) return kCells - 1;
  const unsigned exponent = static_cast<unsigned>(std::bit_width(value)) - 1;
  const unsigned shift = exponent - kCellBits;
  return (std::size_t{shift + 1} << kCellBits) + ((value >> shift) & ((1U << kCellBits) - 1));
}
/// The largest value that falls into a cell.
constexpr std::uint64_t upper_of(std::size_t cell) noexcept {
  if (cell >> kCellBits == 0) return cell;
  const auto shift = static_cast<unsigned>(cell >> kCellBits) - 1;
  const std::uint64_t mantissa = (std::uint64_t{1} << kCellBits) + (cell & ((1U << kCellBits) - 1));
  return ((mantissa + 1) << shift) - 1;
}
}  // namespace histogram_layout

/// A plain value: what a histogram held at some moment.
class HistogramSnapshot {
 public:
  void merge(const HistogramSnapshot& other);
  /// What came after `earlier`, a snapshot of the same histogram. Its maximum is exact if it is
  /// that of the whole, and otherwise known to 1.6 %.
  [[nodiscard]] HistogramSnapshot minus(const HistogramSnapshot& earlier) const;
  /// How often each cell of the layout was counted; empty if there are no values.
  [[nodiscard]] const std::vector<std::uint64_t>& cells() const noexcept { return cells_; }
  /// The value that `percent` (0 to 100) of all values do not exceed, to 1.6 %; 0 if there are
  /// none.
  [[nodiscard]] std::uint64_t percentile(double percent) const noexcept;
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
  [[nodiscard]] std::uint64_t min() const noexcept;
  [[nodiscard]] double mean() const noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  template <class Atomics, std::size_t cells_count>
  friend class BasicHistogram;
  std::vector<std::uint64_t> cells_;  ///< empty, or one number for each cell
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

/// Counts values, here nanoseconds. Memory: 19 KiB. With fewer cells its range is shorter.
template <class Atomics, std::size_t cells_count = histogram_layout::kCells>
class BasicHistogram {
  using Cell = typename Atomics::template Atomic<std::uint64_t>;
  static_assert(cells_count > 0 && cells_count <= histogram_layout::kCells);

 public:
  BasicHistogram() : cells_(std::make_unique<Cell[]>(cells_count)) {}

  /// The writing thread only.
  void record(std::uint64_t value, std::uint64_t count = 1) noexcept {
    Cell& cell = cells_[cell_of(value)];  // is cells_
    // relaxed: own value.
    const std::uint64_t before = cell.load(std::memory_order_relaxed);
    // relaxed: statistic.
    cell.store(before + count, std::memory_order_relaxed);
    // relaxed: own value.
    if (value > max_.load(std::memory_order_relaxed)) [[unlikely]] {
      // relaxed: statistic.
      max_.store(value, std::memory_order_relaxed);
    }
  }

  /// Any thread. Exact once the writer is quiet.
  [[nodiscard]] HistogramSnapshot snapshot() const;

 private:
  static constexpr std::size_t cell_of(std::uint64_t value) noexcept {
    const std::size_t cell = histogram_layout::cell_of(value);
    if constexpr (cells_count == histogram_layout::kCells) return cell;
    return cell < cells_count ? cell : cells_count - 1;
  }

  // Written by one thread, read by any.
  std::unique_ptr<Cell[]> cells_;
  Cell max_{0};
};

using Histogram = BasicHistogram<StdAtomics>;

template <class Atomics, std::size_t cells_count>
HistogramSnapshot BasicHistogram<Atomics, cells_count>::snapshot() const {
  HistogramSnapshot snapshot;
  snapshot.cells_.resize(cells_count);
  for (std::size_t cell = 0; cell < cells_count; ++cell) {
    // relaxed: statistic.
    snapshot.cells_[cell] = cells_[cell].load(std::memory_order_relaxed);
    snapshot.count_ += snapshot.cells_[cell];
  }
  // relaxed: statistic.
  snapshot.max_ = max_.load(std::memory_order_relaxed);
  return snapshot;
}

}  // namespace penstock
