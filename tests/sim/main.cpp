// SPDX-License-Identifier: Apache-2.0
// penstock_sim: whole pipelines by seed.
//   penstock_sim --first 1 --seeds 20000     what the test suite runs
//   penstock_sim --first 1 --seconds 600     so long
//   penstock_sim --seed 123                  one, with its trace
// Exit: 0 nothing was found, 1 a defect, or a fault that hardly ever happened; 2 usage.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <CLI/CLI.hpp>

#include "simulation.hpp"

namespace penstock::test {
namespace {

/// A crash, or the end of somebody's patience with a hang, names the seed.
void tell_seed(int signal) {
  char text[64] = "penstock_sim: ended by a signal in --seed ";
  std::size_t length = std::strlen(text);
  char digits[24];
  std::size_t count = 0;
  std::uint64_t seed = seed_under_way.load(std::memory_order_relaxed);
  do digits[count++] = static_cast<char>('0' + seed % 10);
  while ((seed /= 10) != 0);
  while (count != 0) text[length++] = digits[--count];
  text[length++] = '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, length);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

int run_one(std::uint64_t seed) {
  const SeedResult result = simulate(seed, true);
  std::printf("world: %s\n", result.world.c_str());
  for (const std::string& line : result.trace) std::printf("  %s\n", line.c_str());
  std::printf("trace %016llx, %llu steps: %s\n", static_cast<unsigned long long>(result.trace_hash),
              static_cast<unsigned long long>(result.steps),
              result.failure.empty() ? "ok" : result.failure.c_str());
  return result.failure.empty() ? 0 : 1;
}

int run_many(std::uint64_t first, std::uint64_t seeds, double seconds) {
  constexpr std::uint64_t kSeedsForCoverage = 20'000;
  constexpr std::uint64_t kSeedsPerKind = 200;
  const auto begin = std::chrono::steady_clock::now();
  const SeedsResult result = simulate_seeds(first, seeds, seconds);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  if (!result.failure.empty()) {
    std::printf("%s%llu seeds: FAILED; penstock_sim --seed N shows what one does\n",
                result.failure.c_str(), static_cast<unsigned long long>(result.seeds));
    return 1;
  }
  bool rare = false;
  for (unsigned what = 0; what < Coverage::kCount; ++what) {
    const std::uint64_t count = result.coverage.count[what];
    std::printf("%12llu  %s\n", static_cast<unsigned long long>(count), Coverage::name_of(what));
    rare = rare || count < result.seeds / kSeedsPerKind;
  }
  std::printf("%llu seeds, %llu steps in %.1f s: ok\n",
              static_cast<unsigned long long>(result.seeds),
              static_cast<unsigned long long>(result.steps), elapsed.count());
  if (rare && result.seeds >= kSeedsForCoverage) {
    std::printf("FAILED: something in the list above happened less than once in %llu seeds\n",
                static_cast<unsigned long long>(kSeedsPerKind));
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace penstock::test

int main(int count, char** arguments) {
  std::uint64_t first = 1;
  std::uint64_t seeds = 20'000;
  std::uint64_t seed = 0;
  double seconds = 0;
  CLI::App app{"Simulates whole pipelines by seed"};
  app.add_option("--first", first, "the first seed");
  app.add_option("--seeds", seeds, "how many");
  app.add_option("--seconds", seconds, "so long, instead of a number");
  const CLI::Option* const one = app.add_option("--seed", seed, "one seed, with its trace");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  for (const int signal : {SIGSEGV, SIGABRT, SIGTERM})
    std::signal(signal, penstock::test::tell_seed);
  if (one->count() != 0) return penstock::test::run_one(seed);
  if (seconds > 0) seeds = UINT64_MAX - first;
  return penstock::test::run_many(first, seeds, seconds > 0 ? seconds : 1e9);
}
