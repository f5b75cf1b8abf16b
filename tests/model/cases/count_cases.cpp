// SPDX-License-Identifier: Apache-2.0
// Cases of what counts: one writer each, read by anyone while it writes. Each number that is read
// is one that it had, none runs back, and all are exact to who comes behind the writer's end.
// What was begun is announced in an atomic that both sides modify: so it is exact, it orders
// nothing, and the reduction tells schedules apart by it. To a plain note it would be blind.
#include <array>
#include <functional>
#include <vector>

#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/base/histogram.hpp>

#include "../case.hpp"
#include "../explorer/in_lambdas.hpp"

namespace penstock::model {
namespace {

void check(bool holds, const char* what, const Site& site = Site::current()) {
  Explorer::current().check(holds, what, site);
}

// ---- histogram

constexpr std::size_t kFewCells = 4;  // values 0, 1 and 2; from 3 on the last

struct HistogramState {
  BasicHistogram<ModelAtomics, kFewCells> histogram;
  ModelAtomics::Atomic<bool> quiet{false};
  ModelAtomics::Atomic<std::uint64_t> begun{0};  ///< of values: announced before each is recorded
  Reached* reached = nullptr;
};

/// All that was announced: a read-modify-write reads the latest store.
std::uint64_t announced(ModelAtomics::Atomic<std::uint64_t>& begun) {
  // relaxed: orders nothing.
  return begun.fetch_add(0, std::memory_order_relaxed);
}

constexpr std::array<std::uint64_t, 4> kValues = {1, 5, 1, 2};

void record_all(HistogramState& s) {
  for (const std::uint64_t value : kValues) {
    // relaxed: orders nothing.
    s.begun.fetch_add(1, std::memory_order_relaxed);
    s.histogram.record(value);
  }
  // release: pairs with the acquire in snapshot_twice(): all that was recorded is there.
  s.quiet.store(true, std::memory_order_release);
}

void check_whole(const HistogramSnapshot& whole) {
  check(whole.count() == kValues.size() && whole.max() == 5 && whole.min() == 1 &&
            whole.percentile(50) == 1 && whole.percentile(75) == 2 && whole.percentile(100) == 5,
        "a snapshot behind the writer's end is exact");
}

void snapshot_twice(HistogramState& s) {
  HistogramSnapshot before;
  for (unsigned look = 0; look < 2; ++look) {
    // acquire: pairs with the release in record_all().
    const bool quiet = s.quiet.load(std::memory_order_acquire);
    const HistogramSnapshot snapshot = s.histogram.snapshot();
    check(snapshot.count() >= before.count() && snapshot.max() >= before.max(),
          "no number runs back");
    check(snapshot.count() <= announced(s.begun), "no value is counted twice");
    if (snapshot.count() != 0 && snapshot.max() == 0) s.reached->note(Point::snapshot_within);
    check(snapshot.max() == 0 || snapshot.max() == 1 || snapshot.max() == 5,
          "the maximum is one that it was");
    check(snapshot.percentile(100) <= snapshot.max(), "no percentile is over the maximum");
    if (quiet) check_whole(snapshot);
    before = snapshot;
  }
}

std::unique_ptr<Scenario> histogram() {
  using State = HistogramState;
  return std::make_unique<InLambdas<State>>(
      std::vector<std::function<void(State&)>>{record_all, snapshot_twice},
      [](State& s) { check_whole(s.histogram.snapshot()); });
}

// ---- a sum of counters

struct SumState {
  std::array<BasicCounter<ModelAtomics>, 2> counters;
  ModelAtomics::Atomic<std::uint64_t> begun{0};
  Reached* reached = nullptr;
};

std::uint64_t sum_of(const SumState& s) {
  std::uint64_t sum = 0;
  for (const BasicCounter<ModelAtomics>& counter : s.counters) sum += counter.get();
  return sum;
}

std::unique_ptr<Scenario> sum() {
  using State = SumState;
  const auto counts = [](unsigned which) {
    return [=](State& s) {
      for (const unsigned more : {1U, 2U}) {
        // relaxed: orders nothing.
        s.begun.fetch_add(more, std::memory_order_relaxed);
        s.counters[which].add(more);
      }
    };
  };
  const auto reads = [](State& s) {
    std::uint64_t before = 0;
    for (unsigned look = 0; look < 2; ++look) {
      const std::uint64_t sum = sum_of(s);
      check(sum >= before, "no sum runs back");
      check(sum <= announced(s.begun), "a sum is at most what was counted");
      if (sum != 0 && sum != 6) s.reached->note(Point::sum_within);
      before = sum;
    }
  };
  return std::make_unique<InLambdas<State>>(
      std::vector<std::function<void(State&)>>{counts(0), counts(1), reads},
      [](State& s) { check(sum_of(s) == 6, "a sum behind all writers is exact"); });
}

const Case kCases[] = {
    {"histogram",
     "a writer records while a reader takes snapshots; every schedule",
     histogram,
     {.stale_max = 2},
     true,
     0,
     {Point::snapshot_within}},
    {"sum_of_counters",
     "two count, a third adds up; every schedule",
     sum,
     {.stale_max = 2},
     true,
     0,
     {Point::sum_within}},
};

}  // namespace

std::span<const Case> count_cases() { return kCases; }

}  // namespace penstock::model
