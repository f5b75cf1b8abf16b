// SPDX-License-Identifier: Apache-2.0
// Where the time of events goes in one segment of one partition, if somebody asked for it:
//   accepted, or done upstream -- wait --> batch begins -- collect or decode --> stage .. --> sinks
// 1. Each event is counted with what its whole batch took, since it leaves a step with its batch;
//    one that came while the batch was collected, with that step from then on. So for one segment
//    the means of wait and steps add up to the mean latency.
// 2. When a batch was done stands by slot for the segments behind: written before the cursor's
//    release, read after its acquire, and not again before they have passed.
// 3. Events that were accepted before a given time count in nothing (Pipeline::count_from). Where a
//    batch has some of them, its busy time counts by the share of the others.
// The owning runner's thread writes; histograms may be read by any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <penstock/pipeline/flow/stats.hpp>
#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/base/histogram.hpp>

namespace penstock {

struct Layout;
struct LayoutSegment;

class StepTimes {
 public:
  /// Steps are numbered: 0 collects, and decodes where the segment does; then its stages; the last
  /// one are the sinks, where the segment has any.
  StepTimes(const Layout& layout, const LayoutSegment& segment, bool has_sinks);

  // Before start.
  void add_upstream(const StepTimes& upstream) { upstream_.push_back(&upstream); }

  // The owning thread.
  /// Of the batches that begin hereafter those events count that were accepted at this time or
  /// later.
  void count_from(std::uint64_t from_ns) noexcept { from_ns_ = from_ns; }
  /// A batch begins.
  void begin(std::uint64_t now_ns) noexcept;
  /// An event of the batch has waited since it was accepted, or since it was done upstream; the
  /// batch was collected at `now_ns`.
  void waited(std::uint32_t slot_index, std::uint64_t accepted_ns, std::uint64_t now_ns) noexcept;
  /// Requires: each event of the batch has waited(), until the time with which step 0 is done.
  void step_done(std::size_t step, std::uint64_t now_ns) noexcept;
  /// The segments behind may take an event over.
  void hand_over(std::uint32_t slot_index) noexcept { done_ns_[slot_index] = step_ns_; }

  // Any thread.
  /// Adds what was measured to that of other partitions.
  void add_to(SegmentStats& stats) const;

 private:
  struct Step {
    std::string name;
    Histogram service_ns;
    Counter busy_ns;
  };

  // Fixed after start.
  std::string name_;
  std::vector<const StepTimes*> upstream_;
  // The owning thread only.
  std::uint64_t begin_ns_ = 0;
  std::uint64_t step_ns_ = 0;  ///< when the last step was done
  std::uint64_t from_ns_ = 0;
  std::uint64_t events_ = 0;      ///< of the batch
  std::uint64_t counted_ = 0;     ///< those of them that count
  std::uint64_t came_later_ = 0;  ///< of these, while the batch was collected
  // Written by the owning thread, read by the segments behind.
  std::vector<std::uint64_t> done_ns_;  ///< by slot; empty in the last segment
  // Written by the owning thread, read by stats().
  Histogram wait_ns_;
  std::vector<Step> steps_;
};

}  // namespace penstock
