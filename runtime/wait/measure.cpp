// SPDX-License-Identifier: Apache-2.0
// Measures what a park costs, which bounds how long it is worth spinning instead.
#include <algorithm>
#include <array>
#include <optional>

#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/machine/thread.hpp>
#include <penstock/runtime/wait/ladder.hpp>

namespace penstock {
namespace {

constexpr std::size_t kRounds = 33;
constexpr std::uint64_t kRoundTimeoutNs = 50'000'000;
constexpr std::uint64_t kParkNsMax = 100'000;  // on a machine this busy nobody should spin

/// Two threads hand a turn to and fro; half a round trip is one park with its wake-up.
std::uint64_t measure() {
  const Clock& clock = steady_clock();
  Parker here;
  Parker there;
  std::optional<Result<Thread>> partner = Thread::start({.name = "penstock/park"}, [&] {
    for (std::size_t i = 0; i < kRounds; ++i) {
      const auto turn = static_cast<std::uint32_t>(i);
      while (there.epoch() == turn) there.wait(turn, kRoundTimeoutNs);
      here.wake();
    }
  });
  if (!*partner) return 0;
  std::array<std::uint64_t, kRounds> costs_ns{};
  for (std::size_t i = 0; i < kRounds; ++i) {
    const auto turn = static_cast<std::uint32_t>(i);
    const std::uint64_t begin_ns = clock.now_ns();
    there.wake();
    while (here.epoch() == turn) here.wait(turn, kRoundTimeoutNs);
    costs_ns[i] = (clock.now_ns() - begin_ns) / 2;
  }
  partner.reset();  // joins
  std::nth_element(costs_ns.begin(), costs_ns.begin() + kRounds / 2, costs_ns.end());
  const std::uint64_t median_ns = costs_ns[kRounds / 2];
  return median_ns > kParkNsMax ? 0 : median_ns;
}

}  // namespace

std::uint64_t measured_park_ns() {
  static const std::uint64_t park_ns = measure();
  return park_ns;
}

}  // namespace penstock
