// SPDX-License-Identifier: Apache-2.0
// Which CPUs the threads beside a pipeline take: may load sources spin, and where does the hiccup
// meter run? A load that takes CPUs from what it measures measures itself.
// Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <penstock/pipeline/flow/plan.hpp>
#include <penstock/runtime/machine/cpu.hpp>

namespace penstock {

struct LoadPlacement {
  /// Only where runners and sources have a CPU each, by the rule of the waiting ladder: who spins
  /// where threads outnumber CPUs keeps the one that it waits for from running.
  bool sources_spin = true;
  /// A CPU that no thread of the pipeline is pinned to, if there is one.
  std::optional<unsigned> meter_cpu;
  /// No CPU is left for the meter: it waits for those that it measures beside, and they for it.
  bool meter_shares = false;

  /// What a reader should know of it, in sentences.
  [[nodiscard]] std::vector<std::string> remarks(const Plan& plan, const CpuLimits& limits) const;
};

[[nodiscard]] LoadPlacement place_load(const Plan& plan, const CpuLimits& limits);

}  // namespace penstock
