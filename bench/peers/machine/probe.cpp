// SPDX-License-Identifier: Apache-2.0
#include "probe.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

namespace penstock::bench {
namespace {

constexpr unsigned kStretches = 9;
constexpr double kReferenceTolerance = 0.08;

/// Of one stretch: about 0.2 ms of round trips on near cores.
std::uint32_t turns_of(ProbeLength length) { return length == ProbeLength::whole ? 2'000 : 50; }
/// Of one stretch: about 0.2 ms of work.
unsigned passes_of(ProbeLength length) { return length == ProbeLength::whole ? 24 : 1; }

double stretch_ns(std::atomic<std::uint32_t>& ours, std::atomic<std::uint32_t>& theirs,
                  std::uint32_t& turn, std::uint32_t turns) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < turns; ++i) {
    ++turn;
    // release, acquire: the turn itself is all that is handed over.
    ours.store(turn, std::memory_order_release);
    // acquire: as above.
    while (theirs.load(std::memory_order_acquire) != turn) {
    }
  }
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - begin;
  return elapsed.count() / turns;
}

/// Four chains of multiplications over 128 KiB, so that the execution units of the core and its
/// second cache are asked, which is what a neighbour on the same core takes away.
std::uint64_t work(const std::vector<std::uint64_t>& words, unsigned passes) {
  std::array<std::uint64_t, 4> chains = {1, 2, 3, 4};
  for (unsigned pass = 0; pass < passes; ++pass)
    for (std::size_t i = 0; i + 3 < words.size(); i += 4)
      for (std::size_t c = 0; c < 4; ++c)
        chains[c] = (chains[c] ^ words[i + c]) * 0x9E3779B97F4A7C15;
  return chains[0] ^ chains[1] ^ chains[2] ^ chains[3];
}

/// Of one core.
double reference_ns(unsigned cpu, ProbeLength length) {
  std::vector<double> stretches;
  std::thread thread([&] {
    pin_or_give_up(cpu);
    const std::vector<std::uint64_t> words(16 * 1024, 1);
    // relaxed: only keeps the work from being left out.
    std::atomic<std::uint64_t> result{work(words, 1)};
    for (unsigned i = 0; i < kStretches; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      // relaxed: as above.
      result.store(work(words, passes_of(length)), std::memory_order_relaxed);
      stretches.push_back(
          std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin)
              .count());
    }
  });
  thread.join();
  return median(std::move(stretches));
}

}  // namespace

bool pin_to(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

void pin_or_give_up(unsigned cpu) {
  if (!pin_to(cpu))
    give_up("CPU " + std::to_string(cpu) +
            " is not given to this process: choose others with --cpus");
}

double WaitedForCpu::total_ns() {
  double ran_ns = 0;
  double waited_ns = 0;
  std::ifstream("/proc/thread-self/schedstat") >> ran_ns >> waited_ns;
  return waited_ns;
}

Distance distance_of(double round_trip_ns, const DistanceBounds& bounds) {
  return round_trip_ns < bounds.near_from_ns  ? Distance::one_core
         : round_trip_ns < bounds.far_from_ns ? Distance::near
                                              : Distance::far;
}

std::string_view to_string(Distance distance) {
  switch (distance) {
    case Distance::one_core: return "one_core";
    case Distance::near: return "near";
    case Distance::far: return "far";
  }
  return "unknown";
}

bool same_round_trip(double a_ns, double b_ns) {
  return std::max(a_ns, b_ns) < 1.5 * std::min(a_ns, b_ns);
}

bool same_distance(double before_ns, double after_ns, const DistanceBounds& bounds) {
  return distance_of(before_ns, bounds) == distance_of(after_ns, bounds) &&
         same_round_trip(before_ns, after_ns);
}

bool same_speed(const References& before, const References& after) {
  const auto same = [](double a_ns, double b_ns) {
    return std::max(a_ns, b_ns) <= std::min(a_ns, b_ns) * (1 + kReferenceTolerance);
  };
  return same(before.consumer_ns, after.consumer_ns) && same(before.source_ns, after.source_ns);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double round_trip_ns(unsigned cpu_a, unsigned cpu_b, ProbeLength length) {
  struct alignas(128) Line {
    std::atomic<std::uint32_t> turn{0};
  };
  Line ping;
  Line pong;
  const std::uint32_t turns = turns_of(length);
  std::thread partner([&] {
    pin_or_give_up(cpu_b);
    for (std::uint32_t turn = 1; turn <= kStretches * turns; ++turn) {
      // acquire: the turn itself is all that is handed over.
      while (ping.turn.load(std::memory_order_acquire) != turn) {
      }
      // release: as above.
      pong.turn.store(turn, std::memory_order_release);
    }
  });
  std::vector<double> stretches;
  std::thread self([&] {
    pin_or_give_up(cpu_a);
    std::uint32_t turn = 0;
    for (unsigned i = 0; i < kStretches; ++i)
      stretches.push_back(stretch_ns(ping.turn, pong.turn, turn, turns));
  });
  self.join();
  partner.join();
  return median(std::move(stretches));
}

References references(const Cores& cores, ProbeLength length) {
  // One after the other: where the CPUs are the threads of one core, they would slow each other.
  References both;
  both.consumer_ns = reference_ns(cores.consumer, length);
  both.source_ns = reference_ns(cores.source, length);
  return both;
}

}  // namespace penstock::bench
