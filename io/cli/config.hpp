// SPDX-License-Identifier: Apache-2.0
// `penstock config [FILE]`: every key with its value, bounds, default and help.
// The main thread only.
#pragma once

#include <string>

namespace penstock::cli {

struct ConfigArguments {
  std::string config;  ///< empty: the defaults
  bool markdown = false;
  bool json = false;
};

/// Returns the exit code.
[[nodiscard]] int config(const ConfigArguments& arguments);

}  // namespace penstock::cli
