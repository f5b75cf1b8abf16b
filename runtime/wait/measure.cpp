// SPDX-License-Identifier: Apache-2.0
// Measures what a park costs, which bounds how long it is worth spinning instead.
#include <algorithm>
#include <array>
#include <thread>

#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/wait/ladder.hpp>

namespace penstock {
namespace {

constexpr std::size_t kRounds = 33;
constexpr std::uint64_t kRoundTimeoutNs = 50'000'000;  // a machine this busy should not spin at all

/// Two threads hand a turn to and fro; half a round trip is one park with its wake-up.
std::uint64_t measure() {
  const Clock& clock = steady_clock();
  Parker here;
  Parker there;
  std::thread partner([&] {
    for (std::size_t i = 0; i < kRounds; ++i) {
      const auto turn = static_cast<std::uint32_t>(i);
      while (there.epoch() == turn) there.wait(turn, kRoundTimeoutNs);
      here.wake();
    }
  });
  std::array<std::uint64_t, kRounds> costs_ns{};
  for (std::size_t i = 0; i < kRounds; ++i) {
    const auto turn = static_cast<std::uint32_t>(i);
    const std::uint64_t begin_ns = clock.now_ns();
    there.wake();
    while (here.epoch() == turn) here.wait(turn, kRoundTimeoutNs);
    costs_ns[i] = (clock.now_ns() - begin_ns) / 2;
  }
  partner.join();
  std::nth_element(costs_ns.begin(), costs_ns.begin() + kRounds / 2, costs_ns.end());
  return costs_ns[kRounds / 2];
}

}  // namespace

std::uint64_t measured_park_ns() {
  static const std::uint64_t park_ns = measure();
  return park_ns;
}

}  // namespace penstock
