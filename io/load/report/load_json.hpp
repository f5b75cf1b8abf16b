// SPDX-License-Identifier: Apache-2.0
// The result of a load as JSON, on one line, for programs and for `bench --compare`.
//   {"penstock_bench":1, "config":s, "pipeline":s, "began":"2026-...Z", "asked":{...},
//    "events":{...}, "plan":{...}, "machine":{...}, "remarks":[...], "runs":[...], "search":{...}}
// docs/benchmarking.md lists the members. What is not known is null; durations say their unit.
// Pure functions, any thread.
#pragma once

#include <string>

#include <penstock/io/load/find_max.hpp>
#include <penstock/io/load/load_result.hpp>

namespace penstock {

/// The number in "penstock_bench": it rises when a member changes its meaning.
inline constexpr unsigned kLoadJsonVersion = 1;

/// `search`: of --find-max, or nullptr.
[[nodiscard]] std::string load_json(const LoadResult& result, const Search* search);

/// "2026-11-28T03:48:45Z".
[[nodiscard]] std::string utc_text(std::int64_t unix_ms);

}  // namespace penstock
