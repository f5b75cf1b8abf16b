// SPDX-License-Identifier: Apache-2.0
// Runs a load against the pipeline of a config: its own stages, sinks and rejects, with load
// sources in the places of its sources.
//   build -> start -> [ warm-up ][ interval | interval | ... ] last event sent -> drain
//                               ^ marks: counters, histograms, usage of threads ^
// The calling thread starts it, takes the numbers from time to time, and stops it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <penstock/io/config/config.hpp>
#include <penstock/io/load/event_pool.hpp>
#include <penstock/io/load/load_result.hpp>
#include <penstock/pipeline/flow/pipeline.hpp>
#include <penstock/runtime/base/result.hpp>
#include <penstock/runtime/machine/cpu.hpp>

namespace penstock {

struct LoadSetup {
  const Config* config = nullptr;
  const EventPool* events = nullptr;
  /// Fills the config's stages with code, as for any pipeline of this config.
  std::function<void(PipelineBuilder&)> fill_stages;
  std::uint64_t (*allocations)() = nullptr;  ///< as PipelineBuilder::allocations
  /// How many of those the calling thread made: they are no event's. Without it they count, too.
  std::uint64_t (*own_allocations)() = nullptr;
  std::optional<CpuLimits> cpus;  ///< other ones than those of the process, for tests and plans
  /// Called after each interval, the warm-up's included.
  std::function<void(const Stats&)> on_progress;
  /// True if the run should end now. Then it fails with `timed_out`.
  std::function<bool()> asked_to_stop;
};

/// One run. Errors: those of building and starting a pipeline; what failed underway; timed_out if
/// it was asked to stop. Waits: for the warm-up, the duration, a tenth of it more at most, and the
/// drain.
[[nodiscard]] Result<LoadRun> run_load(const LoadSetup& setup, const LoadOptions& options);

/// What the pipeline under this load will be. Errors: those of building it.
[[nodiscard]] Result<Plan> plan_load(const LoadSetup& setup);

/// What is said of a load beside its runs; `runs` is empty.
[[nodiscard]] Result<LoadResult> describe_load(const LoadSetup& setup, const LoadOptions& options);

}  // namespace penstock
