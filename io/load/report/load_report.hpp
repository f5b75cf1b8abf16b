// SPDX-License-Identifier: Apache-2.0
// The result of a load in words, for a terminal.
// Pure functions, any thread.
#pragma once

#include <string>

#include <penstock/io/load/find_max.hpp>
#include <penstock/io/load/load_result.hpp>

namespace penstock {

/// "orders · constant 100 k/s for 5 s ...": what was asked and on what machine; several lines.
[[nodiscard]] std::string load_heading(const LoadResult& result);
/// "100 k/s · p50 1.9 µs · p99 ...": one run in one line, without a newline.
[[nodiscard]] std::string load_line(const LoadRun& run);
/// What was tried, a line for each run, and what came of it; ends with a newline.
[[nodiscard]] std::string search_report(const Search& search);
/// The whole result; ends with a newline.
[[nodiscard]] std::string load_report(const LoadResult& result);

/// What each of repeated searches found.
[[nodiscard]] std::string rates_in_words(const Search& search);
/// "in 3 runs, of which 2 held: p99 = 71 µs to 84 µs".
[[nodiscard]] std::string rung_in_words(const Rung& rung);

}  // namespace penstock
