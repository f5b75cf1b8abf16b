// SPDX-License-Identifier: Apache-2.0
// `penstock validate CONFIG`: every mistake at once, on standard output, since they are the result.
// The main thread only.
#pragma once

#include <string>

namespace penstock::cli {

struct ValidateArguments {
  std::string config;
  bool json = false;
};

/// Returns the exit code.
[[nodiscard]] int validate(const ValidateArguments& arguments);

}  // namespace penstock::cli
