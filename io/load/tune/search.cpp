// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/tune/search.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

namespace penstock {
namespace {

using std::chrono::nanoseconds;

/// After one pair: what is so much worse will not be better in the end. Wide, since the highest
/// percentiles of short runs differ that much by chance.
constexpr double kHopeless = 1.25;
/// From two pairs on: a candidate whose least gain lies outside of this interval is dropped. Each
/// look is wrong in a tenth of the cases, which costs a gain and never makes one up.
constexpr double kRaceConfidence = 0.8;
constexpr std::array<std::string_view, 6> kEnds{"better",       "dropped",       "no gain",
                                                "did not hold", "could not run", "no time"};

class Searcher {
 public:
  Searcher(const std::vector<KnobShape>& knobs, const TuneSearchOptions& options,
           const TuneMeasure& measure, const TuneClock& clock)
      : knobs_(knobs), options_(options), measure_(measure), clock_(clock), began_(clock()) {
    for (const KnobShape& knob : knobs) found_.winner.push_back(knob.given);
  }

  TuneSearch search() {
    while (descend_all()) {
    }
    pruning_ = true;
    prune();
    return std::move(found_);
  }
  /// All pairs, unless it does not hold.
  Result<TuneTrial> compare(const TunePoint& before, const TunePoint& after, bool races);

 private:
  bool descend_all();
  bool descend(std::size_t knob);
  bool try_choice(std::size_t knob, std::size_t to);
  void prune();
  Result<std::pair<TuneSample, TuneSample>> pair(const TunePoint& before, const TunePoint& after,
                                                 bool before_first);
  [[nodiscard]] TrialEnd judge(const PairedCosts& costs) const;
  [[nodiscard]] bool loses_race(const PairedCosts& costs) const;
  [[nodiscard]] bool has_time_for_pair() const;
  [[nodiscard]] std::size_t changes() const;
  [[nodiscard]] bool goes_on() const {
    return !found_.ended_by && (pruning_ || !found_.out_of_time);
  }
  [[nodiscard]] double log_gain_min() const { return std::log1p(options_.gain_min); }

  const std::vector<KnobShape>& knobs_;
  const TuneSearchOptions& options_;
  const TuneMeasure& measure_;
  const TuneClock& clock_;
  nanoseconds began_;
  std::size_t samples_ = 0;
  bool pruning_ = false;
  std::set<std::pair<TunePoint, TunePoint>> tried_;     ///< incumbent and candidate
  std::set<std::pair<TunePoint, TunePoint>> accepted_;  ///< those of them that were better
  TuneSearch found_;
};

std::size_t Searcher::changes() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < knobs_.size(); ++i)
    count += found_.winner[i] == knobs_[i].given ? 0 : 1;
  return count;
}

/// And for pruning afterwards what was found so far.
bool Searcher::has_time_for_pair() const {
  if (options_.until == nanoseconds::max()) return true;
  const nanoseconds now = clock_();
  if (samples_ == 0) return now < options_.until;
  const nanoseconds sample = (now - began_) / static_cast<std::int64_t>(samples_);
  const std::size_t pairs = 1 + (pruning_ ? 0 : changes() * options_.pairs);
  return now + 2 * static_cast<std::int64_t>(pairs) * sample <= options_.until;
}

Result<std::pair<TuneSample, TuneSample>> Searcher::pair(const TunePoint& before,
                                                         const TunePoint& after,
                                                         bool before_first) {
  Result<TuneSample> first = measure_(before_first ? before : after);
  if (!first) return tl::unexpected(std::move(first).error());
  if (!first->could_run) return std::pair(*first, *first);
  Result<TuneSample> second = measure_(before_first ? after : before);
  if (!second) return tl::unexpected(std::move(second).error());
  samples_ += 2;
  return before_first ? std::pair(*first, *second) : std::pair(*second, *first);
}

/// True if it need not be measured further: it will hardly be better.
bool Searcher::loses_race(const PairedCosts& costs) const {
  if (costs.pairs() == 1) return costs.ratio() > kHopeless;
  return std::log(costs.bounds(kRaceConfidence).low) > -log_gain_min();
}

TrialEnd Searcher::judge(const PairedCosts& costs) const {
  const RatioBounds bounds = costs.bounds(options_.confidence);
  const bool enough = std::log(costs.ratio()) <= -log_gain_min();
  return enough && bounds.high < 1 ? TrialEnd::better : TrialEnd::no_gain;
}

Result<TuneTrial> Searcher::compare(const TunePoint& before, const TunePoint& after, bool races) {
  TuneTrial trial;
  while (trial.costs.pairs() < options_.pairs) {
    if (!has_time_for_pair()) return trial;
    const auto both = pair(before, after, trial.costs.pairs() % 2 == 0);
    if (!both) return tl::unexpected(both.error());
    const auto& [of_before, of_after] = *both;
    trial.end = TrialEnd::could_not;
    if (!of_before.could_run || !of_after.could_run) return trial;
    trial.costs.add(of_before.cost, of_after.cost);
    trial.end = TrialEnd::not_held;
    if (!of_after.held) return trial;
    trial.end = TrialEnd::dropped;
    if (races && trial.costs.pairs() < options_.pairs && loses_race(trial.costs)) return trial;
    trial.end = TrialEnd::no_time;
  }
  trial.end = judge(trial.costs);
  return trial;
}

/// True if the candidate is the incumbent from here on.
bool Searcher::try_choice(std::size_t knob, std::size_t to) {
  TunePoint candidate = found_.winner;
  candidate[knob] = to;
  if (!tried_.emplace(found_.winner, candidate).second) return false;
  Result<TuneTrial> trial = compare(found_.winner, candidate, true);
  if (!trial) {
    found_.ended_by = std::move(trial).error();
    return false;
  }
  trial->knob = knob;
  trial->from = found_.winner[knob];
  trial->to = to;
  if (trial->end == TrialEnd::no_time) found_.out_of_time = true;
  found_.trials.push_back(*trial);
  if (trial->end != TrialEnd::better) return false;
  accepted_.emplace(found_.winner, candidate);
  found_.winner = std::move(candidate);
  return true;
}

/// True if the incumbent changed.
bool Searcher::descend(std::size_t knob) {
  bool changed = false;
  if (!knobs_[knob].ordered) {
    for (std::size_t to = 0; to < knobs_[knob].choices && goes_on(); ++to)
      if (to != found_.winner[knob] && try_choice(knob, to)) changed = true;
    return changed;
  }
  const auto at = [&] { return found_.winner[knob]; };
  while (goes_on() && at() + 1 < knobs_[knob].choices && try_choice(knob, at() + 1)) changed = true;
  if (changed) return true;
  while (goes_on() && at() > 0 && try_choice(knob, at() - 1)) changed = true;
  return changed;
}

bool Searcher::descend_all() {
  bool changed = false;
  for (std::size_t knob = 0; knob < knobs_.size() && goes_on(); ++knob)
    changed = descend(knob) || changed;
  return changed;
}

/// What gained when it was found may gain nothing beside what was found later.
void Searcher::prune() {
  for (std::size_t knob = 0; knob < knobs_.size() && changes() > 1 && goes_on(); ++knob) {
    TunePoint without = found_.winner;
    without[knob] = knobs_[knob].given;
    if (without == found_.winner || accepted_.contains({without, found_.winner})) continue;
    Result<TuneTrial> trial = compare(without, found_.winner, true);
    if (!trial) {
      found_.ended_by = std::move(trial).error();
      return;
    }
    trial->knob = knob;
    trial->from = knobs_[knob].given;
    trial->to = found_.winner[knob];
    trial->prunes = true;
    found_.trials.push_back(*trial);
    // What could not be decided stays: it was proven once.
    if (trial->end == TrialEnd::no_time)
      found_.out_of_time = true;
    else if (trial->end != TrialEnd::better && trial->end != TrialEnd::could_not)
      found_.winner = std::move(without);
  }
}

}  // namespace

std::string_view to_string(TrialEnd end) noexcept { return kEnds[static_cast<std::size_t>(end)]; }

TuneSearch search_better(const std::vector<KnobShape>& knobs, const TuneSearchOptions& options,
                         const TuneMeasure& measure, const TuneClock& clock) {
  return Searcher(knobs, options, measure, clock).search();
}

Result<TuneTrial> confirm_better(const TunePoint& before, const TunePoint& after,
                                 const TuneSearchOptions& options, const TuneMeasure& measure,
                                 const TuneClock& clock) {
  return Searcher({}, options, measure, clock).compare(before, after, false);
}

}  // namespace penstock
