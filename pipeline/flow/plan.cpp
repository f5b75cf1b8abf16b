// SPDX-License-Identifier: Apache-2.0
// The plan as a person reads it.
#include <penstock/pipeline/flow/plan.hpp>

#include <fmt/format.h>

namespace penstock {
namespace {

std::string size(std::uint64_t bytes) {
  if (bytes >= 10 << 20) return fmt::format("{} MiB", (bytes + (1 << 19)) >> 20);
  if (bytes >= 1 << 20) return fmt::format("{:.3g} MiB", double(bytes) / (1 << 20));
  if (bytes >= 1 << 10) return fmt::format("{:.4g} KiB", double(bytes) / (1 << 10));
  return fmt::format("{} B", bytes);
}

std::string_view to_string(WaitKind wait) {
  switch (wait) {
    case WaitKind::busy_spin: return "busy_spin";
    case WaitKind::adaptive: return "adaptive";
    case WaitKind::park: return "park";
  }
  return "unknown";
}

std::string pinned(const Plan& plan) {
  std::string text;
  for (const ThreadPlan& thread : plan.threads)
    if (thread.cpu) text += fmt::format("{}{}", text.empty() ? "" : ", ", *thread.cpu);
  return text.empty() ? "none" : text;
}

std::string waiting(const Plan& plan) {
  if (plan.wait == WaitKind::busy_spin)
    return "busy_spin: never parks, a CPU a thread even when idle";
  if (plan.wait == WaitKind::park) return "park: at once, no CPU when idle";
  if (plan.spin_ns == 0) return fmt::format("{}: no spinning, then park", to_string(plan.wait));
  return fmt::format("{}: spin <= {:.1f} us (measured park + wake), then park",
                     to_string(plan.wait), double(plan.spin_ns) / 1e3);
}

}  // namespace

std::string Plan::to_text() const {
  std::string text = fmt::format("partitions {} · threads {} source + {} runner · pinned {}\n",
                                 partitions, source_threads, runner_threads, pinned(*this));
  text += fmt::format("memory     {} x (slots {} + envelopes {} + arena {}", partitions,
                      size(memory.slots), size(memory.envelopes), size(memory.arena));
  if (memory.columns != 0) text += fmt::format(" + columns {}", size(memory.columns));
  if (memory.rounding != 0) text += fmt::format(" + rounding {}", size(memory.rounding));
  text += fmt::format(") + decoders <= {}", size(memory.decoders));
  if (memory.sources != 0) text += fmt::format(" + sources <= {}", size(memory.sources));
  text += fmt::format(" + spill <= {} = {}\n", size(memory.spill_max), size(memory.total));
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const SegmentPlan& segment = segments[i];
    text += fmt::format("{} {} [{}]", i == 0 ? "segments  " : "          ", segment.name,
                        fmt::join(segment.stages, " "));
    for (std::size_t k = 0; k < segment.after.size(); ++k)
      text += fmt::format("{} {}", k == 0 ? " after" : ",", segments[segment.after[k]].name);
    text += '\n';
  }
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const ThreadPlan& thread = threads[i];
    text += fmt::format("{} {} runs {}", i == 0 ? "threads   " : "          ", thread.name,
                        fmt::join(thread.runs, ", "));
    if (thread.cpu) text += fmt::format(" on CPU {}", *thread.cpu);
    text += '\n';
  }
  text += fmt::format("waiting    {}\n", waiting(*this));
  for (std::size_t i = 0; i < reasons.size(); ++i)
    text += fmt::format("{} {}\n", i == 0 ? "because   " : "          ", reasons[i]);
  return text;
}

}  // namespace penstock
