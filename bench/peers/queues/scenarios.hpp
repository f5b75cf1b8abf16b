// SPDX-License-Identifier: Apache-2.0
// items8, items64, items512, ping_pong, producers.
#pragma once

#include <vector>

#include "../scenario.hpp"

namespace penstock::bench {

[[nodiscard]] std::vector<Scenario> queue_scenarios();

}  // namespace penstock::bench
