// SPDX-License-Identifier: Apache-2.0
// The list of what is explored: each case is a scenario with its limits, and how much of it is
// tried in the test suite.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "explorer/explorer.hpp"
#include "reach.hpp"

namespace penstock::model {

struct Case {
  const char* name;
  const char* what;
  std::unique_ptr<Scenario> (*make)();
  Limits limits;
  /// True: every execution within the limits, by partial-order reduction. False: by seed.
  bool exhaustive = false;
  std::uint64_t schedules = 0;  ///< by seed: so many in the test suite
  Points reaches{};             ///< of all its schedules at least one must come to each of these
};

struct Explored {
  Verdict verdict;
  Reached reached;
};

/// Explores a fresh scenario.
[[nodiscard]] Explored explore(const Case& one, Search& search, const Budget& budget);

/// Every case there is.
[[nodiscard]] std::vector<Case> every_case();

// One list for each source, so that they can be compiled and mutated apart.
[[nodiscard]] std::span<const Case> ring_cases();
[[nodiscard]] std::span<const Case> typed_ring_cases();
[[nodiscard]] std::span<const Case> wait_cases();
[[nodiscard]] std::span<const Case> count_cases();

}  // namespace penstock::model
