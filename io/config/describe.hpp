// SPDX-License-Identifier: Apache-2.0
// The property table for people: what `penstock config` prints, and docs/configuration.md.
// Pure functions, any thread.
#pragma once

#include <string>

#include <penstock/io/config/config.hpp>

namespace penstock {

/// A TOML file with every key, its effective value, and type, bounds, default and help as comments.
/// Read again, it gives the same config.
[[nodiscard]] std::string describe_config(const Config& config);
/// docs/configuration.md.
[[nodiscard]] std::string describe_config_markdown();
/// {"properties": [{"section", "key", "type", "value", "default", ...}]}
[[nodiscard]] std::string describe_config_json(const Config& config);

}  // namespace penstock
