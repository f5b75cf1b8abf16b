// SPDX-License-Identifier: Apache-2.0
// Sizes and durations as they stand in a config: "64KiB", "5ms". Pure functions, any thread.
// Units are exact: binary multiples for bytes, so that nobody has to guess what "1MB" holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// "4096", "4096B", "64KiB", "1MiB", "2GiB". Returns nothing for anything else or if it overflows.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;
/// "250ns", "5us", "5µs", "5ms", "10s", "10min", "1h", in nanoseconds; "0" needs no unit.
[[nodiscard]] std::optional<std::uint64_t> parse_duration(std::string_view text) noexcept;
/// "1000", "10k", "1M", "1G": decimal multiples, for counts on the command line.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text) noexcept;

/// In the largest unit that divides it: "64KiB", "4097B".
[[nodiscard]] std::string format_size(std::uint64_t bytes);
/// The shortest text that reads back as this number.
[[nodiscard]] std::string format_number(double number);
[[nodiscard]] std::string format_duration(std::uint64_t duration_ns);

/// The power of two that is nearest; the larger of two equally near.
[[nodiscard]] std::uint64_t nearest_power_of_two(std::uint64_t number) noexcept;

}  // namespace penstock
