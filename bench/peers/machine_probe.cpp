// SPDX-License-Identifier: Apache-2.0
#include "machine_probe.hpp"

#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace penstock::bench {
namespace {

constexpr unsigned kStretches = 9;
constexpr std::uint32_t kTurns = 2'000;  // of one stretch: about 0.2 ms

double stretch_ns(std::atomic<std::uint32_t>& ours, std::atomic<std::uint32_t>& theirs,
                  std::uint32_t& turn) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < kTurns; ++i) {
    ++turn;
    // release, acquire: the turn itself is all that is handed over.
    ours.store(turn, std::memory_order_release);
    // acquire: as above.
    while (theirs.load(std::memory_order_acquire) != turn) {
    }
  }
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - begin;
  return elapsed.count() / kTurns;
}

}  // namespace

bool pin_to(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

double round_trip_ns(unsigned cpu_a, unsigned cpu_b) {
  struct alignas(128) Line {
    std::atomic<std::uint32_t> turn{0};
  };
  Line ping;
  Line pong;
  std::thread partner([&] {
    pin_to(cpu_b);
    for (std::uint32_t turn = 1; turn <= kStretches * kTurns; ++turn) {
      // acquire, release: the turn itself is all that is handed over.
      while (ping.turn.load(std::memory_order_acquire) != turn) {
      }
      // release: as above.
      pong.turn.store(turn, std::memory_order_release);
    }
  });
  std::vector<double> stretches;
  std::thread self([&] {
    pin_to(cpu_a);
    std::uint32_t turn = 0;
    for (unsigned i = 0; i < kStretches; ++i)
      stretches.push_back(stretch_ns(ping.turn, pong.turn, turn));
  });
  self.join();
  partner.join();
  return median(std::move(stretches));
}

}  // namespace penstock::bench
