// SPDX-License-Identifier: Apache-2.0
// StdAtomics on Linux: futex(2), private to the process.
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

#include <penstock/runtime/base/atomics.hpp>

namespace penstock {
namespace {

timespec to_timespec(std::uint64_t duration_ns) noexcept {
  constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
  return {.tv_sec = static_cast<time_t>(duration_ns / kNsPerSecond),
          .tv_nsec = static_cast<long>(duration_ns % kNsPerSecond)};
}

}  // namespace

void StdAtomics::yield() noexcept { sched_yield(); }

void StdAtomics::sleep_ns(std::uint64_t duration_ns) noexcept {
  const timespec duration = to_timespec(duration_ns);
  // Not the library's function: that is a cancellation point, and waits must not be unwound.
  syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &duration, nullptr);
}

bool StdAtomics::wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                      std::uint64_t timeout_ns) noexcept {
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  const timespec timeout = to_timespec(timeout_ns);
  const long answer = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected,
                              timeout_ns == 0 ? nullptr : &timeout, nullptr, 0);
  return !(answer == -1 && errno == ETIMEDOUT);
}

void StdAtomics::wake_all(const std::atomic<std::uint32_t>& word) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace penstock
