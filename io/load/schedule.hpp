// SPDX-License-Identifier: Apache-2.0
// When the events of an open-loop load are due. An open loop does not ask how the pipeline is
// doing: the times are fixed before the first event is sent, so that a slow pipeline meets the same
// load as a fast one (Schroeder, Wierman, Harchol-Balter, "Open versus closed", NSDI 2006).
//   constant   one every 1/rate
//   poisson    independent arrivals: exponential gaps with mean 1/rate
//   bursts     `burst` events at once, one burst every burst/rate
// The same options give the same times. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock {

enum class LoadShape : std::uint8_t { constant, poisson, bursts };
[[nodiscard]] std::string_view to_string(LoadShape shape) noexcept;
[[nodiscard]] std::optional<LoadShape> load_shape_of(std::string_view name) noexcept;

struct ScheduleOptions {
  /// Events a second. Above some 10 M a second reading the clock takes longer than a gap.
  double rate = 100'000;
  LoadShape shape = LoadShape::constant;
  std::uint32_t burst = 100;  ///< events of a burst
  std::uint64_t seed = 1;     ///< of the gaps of poisson
  double phase = 0;           ///< 0 to 1: so much of the first gap has passed when it begins
};

class Schedule {
 public:
  /// Requires: rate > 0, burst > 0.
  explicit Schedule(const ScheduleOptions& options);

  /// When the next event is due: nanoseconds since the begin. Never less than the one before.
  [[nodiscard]] std::uint64_t next() noexcept;

 private:
  [[nodiscard]] double random_gap() noexcept;

  // Fixed after construction.
  LoadShape shape_;
  double gap_ns_;  ///< between events, or between bursts
  double first_ns_;
  std::uint32_t burst_;
  // The sending thread only.
  std::uint64_t given_ = 0;
  double at_ns_ = 0;  ///< of poisson
  std::uint64_t random_state_;
};

}  // namespace penstock
