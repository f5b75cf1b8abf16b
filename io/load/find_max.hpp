// SPDX-License-Identifier: Apache-2.0
// Looks for the highest rate at which a pipeline keeps up and meets an SLO.
//   climb     twice the rate until it fails (or half until it holds); a rate that fails is tried
//             once more, since a neighbour's noise fails a run and never passes one
//   refine    halve the ratio between what held and what failed until both are near
//   be sure   what was found must hold in two of three further runs, otherwise a step down
// It knows nothing of pipelines: what a run at a rate gives comes from a function.
// One thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <penstock/io/load/load_result.hpp>
#include <penstock/io/load/slo.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

struct SearchOptions {
  static constexpr double kPrecision = 1.05;
  double first_rate = 10'000;
  double rate_min = 1;  ///< below that a run has too few events to tell
  double rate_max = 100e6;
  double precision =
      kPrecision;  ///< ratio of what failed to what held at which both are near enough
};

/// A run at one rate.
struct Trial {
  enum class Step : std::uint8_t { climb, refine, confirm };
  Step step = Step::climb;
  double rate_asked = 0;
  std::string failed_by;  ///< why it does not count as held; empty: it does
  LoadRun run;
  std::vector<SloValue> slo;  ///< what it had at each term
};
[[nodiscard]] std::string_view to_string(Trial::Step step) noexcept;

struct Search {
  std::string slo;
  std::vector<Trial> trials;  ///< in order
  double rate = 0;            ///< the highest that held; 0: none did
  double next_failed = 0;     ///< the lowest above it that was tried and did not; 0: none
  bool interrupted = false;   ///< it ended before it had found a rate, or that there is none
  /// What each of repeated searches found, in order, this one included. Empty: there was one.
  std::vector<double> rates;
};

/// Of repeated searches the one whose rate is the median, of an even number the lower one, with the
/// rates of all. Requires: at least one.
[[nodiscard]] Search median_of(std::vector<Search> searches);

/// All runs of a search at one rate.
struct Rung {
  struct Value {
    std::string name;  ///< of a term of the SLO
    std::uint64_t limit_ns = 0;
    std::uint64_t least_ns = 0;
    std::uint64_t most_ns = 0;
  };
  double rate = 0;
  std::size_t runs = 0;
  std::size_t held = 0;
  std::string failed_by;  ///< of the last one that failed; empty: none did
  std::vector<Value> slo;
};
[[nodiscard]] Rung rung_at(const Search& search, double rate);

/// Runs at a rate and says why it does not hold, if it does not.
using RunTrial = std::function<Result<Trial>(double rate, Trial::Step step)>;

/// Requires: rate_min <= first_rate <= rate_max. Errors: those of a trial.
[[nodiscard]] Result<Search> find_max(const SearchOptions& options, const RunTrial& run_trial);

/// Why a run does not hold: it did not keep up, or broke the SLO; empty if it does.
[[nodiscard]] std::string failed_by(const LoadRun& run, const Slo& slo);

}  // namespace penstock
