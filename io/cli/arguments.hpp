// SPDX-License-Identifier: Apache-2.0
// The command line, as plain structs: one for each verb. arguments.cpp alone knows the library that
// parses it. The main thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include <tl/expected.hpp>

#include <penstock/io/cli/config.hpp>
#include <penstock/io/cli/demo.hpp>
#include <penstock/io/cli/generate.hpp>
#include <penstock/io/cli/inspect.hpp>
#include <penstock/io/cli/load/bench.hpp>
#include <penstock/io/cli/load/tune.hpp>
#include <penstock/io/cli/plan.hpp>
#include <penstock/io/cli/run.hpp>
#include <penstock/io/cli/validate.hpp>
#include <penstock/io/cli/version.hpp>

namespace penstock::cli {

using Arguments = std::variant<RunArguments, DemoArguments, ValidateArguments, PlanArguments,
                               GenerateArguments, InspectArguments, ConfigArguments, BenchArguments,
                               TuneArguments, VersionArguments>;

/// Returns the verb and its arguments, or an exit code after help or a mistake was printed.
[[nodiscard]] tl::expected<Arguments, int> parse_arguments(int count, const char* const* arguments);

/// "2.1.2", for `penstock version`.
[[nodiscard]] std::string cli_library_version();

}  // namespace penstock::cli
