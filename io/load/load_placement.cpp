// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/load_placement.hpp>

#include <algorithm>

namespace penstock {
namespace {

unsigned threads_of(const Plan& plan) noexcept { return plan.runner_threads + plan.source_threads; }

}  // namespace

LoadPlacement place_load(const Plan& plan, const CpuLimits& limits) {
  const unsigned threads = threads_of(plan);
  LoadPlacement placement;
  placement.sources_spin =
      limits.effective() > 1 && threads <= std::min(limits.effective(), limits.spinning_max());
  std::size_t free = 0;
  for (const unsigned cpu : limits.cpus) {
    if (std::ranges::find(plan.threads, std::optional(cpu), &ThreadPlan::cpu) != plan.threads.end())
      continue;
    ++free;
    placement.meter_cpu = cpu;  // the last one: the first serve interrupts
  }
  const auto unpinned = static_cast<std::size_t>(
      std::ranges::count(plan.threads, std::optional<unsigned>(), &ThreadPlan::cpu));
  placement.meter_shares = free <= unpinned || threads >= limits.effective();
  return placement;
}

std::vector<std::string> LoadPlacement::remarks(const Plan& plan, const CpuLimits& limits) const {
  std::vector<std::string> remarks;
  const unsigned cpus = limits.effective();
  if (const unsigned threads = threads_of(plan); threads > cpus)
    remarks.push_back(std::to_string(threads) + " threads share " + std::to_string(cpus) +
                      (cpus == 1 ? " CPU" : " CPUs") + ": latencies have waits for a CPU in them");
  if (!sources_spin)
    remarks.push_back("the load sleeps until an event is due, and is late by what a sleep is: " +
                      limits.explain() + " leave none for a thread that spins");
  if (meter_shares)
    remarks.emplace_back(
        "the hiccup meter and the measuring thread have no CPU for themselves: hiccups have waits "
        "for the pipeline's own threads in them");
  return remarks;
}

}  // namespace penstock
