// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/find_max.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <penstock/io/in_words.hpp>

namespace penstock {
namespace {

constexpr double kStep = 2;
constexpr unsigned kStepsDownMax = 10;  ///< of what does not hold again: 0.6 of what was found
constexpr std::array<std::string_view, 3> kSteps{"climb", "refine", "confirm"};

class Searcher {
 public:
  Searcher(const SearchOptions& options, const RunTrial& run_trial)
      : options_(options), run_trial_(run_trial) {}

  Result<Search> search();

 private:
  /// Held in the first run, or in a second one.
  Result<bool> holds(double rate, Trial::Step step);
  /// Held in two of three further runs.
  Result<bool> holds_surely(double rate);
  Result<bool> try_once(double rate, Trial::Step step);
  Status climb();
  Status refine();
  Status confirm();

  const SearchOptions& options_;
  const RunTrial& run_trial_;
  double held_ = 0;    ///< 0: none yet
  double failed_ = 0;  ///< 0: none yet
  Search found_;
};

Result<bool> Searcher::try_once(double rate, Trial::Step step) {
  Result<Trial> trial = run_trial_(rate, step);
  if (!trial) return tl::unexpected(std::move(trial).error());
  found_.trials.push_back(std::move(*trial));
  return found_.trials.back().failed_by.empty();
}

Result<bool> Searcher::holds(double rate, Trial::Step step) {
  Result<bool> held = try_once(rate, step);
  return !held || *held ? held : try_once(rate, step);
}

Result<bool> Searcher::holds_surely(double rate) {
  unsigned held = 0;
  unsigned failed = 0;
  while (held < 2 && failed < 2) {
    Result<bool> once = try_once(rate, Trial::Step::confirm);
    if (!once) return once;
    ++(*once ? held : failed);
  }
  return held == 2;
}

Status Searcher::climb() {
  for (double rate = options_.first_rate; rate >= options_.rate_min;) {
    const Result<bool> held = holds(rate, Trial::Step::climb);
    if (!held) return tl::unexpected(held.error());
    (*held ? held_ : failed_) = rate;
    if (held_ != 0 && failed_ != 0) break;
    if (*held && rate >= options_.rate_max) break;
    rate = *held ? std::min(rate * kStep, options_.rate_max) : rate / kStep;
  }
  return {};
}

Status Searcher::refine() {
  while (held_ != 0 && failed_ / held_ > options_.precision) {
    const double middle = std::sqrt(held_ * failed_);
    const Result<bool> held = holds(middle, Trial::Step::refine);
    if (!held) return tl::unexpected(held.error());
    (*held ? held_ : failed_) = middle;
  }
  return {};
}

Status Searcher::confirm() {
  double rate = held_;  // 0: none did
  for (unsigned i = 0; i < kStepsDownMax && rate >= options_.rate_min;
       ++i, rate /= options_.precision) {
    const Result<bool> held = holds_surely(rate);
    if (!held) return tl::unexpected(held.error());
    if (*held) {
      found_.rate = rate;
      return {};
    }
    failed_ = rate;
  }
  return {};
}

Result<Search> Searcher::search() {
  Status status = climb();
  if (status) status = refine();
  if (status) status = confirm();
  if (!status) return tl::unexpected(std::move(status).error());
  found_.next_failed = failed_;
  return std::move(found_);
}

}  // namespace

std::string_view to_string(Trial::Step step) noexcept {
  return kSteps[static_cast<std::size_t>(step)];
}

Search median_of(std::vector<Search> searches) {
  std::vector<double> rates(searches.size());
  std::ranges::transform(searches, rates.begin(), &Search::rate);
  const auto middle = searches.begin() + static_cast<std::ptrdiff_t>((searches.size() - 1) / 2);
  std::ranges::nth_element(searches, middle, {}, &Search::rate);
  if (rates.size() > 1) middle->rates = std::move(rates);
  return std::move(*middle);
}

Rung rung_at(const Search& search, double rate) {
  Rung rung{.rate = rate};
  for (const Trial& trial : search.trials) {
    if (trial.rate_asked != rate) continue;
    ++rung.runs;
    if (trial.failed_by.empty())
      ++rung.held;
    else
      rung.failed_by = trial.failed_by;
    if (rung.slo.empty())
      for (const SloValue& value : trial.slo)
        rung.slo.push_back({.name = value.name,
                            .limit_ns = value.limit_ns,
                            .least_ns = value.found_ns,
                            .most_ns = value.found_ns});
    for (std::size_t i = 0; i < std::min(rung.slo.size(), trial.slo.size()); ++i) {
      rung.slo[i].least_ns = std::min(rung.slo[i].least_ns, trial.slo[i].found_ns);
      rung.slo[i].most_ns = std::max(rung.slo[i].most_ns, trial.slo[i].found_ns);
    }
  }
  return rung;
}

Result<Search> find_max(const SearchOptions& options, const RunTrial& run_trial) {
  return Searcher(options, run_trial).search();
}

std::string failed_by(const LoadRun& run, const Slo& slo) {
  if (!run.kept_up())
    return "did not keep up: " + run.fell_behind_by() +
           (run.load_was_the_limit() ? ", for the load source itself was late" : "");
  return slo.broken_by(run.latency_ns);
}

}  // namespace penstock
