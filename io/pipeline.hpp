// SPDX-License-Identifier: Apache-2.0
// From a config to a pipeline: makes the sources, sinks and rejects that it names.
#pragma once

#include <penstock/io/config/config.hpp>
#include <penstock/pipeline/flow/pipeline.hpp>

namespace penstock {

/// A builder with everything that the config says. Its stages are fixed: code fills them by name
/// with .stage(name, handler), and build() refuses a stage that only one side knows.
[[nodiscard]] PipelineBuilder pipeline(const Config& config);

}  // namespace penstock
