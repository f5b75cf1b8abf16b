// SPDX-License-Identifier: Apache-2.0
#include "rounds.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>

namespace penstock::bench {
namespace {

constexpr std::size_t kRivalsInHeat = 8;  ///< as many fit into some tenths of a second

constexpr double kWaitedMax = 0.01;  ///< of the time of a sample

constexpr unsigned kRunsToBelieve = 3;  ///< that so many items take as long as a sample should

constexpr std::size_t kSettleSamples = 15;  ///< of a stretch: a third of a second
constexpr double kSettleTolerance = 0.05;   ///< between the medians of two stretches

/// What the machine is like between two samples.
struct Surroundings {
  double round_trip_ns = 0;
  References references;
};

/// True if the last stretch is as fast as the one before.
bool stands(const std::vector<double>& ns) {
  if (ns.size() < 2 * kSettleSamples) return false;
  const auto stretch = [&](std::size_t from_end) {
    const auto end = ns.end() - static_cast<std::ptrdiff_t>(from_end);
    return median({end - kSettleSamples, end});
  };
  const double last = stretch(0);
  const double before = stretch(kSettleSamples);
  return std::max(last, before) <= std::min(last, before) * (1 + kSettleTolerance);
}

class Sampler {
 public:
  Sampler(const Case& made, const RoundOptions& options)
      : made_(&made), options_(&options), expected_(made.implementations.size()) {
    result_.made = &made;
    result_.measured.resize(made.implementations.size());
  }

  /// Warms an implementation up and finds how many items take as long as a sample should.
  void calibrate(std::size_t index) {
    find_count(index);
    if (!made_->implementations[index].settles) return;
    settle(index);
    find_count(index);
  }

  void look() { now_ = look_around(); }

  /// The surroundings behind one sample are those before the next.
  void sample(std::size_t index, unsigned heat) {
    Measured& measured = result_.measured[index];
    const Surroundings before = now_;
    const std::optional<Sample> taken = run(index, measured.count);
    if (!taken) return;
    look();
    const DistanceBounds& bounds = options_->distances;
    if (!same_distance(before.round_trip_ns, now_.round_trip_ns, bounds)) {
      ++measured.dropped_distance;
    } else if (!same_speed(before.references, now_.references)) {
      ++measured.dropped_speed;
    } else if (!made_->implementations[index].sleeps &&
               taken->waited_ns > kWaitedMax * taken->ns_per_item * double(measured.count)) {
      ++measured.dropped_waited;
    } else {
      const auto mean = [&](double References::*of) {
        return (before.references.*of + now_.references.*of) / 2;
      };
      measured.kept.push_back({.heat = heat,
                               .distance = distance_of(before.round_trip_ns, bounds),
                               .round_trip_ns = before.round_trip_ns,
                               .ns = taken->compared_ns(),
                               .held_up_ns = taken->held_up_ns,
                               .references = {.consumer_ns = mean(&References::consumer_ns),
                                              .source_ns = mean(&References::source_ns)}});
    }
  }

  CaseResult take() { return std::move(result_); }

 private:
  void find_count(std::size_t index) {
    const Implementation& implementation = made_->implementations[index];
    const double wanted_ns = options_->seconds * 1e9;
    std::uint64_t count = std::min<std::uint64_t>(1000, implementation.count_max);
    double shortest_ns = HUGE_VAL;
    for (unsigned runs = 1;; ++runs) {
      const std::optional<Sample> taken = run(index, count);
      if (!taken) return;
      shortest_ns = std::min(shortest_ns, taken->ns_per_item * double(count));
      const double factor = std::min(wanted_ns / std::max(shortest_ns, 1.0), 8.0);
      // A run that was disturbed looks long enough.
      if (factor < 2 && runs < kRunsToBelieve) continue;
      const auto next = static_cast<std::uint64_t>(double(count) * factor);
      const bool last = factor < 2 || next >= implementation.count_max;
      // An even number, so that two producers can share it.
      count =
          std::clamp(next & ~std::uint64_t{1}, implementation.count_min, implementation.count_max);
      if (last) break;
      runs = 0;
      shortest_ns = HUGE_VAL;
    }
    result_.measured[index].count = count;
    run(index, count);
  }

  /// Runs it until its rate stands.
  void settle(std::size_t index) {
    Measured& measured = result_.measured[index];
    const auto begin = std::chrono::steady_clock::now();
    const double longest_s = RoundOptions::kSettleFactor * options_->settle_seconds;
    std::vector<double> ns;
    do {
      const std::optional<Sample> taken = run(index, measured.count);
      if (!taken) return;
      ns.push_back(taken->ns_per_item);
      const std::chrono::duration<double> so_far = std::chrono::steady_clock::now() - begin;
      measured.settled_after_s = so_far.count();
      measured.settled = so_far.count() >= options_->settle_seconds && stands(ns);
    } while (!measured.settled && measured.settled_after_s < longest_s);
  }

  Surroundings look_around() {
    Surroundings seen;
    seen.references = references(options_->cores, options_->probes());
    seen.round_trip_ns =
        round_trip_ns(options_->cores.consumer, options_->cores.source, options_->probes());
    result_.round_trips_ns.push_back(seen.round_trip_ns);
    return seen;
  }

  /// Nothing if its process has ended: then what it gave so far does not count either.
  std::optional<Sample> run(std::size_t index, std::uint64_t count) {
    const Implementation& implementation = made_->implementations[index];
    Measured& measured = result_.measured[index];
    if (!measured.gone.empty()) return std::nullopt;
    const Sample sample = implementation.run(count);
    if (!sample.gone.empty()) {
      measured.gone = sample.gone;
      measured.kept.clear();
      return std::nullopt;
    }
    Expected& expected = expected_[index];
    if (expected.count != count) expected = {count, made_->expected(count)};
    if (sample.checksum != expected.checksum)
      give_up(made_->name + ": \"" + implementation.name +
              "\" lost, doubled or changed something: " + "checksum " +
              std::to_string(sample.checksum) + " of " + std::to_string(count) + ", expected " +
              std::to_string(expected.checksum));
    return sample;
  }

  struct Expected {
    std::uint64_t count = 0;
    std::uint64_t checksum = 0;
  };

  const Case* made_;
  const RoundOptions* options_;
  std::vector<Expected> expected_;
  CaseResult result_;
  Surroundings now_;
};

}  // namespace

std::vector<double> Measured::ns_at(Distance distance, double Kept::*of) const {
  std::vector<double> values;
  for (const Kept& sample : kept)
    if (sample.distance == distance) values.push_back(sample.*of);
  return values;
}

CaseResult measure(const Case& made, const RoundOptions& options) {
  Sampler sampler(made, options);
  std::vector<std::size_t> ours;
  std::vector<std::size_t> rivals;
  for (std::size_t i = 0; i < made.implementations.size(); ++i) {
    sampler.calibrate(i);
    (made.implementations[i].ours ? ours : rivals).push_back(i);
  }
  sampler.look();
  unsigned heat = 0;
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (std::size_t first = 0; first < std::max<std::size_t>(rivals.size(), 1);
         first += kRivalsInHeat, ++heat) {
      const std::size_t end = std::min(first + kRivalsInHeat, rivals.size());
      std::vector<std::size_t> order = ours;
      order.insert(order.end(), rivals.begin() + static_cast<std::ptrdiff_t>(first),
                   rivals.begin() + static_cast<std::ptrdiff_t>(end));
      if (round % 2 == 1) std::ranges::reverse(order);
      for (const std::size_t index : order) sampler.sample(index, heat);
    }
  }
  return sampler.take();
}

std::vector<double> paired_ratios(const Measured& ours, const Measured& rival, Distance distance) {
  std::vector<double> ratios;
  for (const Kept& theirs : rival.kept) {
    if (theirs.distance != distance) continue;
    const auto mine = std::find_if(ours.kept.begin(), ours.kept.end(), [&](const Kept& sample) {
      return sample.heat == theirs.heat && sample.distance == distance &&
             same_round_trip(sample.round_trip_ns, theirs.round_trip_ns) &&
             same_speed(sample.references, theirs.references);
    });
    if (mine != ours.kept.end()) ratios.push_back(theirs.ns / mine->ns);
  }
  return ratios;
}

}  // namespace penstock::bench
