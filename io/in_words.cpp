// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/in_words.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <span>

namespace penstock {
namespace {

struct Step {
  double from;
  double divisor;
  const char* unit;
};

/// Three digits at most, or two with one behind the point.
std::string scaled(double number, std::span<const Step> steps) {
  for (const Step& step : steps) {
    if (number < step.from) continue;
    const double value = number / step.divisor;
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), value < 10 ? "%.1f%s" : "%.0f%s", value, step.unit);
    return text.data();
  }
  return "0";
}

}  // namespace

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string in_short(double number) {
  static constexpr std::array kSteps{Step{1e9, 1e9, " G"}, Step{1e6, 1e6, " M"},
                                     Step{1e3, 1e3, " k"}};
  if (number >= 1e3) return scaled(number, kSteps);
  return std::to_string(std::llround(number));
}

std::string bytes_in_short(double number) {
  return in_short(number).append(number >= 1e3 ? "B" : " B");
}

std::string duration_in_short(double duration_ns) {
  static constexpr std::array kSteps{Step{1e10, 1e9, " s"}, Step{1e6, 1e6, " ms"},
                                     Step{1e3, 1e3, " µs"}, Step{1, 1, " ns"}};
  if (duration_ns >= 1e10 || duration_ns < 1e8) return scaled(duration_ns, kSteps);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", duration_ns / 1e9);
  return text.data();
}

std::string duration_in_short(std::uint64_t duration_ns) {
  return duration_in_short(static_cast<double>(duration_ns));
}

std::string duration_in_short(std::chrono::nanoseconds duration) {
  return duration_in_short(static_cast<double>(duration.count()));
}

}  // namespace penstock
