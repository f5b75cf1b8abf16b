// SPDX-License-Identifier: Apache-2.0
// The plots of a load. Each is an SVG element; empty if there is nothing to draw.
// Pure functions, any thread.
#pragma once

#include <string>

#include <penstock/io/load/find_max.hpp>
#include <penstock/io/load/load_result.hpp>
#include <penstock/io/load/slo.hpp>

namespace penstock {

// `slo`: whose limits to draw, or nullptr.
/// Latency by percentile of all runs, and the hiccups of the typical one.
[[nodiscard]] std::string plot_by_percentile(const LoadResult& result, const Slo* slo);
/// p50, p99 and maximum of each interval, and the longest hiccup.
[[nodiscard]] std::string plot_over_time(const LoadRun& run, const Slo* slo);
/// What each trial of a search measured of the SLO's first term, by rate.
[[nodiscard]] std::string plot_ladder(const Search& search, const Slo* slo);

}  // namespace penstock
