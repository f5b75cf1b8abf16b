// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/schedule.hpp>

#include <array>
#include <cmath>
#include <cstddef>

#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

constexpr std::array<std::string_view, 3> kShapes{"constant", "poisson", "bursts"};

}  // namespace

std::string_view to_string(LoadShape shape) noexcept {
  return kShapes[static_cast<std::size_t>(shape)];
}

std::optional<LoadShape> load_shape_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kShapes.size(); ++i)
    if (kShapes[i] == name) return static_cast<LoadShape>(i);
  return std::nullopt;
}

Schedule::Schedule(const ScheduleOptions& options)
    : shape_(options.shape),
      gap_ns_(1e9 / options.rate * (options.shape == LoadShape::bursts ? options.burst : 1)),
      first_ns_(gap_ns_ * options.phase),
      burst_(options.burst),
      at_ns_(first_ns_),
      random_state_(options.seed) {
  PENSTOCK_CHECK(options.rate > 0 && options.burst > 0);
}

std::uint64_t Schedule::next() noexcept {
  const std::uint64_t number = given_++;
  switch (shape_) {
    case LoadShape::poisson: return static_cast<std::uint64_t>(at_ns_ += random_gap());
    case LoadShape::bursts: {
      const std::uint64_t bursts = number / burst_;
      // Multiplied, not added up: gaps that are no whole number of nanoseconds do not drift.
      return static_cast<std::uint64_t>(first_ns_ + gap_ns_ * static_cast<double>(bursts));
    }
    case LoadShape::constant: break;
  }
  return static_cast<std::uint64_t>(first_ns_ + gap_ns_ * static_cast<double>(number));
}

/// -ln(u) / rate for u evenly spread over (0, 1]: the inverse of the exponential distribution.
double Schedule::random_gap() noexcept {
  // SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
  std::uint64_t mixed = random_state_ += 0x9E3779B97F4A7C15;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
  mixed ^= mixed >> 31;
  constexpr double kScale = 1.0 / 9007199254740992.0;  // 2^-53
  return -std::log(static_cast<double>((mixed >> 11) + 1) * kScale) * gap_ns_;
}

}  // namespace penstock
