// SPDX-License-Identifier: Apache-2.0
// From a config to a better one, or to the word that it stands: knobs, samples by run_load(), the
// search, and the confirmation. What is asked for decides what a sample costs:
//   SLO and rate    the worst of the SLO's latencies at this rate, as a share of its limit
//   SLO alone       the same at the highest rate that the given config holds; it pays only if the
//                   winner then holds a higher one, surely, in searches with both in turns
//   neither         the time of an event when all that can be sent is sent
// 1. The given config is measured as any other, in the same run and in turns.
// 2. Nothing is said to pay that was not confirmed in runs that chose nothing.
// The calling thread does it all; run_load() says what it starts.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/io/load/load_run.hpp>
#include <penstock/io/load/report/comparison.hpp>
#include <penstock/io/load/slo.hpp>
#include <penstock/io/load/tune/knobs.hpp>
#include <penstock/io/load/tune/search.hpp>
#include <penstock/runtime/machine/facts.hpp>

namespace penstock {

struct TuneOptions {
  Slo slo;                     ///< without terms: throughput
  std::optional<double> rate;  ///< needs an SLO
  /// About; none: 60 s, and for an SLO alone, which takes seven searches for a rate, 180 s.
  std::optional<std::chrono::nanoseconds> budget;
  std::optional<std::chrono::nanoseconds> duration;  ///< of a run; none: from the budget
  std::uint64_t seed = 1;
  std::vector<std::string> keep;  ///< names of knobs that stay
  bool stages_work = true;        ///< KnobsInput::stages_work
  TuneSearchOptions search;       ///< but `until`, which comes from the budget
};

enum class TuneFinding : std::uint8_t {
  pays,     ///< the winner is better, surely and by the least gain
  stands,   ///< the given config does: nothing better was found, or it was not confirmed
  no_rate,  ///< the given config holds the SLO at no rate that can be told
  stopped,  ///< ended before it was confirmed: by a signal or an error
};
[[nodiscard]] std::string_view to_string(TuneFinding finding) noexcept;

/// What a config costs beside what it is tuned for.
struct TunePrice {
  double idle_cpus = 0;          ///< CPU seconds a second of its runner threads without events
  double cpu_s_per_million = 0;  ///< under the load; median of all runs
  std::uint64_t memory_bytes = 0;
};

struct TuneResult {
  TuneOptions asked;
  std::chrono::nanoseconds duration{0};  ///< of a run
  std::chrono::nanoseconds warmup{0};
  double rate = 0;     ///< at which it was measured: what was asked for, found, or more than can be
  std::string events;  ///< where they came from
  MachineFacts machine;
  std::vector<std::string> remarks;
  Knobs knobs;
  TuneSearch search;
  std::optional<TuneTrial> confirmation;
  std::size_t slo_met = 0;  ///< of the winner's runs in it those that kept up and met the SLO
  // Of an SLO alone: the highest rates that held in the searches of the confirmation.
  std::vector<double> rates_before;  ///< 0: none did
  std::vector<double> rates_after;
  std::optional<MeasureComparison> rates;  ///< if there was one in each search
  std::optional<TunePrice> price_before;
  std::optional<TunePrice> price_after;
  TuneFinding finding = TuneFinding::stopped;
  std::string why;  ///< a sentence
  std::chrono::nanoseconds took{0};

  [[nodiscard]] TunePoint given() const;
  /// The knobs at which the winner differs.
  [[nodiscard]] std::vector<std::size_t> changed() const;
};

struct TuneSetup {
  /// Its config is the given one, its progress and its stop those of each run.
  LoadSetup load;
  std::string_view text;  ///< of the config
  /// Told before each run what it is for, such as "1.0 M/s, park".
  std::function<void(const std::string&)> on_run;
  /// Runs a config under a load; tests give one of their own.
  std::function<Result<LoadRun>(const LoadSetup&, const LoadOptions&)> run = run_load;
};

/// Errors: those of the first run of the given config; usage, if the budget has room for too few
/// runs that are long enough for the SLO, or for too few searches. Waits: for about the budget.
[[nodiscard]] Result<TuneResult> tune_config(const TuneSetup& setup, const TuneOptions& options);

}  // namespace penstock
