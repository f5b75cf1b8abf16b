// SPDX-License-Identifier: Apache-2.0
// When the events of a way from source to consumer are sent, and what is taken down of each:
//   AtOnce     each as soon as there is room: how many a second
//   ByPlan     an open loop: each at a time that was fixed before, however the way is doing; its
//              latency is counted from then until it was read, so that waiting is not omitted
// Both are asked by the source thread before an event and by the consumer behind it. Events are
// counted from 0 behind the warm-up.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <penstock/io/load/schedule.hpp>
#include <penstock/runtime/base/atomics.hpp>

#include "../machine/start_line.hpp"

namespace penstock::bench {

struct AtOnce {
  void begin() {}
  [[nodiscard]] bool is_due(std::size_t /*event*/) const { return true; }
  void wait_for(std::size_t /*event*/) const {}
  void ended(std::size_t /*event*/) {}
};

/// Poisson arrivals.
inline std::vector<std::uint64_t> due_times_ns(double rate, std::size_t count) {
  Schedule schedule({.rate = rate, .shape = LoadShape::poisson});
  std::vector<std::uint64_t> due_ns(count);
  for (std::uint64_t& due : due_ns) due = schedule.next();
  return due_ns;
}

/// Of one run.
class ByPlan {
 public:
  ByPlan(const std::vector<std::uint64_t>& due_ns, std::size_t count) : due_ns_(&due_ns) {
    latencies_ns_.reserve(count);
  }

  // Source thread.
  void begin() { begin_ = SteadyTime::now(); }
  [[nodiscard]] bool is_due(std::size_t event) const { return since_due_ns(event) >= 0; }
  void wait_for(std::size_t event) {
    double before_ns = since_due_ns(event);
    while (before_ns < 0) {
      StdAtomics::pause();
      const double now_ns = since_due_ns(event);
      held_up_ns_ = std::max(held_up_ns_, now_ns - before_ns);
      before_ns = now_ns;
    }
  }
  // Consumer thread: sees `begin_` by the hand-over of the event.
  void ended(std::size_t event) { latencies_ns_.push_back(since_due_ns(event)); }

  // When both have ended.
  /// The longest time between two looks at the clock of a source that did nothing else: what the
  /// machine does to a thread, whichever way is measured. The consumer's is not known.
  [[nodiscard]] double held_up_ns() const { return held_up_ns_; }
  /// Nearest rank.
  [[nodiscard]] double latency_ns(double percent) {
    const double rank = std::ceil(percent / 100 * double(latencies_ns_.size()));
    const auto at = latencies_ns_.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
    std::ranges::nth_element(latencies_ns_, at);
    return *at;
  }

 private:
  [[nodiscard]] double since_due_ns(std::size_t event) const {
    return ns_between(begin_, SteadyTime::now()) - double((*due_ns_)[event]);
  }

  const std::vector<std::uint64_t>* due_ns_;
  // Source thread.
  SteadyTime::time_point begin_;
  double held_up_ns_ = 0;
  // Consumer thread.
  alignas(128) std::vector<double> latencies_ns_;
};

}  // namespace penstock::bench
