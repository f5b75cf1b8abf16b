// SPDX-License-Identifier: Apache-2.0
// transport, end_to_end.
#pragma once

#include <vector>

#include "../scenario.hpp"

namespace penstock::bench {

[[nodiscard]] std::vector<Scenario> event_scenarios();

}  // namespace penstock::bench
