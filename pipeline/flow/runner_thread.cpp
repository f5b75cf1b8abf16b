// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/flow/runner_thread.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <penstock/runtime/machine/clock.hpp>

namespace penstock {
namespace {

constexpr unsigned kRoundsPerWatch = 4096;  // idle rounds between two looks for a hanging claim

thread_local const PipelineCore* running_core = nullptr;

}  // namespace

RunnerScope::RunnerScope(const PipelineCore& core) noexcept
    : before_(std::exchange(running_core, &core)) {}
RunnerScope::~RunnerScope() { running_core = before_; }

bool PipelineCore::on_runner_thread() const noexcept { return running_core == this; }

// ---- RunnerThread

Status RunnerThread::start(std::shared_ptr<PipelineCore> core) {
  Result<Thread> thread = Thread::start(
      {.name = plan_->name, .cpu = plan_->cpu}, [this, core = std::move(core)]() mutable {
        run();
        core.reset();  // may end the pipeline, and this object with it
      });
  if (!thread) return tl::unexpected(std::move(thread).error());
  thread_ = std::move(*thread);
  return {};
}

void RunnerThread::run() {
  for (SegmentRunner* const runner : runners_) runner->prepare();
  // relaxed: the fact alone; a producer takes over the prepared ring by the claim word.
  ready_.store(true, std::memory_order_relaxed);
  const RunnerScope scope(*core_);
  struct Unwinding {  // a handler called pthread_exit: nothing may be caught, but it may be told
    std::atomic<bool>& broken;  ///< is broken_
    bool armed = true;
    ~Unwinding() {
      // relaxed: the fact alone, for a message.
      if (armed) broken.store(true, std::memory_order_relaxed);
    }
  } unwinding{broken_};
  loop();
  unwinding.armed = false;
}

void RunnerThread::loop() {
  const Plan& plan = core_->layout.plan;
  Ladder ladder({.kind = plan.wait, .spin_ns = plan.spin_ns}, parker_, steady_clock(), waits_);
  const std::size_t budget = core_->layout.options.batch.events;
  unsigned idle_rounds = 0;
  while (!core_->abandoned()) {
    std::size_t done = 0;
    for (SegmentRunner* const runner : runners_) done += runner->poll(budget);
    if (done != 0) {
      ladder.worked();
      continue;
    }
    if (core_->closing()) {
      bool drained = true;
      for (const SegmentRunner* const runner : runners_) drained = drained && runner->drained();
      if (drained) return;
    }
    if (++idle_rounds % kRoundsPerWatch == 0)
      for (SegmentRunner* const runner : runners_) runner->watch_claims();
    ladder.idle([this] { return arm_all(runners_); });
  }
}

// ---- HostLoop

Result<std::unique_ptr<HostLoop>> HostLoop::create() {
  const int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) return system_error(ErrorCode::unavailable, "eventfd", errno);
  return std::unique_ptr<HostLoop>(new HostLoop(event_fd));
}

HostLoop::~HostLoop() { close(event_fd_); }

void HostLoop::woken() noexcept {
  const CancellationOff off;  // called between a claim and its end, on any producer's thread
  const std::uint64_t one = 1;
  // Full means that it is readable already; nothing else can fail.
  [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof one);
}

bool HostLoop::arm() noexcept {
  // Reset first: a wake-up between this and the registration stays in the descriptor.
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(event_fd_, &count, sizeof count);
  const ParkAnswer answer = arm_all(runners_);
  return answer == ParkAnswer::armed || answer == ParkAnswer::drained;
}

}  // namespace penstock
