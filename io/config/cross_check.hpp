// SPDX-License-Identifier: Apache-2.0
// What must hold between keys of a config, as far as it can be seen without a plan.
// PipelineBuilder::build() checks the rest.
#pragma once

#include <penstock/io/config/document.hpp>

namespace penstock {

/// Adds problems to `checked`, whose config was read from `root`.
void cross_check(const DocumentNode& root, CheckedConfig& checked);

}  // namespace penstock
