// SPDX-License-Identifier: Apache-2.0
// What a run found, as a table for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "machine/facts.hpp"
#include "rounds.hpp"

namespace penstock::bench {

[[nodiscard]] std::string heading(const MachineFacts& facts, const RoundOptions& options);
/// One table for each distance at which samples were kept.
[[nodiscard]] std::string table(const CaseResult& result);
/// One object: {"machine": {...}, "cases": [...]}.
[[nodiscard]] std::string to_json(const MachineFacts& facts, const RoundOptions& options,
                                  const std::vector<CaseResult>& results);

}  // namespace penstock::bench
