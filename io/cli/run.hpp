// SPDX-License-Identifier: Apache-2.0
// `penstock run CONFIG`: drives a pipeline from its sources to its sinks until they end, or a
// signal comes; then drains and reports: in words on standard error, with --format json as the last
// line on standard output. Exit codes: exit_code.hpp; refused and dead events count only under
// --strict. The main thread only.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace penstock::cli {

struct RunArguments {
  std::string config;
  std::optional<unsigned> partitions;       ///< instead of the config's; 0: automatic
  std::chrono::nanoseconds stats_every{0};  ///< 0: never
  bool json = false;
  bool quiet = false;
  bool strict = false;  ///< refused and dead events fail the run
};

/// Returns the exit code.
[[nodiscard]] int run(const RunArguments& arguments);

}  // namespace penstock::cli
