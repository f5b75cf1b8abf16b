// SPDX-License-Identifier: Apache-2.0
// `penstock generate orders`: test events as JSON lines, the same for the same options.
// The main thread only.
#pragma once

#include <cstdint>
#include <string>

#include <penstock/io/load/order_generator.hpp>

namespace penstock::cli {

struct GenerateArguments {
  OrderOptions orders;
  std::uint64_t events = 1000;
  std::string output;  ///< empty: standard output
};

/// Returns the exit code.
[[nodiscard]] int generate(const GenerateArguments& arguments);

}  // namespace penstock::cli
