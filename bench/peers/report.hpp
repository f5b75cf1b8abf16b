// SPDX-License-Identifier: Apache-2.0
// What a run found, as a table for people and as JSON, and what it must be quoted with.
#pragma once

#include <string>
#include <vector>

#include <penstock/runtime/machine/facts.hpp>

#include "rounds.hpp"

namespace penstock::bench {

/// What a figure is quoted with.
struct RunFacts {
  MachineFacts machine;
  bool dchecks = false;  ///< the library checks invariants for every event
  std::string command;
  RoundOptions options;
  /// Why no figure of this run may be quoted; empty for a measurement.
  std::vector<std::string> not_a_measurement;
  /// What else a reader of its figures should know.
  std::vector<std::string> remarks;
};

[[nodiscard]] RunFacts facts_of(int argument_count, char** arguments, const RoundOptions& options);

[[nodiscard]] std::string heading(const RunFacts& facts);
/// One table for each distance at which samples were kept.
[[nodiscard]] std::string table(const CaseResult& result);
/// One object: {"machine": {...}, "cases": [...], "complete": true}.
[[nodiscard]] std::string to_json(const RunFacts& facts, const std::vector<CaseResult>& results,
                                  bool complete);

}  // namespace penstock::bench
