// SPDX-License-Identifier: Apache-2.0
// A failing execution, to be read: one line for each step, with the source that made it.
#pragma once

#include <string>
#include <vector>

#include "explorer.hpp"

namespace penstock::model {

[[nodiscard]] std::string render(const std::vector<Step>& steps);
/// Both sides of a data race.
[[nodiscard]] std::string render(const Memory::Race& race);

}  // namespace penstock::model
