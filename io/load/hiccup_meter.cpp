// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/hiccup_meter.hpp>

#include <cerrno>
#include <ctime>

#include <sys/prctl.h>

#include <penstock/runtime/machine/clock.hpp>

namespace penstock {
namespace {

/// Until this time of the monotonic clock, whatever interrupts it.
void sleep_until(std::uint64_t at_ns) noexcept {
  constexpr std::uint64_t kSecondNs = 1'000'000'000;
  const timespec at{static_cast<time_t>(at_ns / kSecondNs), static_cast<long>(at_ns % kSecondNs)};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
  }
}

}  // namespace

Result<std::unique_ptr<HiccupMeter>> HiccupMeter::start(std::optional<unsigned> cpu) {
  std::unique_ptr<HiccupMeter> meter(new HiccupMeter);
  Result<Thread> thread =
      Thread::start({.name = kThreadName, .cpu = cpu}, [meter = meter.get()] { meter->run(); });
  if (!thread) return tl::unexpected(std::move(thread).error());
  meter->thread_ = std::move(*thread);
  if (!meter->thread_.pin_denied()) meter->cpu_ = cpu;
  return meter;
}

HiccupMeter::~HiccupMeter() {
  // relaxed: the decision alone; the thread is joined behind it.
  ended_.store(true, std::memory_order_relaxed);
  thread_ = Thread();
}

void HiccupMeter::run() {
  // A timer may not be late because the kernel likes to collect them; that is no hiccup.
  ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  std::uint64_t due_ns = steady_clock().now_ns();
  // relaxed: the decision alone.
  while (!ended_.load(std::memory_order_relaxed)) {
    due_ns += kIntervalNs;
    sleep_until(due_ns);
    const std::uint64_t now_ns = steady_clock().now_ns();
    const std::uint64_t late_ns = now_ns > due_ns ? now_ns - due_ns : 0;
    record_hiccup(late_ns_, late_ns, kIntervalNs);
    if (late_ns >= kIntervalNs) due_ns = now_ns;
  }
}

void record_hiccup(Histogram& into, std::uint64_t late_ns, std::uint64_t interval_ns) noexcept {
  into.record(late_ns);
  while (late_ns > interval_ns) into.record(late_ns -= interval_ns);
}

}  // namespace penstock
