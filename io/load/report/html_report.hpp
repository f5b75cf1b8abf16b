// SPDX-License-Identifier: Apache-2.0
// The result of a load as one HTML page: figures, plots and tables, with nothing loaded from
// elsewhere and no script, so that it can be kept, mailed and printed.
// Pure functions, any thread.
#pragma once

#include <string>

#include <penstock/io/load/find_max.hpp>
#include <penstock/io/load/load_result.hpp>

namespace penstock {

/// `search`: of --find-max, or nullptr.
[[nodiscard]] std::string html_report(const LoadResult& result, const Search* search,
                                      const Slo* slo);

}  // namespace penstock
