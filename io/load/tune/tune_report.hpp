// SPDX-License-Identifier: Apache-2.0
// What tuning found: in words, as JSON, and as the new config with its evidence in comments.
// Pure functions but for the environment that configs are expanded from.
#pragma once

#include <string>
#include <string_view>

#include <penstock/io/load/tune/tuner.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

/// What was tuned for: "p99.9 at 100 k/s".
[[nodiscard]] std::string objective_text(const TuneResult& result);
/// Every trial, the confirmation, the price, the changes, the finding.
[[nodiscard]] std::string tune_text(const TuneResult& result);
/// One object; `written` is the file that the new config went to, empty: none.
[[nodiscard]] std::string tune_json(const TuneResult& result, std::string_view config,
                                    std::string_view written);

/// The config's text with the winner's changes and the evidence above each, below a head that says
/// where it comes from. `command` is how it was called. Requires: the finding is `pays`. Errors:
/// those of rewrite_config().
[[nodiscard]] Result<std::string> tuned_config(const TuneResult& result, std::string_view text,
                                               std::string_view name, std::string_view command);

}  // namespace penstock
