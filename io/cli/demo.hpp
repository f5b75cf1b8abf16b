// SPDX-License-Identifier: Apache-2.0
// `penstock demo`: makes order events, runs them through two partitions and a handler that adds up
// what each customer ordered, and checks counts, totals and the order of every key before it prints
// a number. The main thread only.
#pragma once

#include <cstdint>
#include <string>

namespace penstock::cli {

struct DemoArguments {
  std::uint64_t events = 1'000'000;
  std::string program = "penstock";  ///< as it was called, for what to try next
  bool json = false;
};

/// Returns the exit code.
[[nodiscard]] int demo(const DemoArguments& arguments);

}  // namespace penstock::cli
