// SPDX-License-Identifier: Apache-2.0
// penstock_micro: times every step by Google Benchmark, or runs one of them to be counted.
//   penstock_micro [--benchmark_filter=REGEX ...]     Google Benchmark's own arguments
//   penstock_micro --steps                            name, events of a turn, what it is
//   penstock_micro --kernel                           of simdjson, on this machine
//   penstock_micro --step NAME TURNS                  for callgrind: see perf/instructions.sh
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <penstock/pipeline/decode/decoder.hpp>

#include "step.hpp"

namespace {

using namespace penstock::bench;

std::vector<NamedStep> all_steps() {
  std::vector<NamedStep> steps;
  add_ring_steps(steps);
  add_typed_ring_steps(steps);
  add_wait_steps(steps);
  add_event_steps(steps);
  add_pipeline_steps(steps);
  return steps;
}

/// callgrind counts what happens inside of this function.
__attribute__((noipa)) void penstock_timed(Step& step) { step.timed(); }

void time_step(benchmark::State& state, const NamedStep& named) {
  const std::unique_ptr<Step> step = named.make();
  for (auto _ : state) {
    step->before();
    const auto begin = std::chrono::steady_clock::now();
    penstock_timed(*step);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    step->after();
    state.SetIterationTime(took.count());
  }
  using benchmark::Counter;
  state.counters["per_event"] =
      Counter(double(named.events), Counter::kIsIterationInvariantRate | Counter::kInvert);
  state.SetLabel(named.what);
}

int run_step(const std::vector<NamedStep>& steps, const char* name, std::uint64_t turns) {
  for (const NamedStep& named : steps) {
    if (named.name != name) continue;
    const std::unique_ptr<Step> step = named.make();
    for (std::uint64_t i = 0; i < turns; ++i) {
      step->before();
      penstock_timed(*step);
      step->after();
    }
    return 0;
  }
  std::fprintf(stderr, "penstock_micro: there is no step \"%s\": see --steps\n", name);
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<NamedStep> steps = all_steps();
  if (count == 2 && std::strcmp(arguments[1], "--steps") == 0) {
    for (const NamedStep& step : steps)
      std::printf("%s %zu %s %s\n", step.name.c_str(), step.events,
                  step.one_thread ? "one_thread" : "threads", step.what.c_str());
    return 0;
  }
  if (count == 2 && std::strcmp(arguments[1], "--kernel") == 0) {
    std::printf("%s\n", penstock::Decoder::kernel().c_str());
    return 0;
  }
  if (count == 4 && std::strcmp(arguments[1], "--step") == 0)
    return run_step(steps, arguments[2], std::strtoull(arguments[3], nullptr, 10));
  for (const NamedStep& step : steps)
    benchmark::RegisterBenchmark(step.name.c_str(),
                                 [&step](benchmark::State& state) { time_step(state, step); })
        ->UseManualTime()
        ->Unit(benchmark::kNanosecond);
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
