// SPDX-License-Identifier: Apache-2.0
// `penstock plan CONFIG`: what would run: threads, memory, segments, and why.
// The main thread only.
#pragma once

#include <optional>
#include <string>

#include <penstock/pipeline/flow/pipeline.hpp>

namespace penstock::cli {

struct PlanArguments {
  std::string config;
  std::optional<unsigned> partitions;  ///< instead of the config's; 0: automatic
  bool json = false;
};

/// Fills every stage of the config with a handler that does nothing: code is not needed for a plan.
void fill_stages(PipelineBuilder& builder, const PipelineOptions& options);

/// Returns the exit code.
[[nodiscard]] int plan(const PlanArguments& arguments);

}  // namespace penstock::cli
