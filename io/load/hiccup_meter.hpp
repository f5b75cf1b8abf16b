// SPDX-License-Identifier: Apache-2.0
// How long the machine itself kept a thread waiting, measured beside a run: a thread that does
// nothing but sleep, and records by how much each sleep ended late. What it sees no pipeline could
// have avoided on this machine; a latency of the same size may be the machine's. Idea: jHiccup (Gil
// Tene), its correction for the sleeps that a long stall made impossible included.
// It is awake for a few microseconds in each interval: where it has no CPU for itself, it takes
// those from the pipeline, and sees the pipeline's own work as hiccups.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include <penstock/runtime/base/histogram.hpp>
#include <penstock/runtime/base/result.hpp>
#include <penstock/runtime/machine/thread.hpp>

namespace penstock {

class HiccupMeter {
 public:
  static constexpr std::uint64_t kIntervalNs = 1'000'000;
  static constexpr const char* kThreadName = "hiccups";

  /// On this CPU, if one is given. Errors: unavailable, if there is no thread to be had.
  static Result<std::unique_ptr<HiccupMeter>> start(std::optional<unsigned> cpu = std::nullopt);
  HiccupMeter(const HiccupMeter&) = delete;
  HiccupMeter& operator=(const HiccupMeter&) = delete;
  ~HiccupMeter();

  // Any thread.
  [[nodiscard]] HistogramSnapshot snapshot() const { return late_ns_.snapshot(); }
  /// The one that it is bound to; none: it runs anywhere, also since the system did not allow it.
  [[nodiscard]] std::optional<unsigned> cpu() const noexcept { return cpu_; }

 private:
  HiccupMeter() = default;
  void run();

  // Fixed after start.
  std::optional<unsigned> cpu_;
  // Written by the meter's thread, read by any.
  Histogram late_ns_;
  // Written by who destroys it, read by the meter's thread.
  std::atomic<bool> ended_{false};
  // Joined first.
  Thread thread_;
};

/// Records a stall of `late_ns` beyond an interval as all the sleeps would have seen it that could
/// not begin meanwhile.
void record_hiccup(Histogram& into, std::uint64_t late_ns, std::uint64_t interval_ns) noexcept;

}  // namespace penstock
