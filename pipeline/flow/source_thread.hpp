// SPDX-License-Identifier: Apache-2.0
// The thread of one source: reads, publishes, waits for input. It ends with its source, when the
// pipeline stops (at the next event boundary), or when the source fails, which stops the pipeline.
#pragma once

#include <cstdint>
#include <memory>

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
  [[nodiscard]] const Source& source() const noexcept { return *source_; }

 private:
  void run(int stop_fd);

  // Fixed after start.
  PipelineCore* core_;
  Source* source_;
  ProducerState* state_;
  const ThreadPlan* plan_;
  Thread thread_;
};

}  // namespace penstock
