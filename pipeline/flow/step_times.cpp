// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/flow/step_times.hpp>

#include <algorithm>

#include <penstock/pipeline/flow/layout.hpp>

namespace penstock {

StepTimes::StepTimes(const Layout& layout, const LayoutSegment& segment, bool has_sinks)
    : name_(segment.name),
      done_ns_(segment.last ? 0 : layout.options.ring.slots),
      steps_(1 + segment.stages.size() + (segment.last && has_sinks ? 1 : 0)) {
  steps_[0].name = segment.decodes && !layout.source_decodes ? "decode" : "collect";
  for (std::size_t i = 0; i < segment.stages.size(); ++i)
    steps_[i + 1].name = layout.stages[segment.stages[i]].name;
  if (steps_.size() > 1 + segment.stages.size()) steps_.back().name = "sinks";
}

void StepTimes::begin(std::uint64_t now_ns) noexcept {
  begin_ns_ = step_ns_ = now_ns;
  events_ = counted_ = came_later_ = 0;
}

void StepTimes::waited(std::uint32_t slot_index, std::uint64_t accepted_ns,
                       std::uint64_t now_ns) noexcept {
  ++events_;
  if (accepted_ns < from_ns_) return;
  ++counted_;
  std::uint64_t since_ns = upstream_.empty() ? accepted_ns : 0;
  for (const StepTimes* const upstream : upstream_)
    since_ns = std::max(since_ns, upstream->done_ns_[slot_index]);
  wait_ns_.record(begin_ns_ > since_ns ? begin_ns_ - since_ns : 0);
  if (since_ns <= begin_ns_) return;
  ++came_later_;
  steps_[0].service_ns.record(now_ns > since_ns ? now_ns - since_ns : 0);
}

void StepTimes::step_done(std::size_t step, std::uint64_t now_ns) noexcept {
  const std::uint64_t took_ns = now_ns > step_ns_ ? now_ns - step_ns_ : 0;
  step_ns_ = now_ns;
  if (counted_ == 0) return;
  const std::uint64_t whole = step == 0 ? counted_ - came_later_ : counted_;
  if (whole != 0) steps_[step].service_ns.record(took_ns, whole);
  steps_[step].busy_ns.add(took_ns * counted_ / events_);
}

void StepTimes::add_to(SegmentStats& stats) const {
  stats.name = name_;
  stats.wait_ns.merge(wait_ns_.snapshot());
  stats.steps.resize(steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    stats.steps[i].name = steps_[i].name;
    stats.steps[i].service_ns.merge(steps_[i].service_ns.snapshot());
    stats.steps[i].busy_ns += steps_[i].busy_ns.get();
  }
}

}  // namespace penstock
