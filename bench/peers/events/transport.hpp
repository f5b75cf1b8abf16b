// SPDX-License-Identifier: Apache-2.0
// Transport alone: events of about 500 bytes from one core to the other, every byte copied in and
// read, nothing decoded. All memories are as large as a partition's by default.
#pragma once

#include <vector>

#include "../scenario.hpp"

namespace penstock::bench {

[[nodiscard]] std::vector<Case> transport_cases(const Cores& cores);

}  // namespace penstock::bench
