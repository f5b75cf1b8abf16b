// SPDX-License-Identifier: Apache-2.0
// Whether two paths lead to one file, however they are spelled.
#pragma once

#include <string>

namespace penstock {

/// A text that is equal for two paths to one file: also over links, relative and absolute, and for
/// a file that does not exist yet. Empty for what any number may read and write: devices, sockets.
[[nodiscard]] std::string identity_of_file(const std::string& path);

}  // namespace penstock
