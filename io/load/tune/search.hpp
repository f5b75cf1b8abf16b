// SPDX-License-Identifier: Apache-2.0
// Looks for a better config, one knob at a time: coordinate descent from the config that was given.
//   try       a neighbour of the incumbent and the incumbent in turns (AB, BA, AB, ...)
//   race      a candidate that is clearly worse after one pair, or that would need luck to gain
//             enough after some, is dropped; nothing is accepted before all pairs are there
//   accept    it is better by the least gain, and surely so: it is the incumbent
//   prune     of several changes, each must gain again when it is taken out of all the others
//   confirm   the winner against the given config, in pairs that chose nothing
// Accepting is decided once for a candidate, so that looking early makes no false one likelier.
// Source of the race: Maron and Moore, "Hoeffding races" (NIPS 1993), with Student's t.
// It knows nothing of pipelines: what a config costs comes from a function, and so does the time.
// One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/io/load/tune/paired.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

/// As the search sees it: some choices, of which the given config has one.
struct KnobShape {
  std::size_t choices = 1;
  std::size_t given = 0;
  bool ordered = false;  ///< from less to more: where one step does not gain, the next is not tried
};

/// A config: the choice of each knob.
using TunePoint = std::vector<std::size_t>;

struct TuneSearchOptions {
  double gain_min = 0.05;    ///< less nobody would change a config for
  double confidence = 0.99;  ///< of the interval that must leave out "no better"
  std::size_t pairs = 6;     ///< that a candidate needs to be accepted; two at least
  /// On the clock: no pair begins that would end later.
  std::chrono::nanoseconds until = std::chrono::nanoseconds::max();
};

/// How the trial of a candidate ended.
enum class TrialEnd : std::uint8_t {
  better,
  dropped,    ///< by the race: it would have needed luck to gain enough
  no_gain,    ///< not the least gain, or not surely
  not_held,   ///< it left events behind or fell behind: what it cost then says nothing
  could_not,  ///< there is no such pipeline here
  no_time,    ///< the budget ended before it was decided
};
[[nodiscard]] std::string_view to_string(TrialEnd end) noexcept;

/// One candidate against one incumbent.
struct TuneTrial {
  std::size_t knob = 0;
  std::size_t from = 0;  ///< choices of the knob: the incumbent's
  std::size_t to = 0;    ///< and the candidate's
  bool prunes = false;   ///< the incumbent is the winner less this change; "better" keeps it
  PairedCosts costs;
  TrialEnd end = TrialEnd::no_time;
};

struct TuneSearch {
  TunePoint winner;
  std::vector<TuneTrial> trials;  ///< in order
  bool out_of_time = false;       ///< something was left untried
  std::optional<Error> ended_by;  ///< a sample failed: the winner is the best until then
};

/// What a config costs. Errors end the search.
using TuneMeasure = std::function<Result<TuneSample>(const TunePoint&)>;
/// Time since some begin.
using TuneClock = std::function<std::chrono::nanoseconds()>;

[[nodiscard]] TuneSearch search_better(const std::vector<KnobShape>& knobs,
                                       const TuneSearchOptions& options, const TuneMeasure& measure,
                                       const TuneClock& clock);

/// `after` against `before` in `options.pairs` pairs, without a race. The trial's knob means
/// nothing. Errors: those of a sample.
[[nodiscard]] Result<TuneTrial> confirm_better(const TunePoint& before, const TunePoint& after,
                                               const TuneSearchOptions& options,
                                               const TuneMeasure& measure, const TuneClock& clock);

}  // namespace penstock
