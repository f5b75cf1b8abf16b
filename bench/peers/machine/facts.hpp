// SPDX-License-Identifier: Apache-2.0
// What a figure must be quoted with.
#pragma once

#include <string>

#include "../scenario.hpp"

namespace penstock::bench {

struct MachineFacts {
  std::string cpu;
  std::string kernel;
  std::string compiler;
  std::string commit;  ///< of the source when it was built; "unknown" outside of a git checkout
  std::string command;
  Cores cores;
};

[[nodiscard]] MachineFacts machine_facts(int argument_count, char** arguments, const Cores& cores);

}  // namespace penstock::bench
