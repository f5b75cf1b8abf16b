// SPDX-License-Identifier: Apache-2.0
// Numbers for people: reports and messages. Programs read JSON.
// Pure functions, any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace penstock {

[[nodiscard]] std::string with_commas(std::uint64_t number);      ///< 1,204,331
[[nodiscard]] std::string in_short(double number);                ///< 3.2 M, 612 k, 14
[[nodiscard]] std::string bytes_in_short(double number);          ///< 3.2 MB, 612 kB, 14 B
[[nodiscard]] std::string duration_in_short(double duration_ns);  ///< 1.9 µs, 4 ms, 0.31 s
[[nodiscard]] std::string duration_in_short(std::uint64_t duration_ns);
[[nodiscard]] std::string duration_in_short(std::chrono::nanoseconds duration);

}  // namespace penstock
