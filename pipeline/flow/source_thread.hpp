// SPDX-License-Identifier: Apache-2.0
// The thread of one source: reads, publishes, waits for input. It ends with its source, when the
// pipeline stops (at the next event boundary), or when the source fails, which stops the pipeline.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include <penstock/pipeline/flow/core.hpp>
#include <penstock/pipeline/flow/ports.hpp>
#include <penstock/runtime/machine/thread.hpp>

namespace penstock {

class SourceThread {
 public:
  SourceThread(PipelineCore& core, Source& source, ProducerState& state, const ThreadPlan& plan)
      : core_(&core), source_(&source), state_(&state), plan_(&plan) {}
  SourceThread(const SourceThread&) = delete;
  SourceThread& operator=(const SourceThread&) = delete;

  // The host's thread.
  /// `stop_fd` becomes readable when the source should end.
  Status start(std::shared_ptr<PipelineCore> core, int stop_fd);
  bool join_until(std::uint64_t deadline_ns) noexcept { return thread_.join_until(deadline_ns); }
  void detach() noexcept { thread_.detach(); }
  [[nodiscard]] bool pin_denied() const noexcept { return thread_.pin_denied(); }
  [[nodiscard]] const ThreadPlan& plan() const noexcept { return *plan_; }

  // Any thread.
  /// Since when it has been within one call of its source; 0: it waits for input, or has ended.
  [[nodiscard]] std::uint64_t busy_since_ns() const noexcept {
    // relaxed: statistic.
    return busy_since_ns_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::string_view name() const noexcept { return source_->name(); }

 private:
  void run(int stop_fd);

  // Fixed after start.
  PipelineCore* core_;
  Source* source_;
  ProducerState* state_;
  const ThreadPlan* plan_;
  Thread thread_;
  // Written by the source's thread, read by health().
  std::atomic<std::uint64_t> busy_since_ns_{0};
};

}  // namespace penstock
