// SPDX-License-Identifier: Apache-2.0
#include "case.hpp"

namespace penstock::model {

std::vector<Case> every_case() {
  std::vector<Case> all;
  for (const std::span<const Case> some :
       {ring_cases(), typed_ring_cases(), wait_cases(), count_cases()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

Explored explore(const Case& one, Search& search, const Budget& budget) {
  const std::unique_ptr<Scenario> scenario = one.make();
  Explorer explorer;
  Explored explored{.verdict = explorer.explore(*scenario, search, one.limits, budget),
                    .reached = {}};
  if (const auto* const reaching = dynamic_cast<const Reaching*>(scenario.get()))
    explored.reached = reaching->reached();
  return explored;
}

}  // namespace penstock::model
