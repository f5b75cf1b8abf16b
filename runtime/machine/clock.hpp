// SPDX-License-Identifier: Apache-2.0
// The port for time. Penstock never reads a clock but through it, so that a whole pipeline can run
// on a virtual one.
#pragma once

#include <atomic>
#include <cstdint>

namespace penstock {

/// Nanoseconds that never go back. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::uint64_t now_ns() const noexcept = 0;
};

/// The system's monotonic clock (CLOCK_MONOTONIC); a read takes about 25 ns.
class SteadyClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t now_ns() const noexcept override;
};
[[nodiscard]] const Clock& steady_clock() noexcept;

/// A clock that stands still until it is moved: for tests and simulation.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::uint64_t start_ns = 1) noexcept : now_ns_(start_ns) {}
  [[nodiscard]] std::uint64_t now_ns() const noexcept override {
    // relaxed: time hands nothing over.
    return now_ns_.load(std::memory_order_relaxed);
  }
  void advance(std::uint64_t duration_ns) noexcept {
    // relaxed: time hands nothing over.
    now_ns_.fetch_add(duration_ns, std::memory_order_relaxed);
  }

 private:
  // Written by whoever moves it, read by any.
  std::atomic<std::uint64_t> now_ns_;
};

}  // namespace penstock
