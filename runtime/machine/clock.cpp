// SPDX-License-Identifier: Apache-2.0
#include <penstock/runtime/machine/clock.hpp>

#include <cstddef>
#include <ctime>
#include <new>

namespace penstock {

std::uint64_t SteadyClock::now_ns() const noexcept {
  constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond +
         static_cast<std::uint64_t>(now.tv_nsec);
}

const Clock& steady_clock() noexcept {
  // Never destroyed: a thread that a stop left behind may still read it while the process ends.
  alignas(SteadyClock) static std::byte memory[sizeof(SteadyClock)];
  static const SteadyClock& clock = *new (memory) SteadyClock;
  return clock;
}

}  // namespace penstock
