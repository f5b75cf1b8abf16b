// SPDX-License-Identifier: Apache-2.0
// `penstock version`: what this program is made of.
// The main thread only.
#pragma once

#include <string>

namespace penstock::cli {

struct VersionArguments {
  bool json = false;
};

/// Returns the exit code.
[[nodiscard]] int version(const VersionArguments& arguments);

}  // namespace penstock::cli
