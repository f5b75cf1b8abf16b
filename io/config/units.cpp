// SPDX-License-Identifier: Apache-2.0
// Sizes and durations: one list of units for each, read in both directions.
#include <penstock/io/config/units.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <span>

namespace penstock {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: formatting takes the first that divides.
constexpr std::array kSizes{Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20},
                            Unit{"KiB", 1ULL << 10}, Unit{"B", 1}};
constexpr std::array kDurations{
    Unit{"h", 3'600'000'000'000}, Unit{"min", 60'000'000'000}, Unit{"s", 1'000'000'000},
    Unit{"ms", 1'000'000},        Unit{"us", 1'000},           Unit{"ns", 1}};
constexpr std::array kCounts{Unit{"G", 1'000'000'000}, Unit{"M", 1'000'000}, Unit{"k", 1'000}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units,
                                   std::uint64_t factor_without_unit) noexcept {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{}) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  std::uint64_t factor = name.empty() ? factor_without_unit : 0;  // 0: no such unit
  for (const Unit& unit : units)
    if (unit.name == name) factor = unit.factor;
  std::uint64_t product = 0;
  if (name.empty() && number == 0) return 0;
  if (factor == 0 || __builtin_mul_overflow(number, factor, &product)) return std::nullopt;
  return product;
}

std::string format(std::uint64_t number, std::span<const Unit> units) {
  const std::string_view smallest = units.back().name;
  if (number == 0) return std::string("0").append(smallest);
  for (const Unit& unit : units)
    if (number % unit.factor == 0) return std::to_string(number / unit.factor).append(unit.name);
  return std::to_string(number).append(smallest);
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  return parse(text, kSizes, 1);
}

std::optional<std::uint64_t> parse_duration(std::string_view text) noexcept {
  constexpr std::string_view kMicro = "\xC2\xB5s";  // U+00B5, as people type it
  if (!text.ends_with(kMicro)) return parse(text, kDurations, 0);
  constexpr std::array kMicros{Unit{kMicro, 1'000}};
  return parse(text, kMicros, 0);
}

std::optional<std::uint64_t> parse_count(std::string_view text) noexcept {
  return parse(text, kCounts, 1);
}

std::string format_size(std::uint64_t bytes) { return format(bytes, kSizes); }

std::string format_number(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end.ptr};
}

std::string format_duration(std::uint64_t duration_ns) {
  return duration_ns == 0 ? "0s" : format(duration_ns, kDurations);
}

std::uint64_t nearest_power_of_two(std::uint64_t number) noexcept {
  if (number <= 1) return 1;
  if (number > std::uint64_t{1} << 63) return std::uint64_t{1} << 63;
  const std::uint64_t above = std::bit_ceil(number);
  const std::uint64_t below = std::bit_floor(number);
  return number - below < above - number ? below : above;
}

}  // namespace penstock
