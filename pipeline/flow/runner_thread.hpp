// SPDX-License-Identifier: Apache-2.0
// The loops that drive runners: a thread of ours, or the host's own loop.
// A thread drives one or more runners, has one futex word, and parks only when each of its runners
// has registered for its next wake-up. It holds the core, so that memory outlives a handler that
// hangs.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <penstock/pipeline/flow/core.hpp>
#include <penstock/pipeline/flow/segment_runner.hpp>
#include <penstock/runtime/machine/thread.hpp>
#include <penstock/runtime/wait/ladder.hpp>
#include <penstock/runtime/wait/parker.hpp>

namespace penstock {

/// Marks this thread as one that runs handlers of a pipeline, where publishing must not wait.
class RunnerScope {
 public:
  explicit RunnerScope(const PipelineCore& core) noexcept;
  RunnerScope(const RunnerScope&) = delete;
  RunnerScope& operator=(const RunnerScope&) = delete;
  ~RunnerScope();

 private:
  const PipelineCore* before_;
};

class RunnerThread {
 public:
  RunnerThread(PipelineCore& core, const ThreadPlan& plan) : core_(&core), plan_(&plan) {}
  RunnerThread(const RunnerThread&) = delete;
  RunnerThread& operator=(const RunnerThread&) = delete;

  // The host's thread, before start.
  void add(SegmentRunner& runner) { runners_.push_back(&runner); }
  // The host's thread.
  Status start(std::shared_ptr<PipelineCore> core);
  /// True once it ended; false at the deadline.
  bool join_until(std::uint64_t deadline_ns) noexcept { return thread_.join_until(deadline_ns); }
  /// Leaves it to itself: its handler has not returned.
  void detach() noexcept { thread_.detach(); }
  [[nodiscard]] bool pin_denied() const noexcept { return thread_.pin_denied(); }

  // Any thread.
  [[nodiscard]] Parker& parker() noexcept { return parker_; }
  [[nodiscard]] const WaitCounters& waits() const noexcept { return waits_; }
  [[nodiscard]] const ThreadPlan& plan() const noexcept { return *plan_; }
  [[nodiscard]] bool ready() const noexcept {
    // relaxed: the fact alone; a producer takes over the prepared ring by the claim word.
    return ready_.load(std::memory_order_relaxed);
  }
  /// True if the loop was left although there was work: a handler ended its thread.
  [[nodiscard]] bool broken() const noexcept {
    // relaxed: the fact alone, for a message.
    return broken_.load(std::memory_order_relaxed);
  }

 private:
  void run();
  void loop();

  // Fixed after start.
  PipelineCore* core_;
  const ThreadPlan* plan_;
  std::vector<SegmentRunner*> runners_;
  Thread thread_;
  // Woken by producers, runners and stop.
  Parker parker_;
  // Written by the thread, read by the host's.
  WaitCounters waits_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> broken_{false};
};

/// Host mode: all runners of all partitions, and an eventfd that wakes the host's epoll.
class HostLoop final : public WakeListener {
 public:
  static Result<std::unique_ptr<HostLoop>> create();
  HostLoop(const HostLoop&) = delete;
  HostLoop& operator=(const HostLoop&) = delete;
  ~HostLoop() override;

  void add(SegmentRunner& runner) { runners_.push_back(&runner); }
  [[nodiscard]] Parker& parker() noexcept { return parker_; }
  [[nodiscard]] int event_fd() const noexcept { return event_fd_; }
  [[nodiscard]] bool arm() noexcept;
  void woken() noexcept override;

 private:
  explicit HostLoop(int event_fd) noexcept : event_fd_(event_fd) { parker_.listen(this); }

  // Fixed after start.
  int event_fd_;
  std::vector<SegmentRunner*> runners_;
  Parker parker_;
};

}  // namespace penstock
