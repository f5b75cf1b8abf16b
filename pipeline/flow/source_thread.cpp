// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/flow/source_thread.hpp>

#include <poll.h>

#include <cerrno>
#include <utility>

#include <penstock/pipeline/flow/guarded.hpp>
#include <penstock/pipeline/flow/producer.hpp>

namespace penstock {
namespace {

constexpr std::size_t kEventsPerPoll = 256;  // how often a source looks whether it should end

/// Says since when the source has been called, while it lives.
class Busy {
 public:
  Busy(const PipelineCore& core, std::atomic<std::uint64_t>& since_ns) noexcept
      : since_ns_(&since_ns) {
    // relaxed: statistic.
    since_ns_->store(core.clock.now_ns(), std::memory_order_relaxed);
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    // relaxed: statistic.
    since_ns_->store(0, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t>* since_ns_;  ///< is busy_since_ns_
};

/// Waits until there is input or the pipeline stops.
void wait_for_input(int input_fd, int stop_fd) {
  pollfd fds[] = {{.fd = input_fd, .events = POLLIN, .revents = 0},
                  {.fd = stop_fd, .events = POLLIN, .revents = 0}};
  // No time limit: both descriptors are ours to be woken by. EINTR only looks again.
  ::poll(fds, 2, -1);
}

}  // namespace

Status SourceThread::start(std::shared_ptr<PipelineCore> core, int stop_fd) {
  Result<Thread> thread = Thread::start(
      {.name = plan_->name, .cpu = plan_->cpu}, [this, core = std::move(core), stop_fd]() mutable {
        struct Ended {  // also when a source calls pthread_exit
          PipelineCore& core;
          ~Ended() { core.source_ended(); }
        };
        {
          const Ended ended{*core};
          run(stop_fd);
        }
        core.reset();  // may end the pipeline, and this object with it
      });
  if (!thread) return tl::unexpected(std::move(thread).error());
  thread_ = std::move(*thread);
  return {};
}

void SourceThread::run(int stop_fd) {
  SourcePort port(*core_, *state_);
  while (!core_->stopping()) {
    Result<SourceState> state = guarded(source_->name(), [&] {
      const Busy busy(*core_, busy_since_ns_);
      return source_->poll(port, kEventsPerPoll);
    });
    if (!state) return core_->fail(std::move(state).error());
    if (*state == SourceState::end) break;
    if (*state == SourceState::idle) wait_for_input(source_->wait_fd(), stop_fd);
  }
  if (!core_->stopping()) return;
  const Busy busy(*core_, busy_since_ns_);
  Status finished = guarded(source_->name(), [&] { return source_->finish(port); });
  if (!finished) core_->fail(std::move(finished).error());
}

}  // namespace penstock
