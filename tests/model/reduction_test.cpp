// SPDX-License-Identifier: Apache-2.0
// The partial-order reduction against a search that leaves nothing out, on random programs: both
// must find the same outcomes, deadlocks and livelocks among them.
#include <gtest/gtest.h>

#include <bit>
#include <iostream>
#include <map>
#include <optional>

#include "explorer/in_lambdas.hpp"

namespace penstock::model {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto seq_cst = std::memory_order_seq_cst;

/// Every execution, each as often as it can be reached.
class Complete final : public Search {
 public:
  bool begin() override {
    at_ = 0;
    if (!std::exchange(begun_, true)) return true;
    while (!taken_.empty()) {
      if (++taken_.back().first < taken_.back().second) return true;
      taken_.pop_back();
    }
    return false;
  }
  unsigned pick(unsigned enabled, unsigned) override {
    unsigned skip = choose(static_cast<unsigned>(std::popcount(enabled)));
    for (; skip != 0; --skip) enabled &= enabled - 1;
    return static_cast<unsigned>(std::countr_zero(enabled));
  }
  unsigned choose(unsigned count) override {
    if (at_ == taken_.size()) taken_.emplace_back(0, count);
    return taken_[at_++].first;
  }
  [[nodiscard]] std::string replay() const override { return {}; }

 private:
  std::vector<std::pair<unsigned, unsigned>> taken_;
  std::size_t at_ = 0;
  bool begun_ = false;
};

enum class Kind : std::uint8_t {
  load,
  store,
  add,
  exchange,
  compare,
  compare_weak,
  pause,
  spin,        ///< looks and pauses until it sees something, or has looked three times
  spin_on,     ///< until it sees something
  park,        ///< runs out of time, if there is none to wake it
  park_long,   ///< does not
  wake,        ///< with news
  wake_early,  ///< before the news
};
constexpr unsigned kKinds = static_cast<unsigned>(Kind::wake_early) + 1;

struct Action {
  Kind kind;
  unsigned cell;    ///< of two
  unsigned strong;  ///< of relaxed, acquire or release, seq_cst
};

/// A random program over two atomics and a futex word; each thread notes what it saw.
class Program final : public Scenario {
 public:
  Program(std::uint64_t seed, unsigned thread_count, unsigned steps) : actions_(thread_count) {
    test::Dice dice(seed);
    for (std::vector<Action>& actions : actions_)
      for (unsigned step = 0; step < steps; ++step)
        actions.push_back({static_cast<Kind>(dice.below(kKinds)), dice.below(2), dice.below(3)});
  }

  [[nodiscard]] unsigned threads() const override { return static_cast<unsigned>(actions_.size()); }
  void setup() override { cells_.emplace(); }
  void run(unsigned thread) override {
    for (const Action& action : actions_[thread - 1]) act(action, thread, cells_->seen[thread - 1]);
  }

  /// What is to be seen when an execution has ended, or cannot go on.
  [[nodiscard]] std::string outcome(const Verdict& verdict) {
    std::string text = verdict.what;
    for (const std::string& seen : cells_->seen) text += "|" + seen;
    return text + "|" + std::to_string(cells_->at[0].load(relaxed)) + "," +
           std::to_string(cells_->at[1].load(relaxed));
  }

 private:
  struct Cells {
    ModelAtomics::Atomic<unsigned> at[2]{0, 0};
    ModelAtomics::Atomic<std::uint32_t> word{0};
    std::string seen[4];
  };

  void act(const Action& action, unsigned thread, std::string& seen) {
    constexpr std::memory_order kLoads[] = {relaxed, acquire, seq_cst};
    constexpr std::memory_order kStores[] = {relaxed, release, seq_cst};
    constexpr std::memory_order kBoth[] = {relaxed, acq_rel, seq_cst};
    const std::memory_order loads = kLoads[action.strong];
    const std::memory_order stores = kStores[action.strong];
    const std::memory_order both = kBoth[action.strong];
    ModelAtomics::Atomic<unsigned>& cell = cells_->at[action.cell];
    ModelAtomics::Atomic<std::uint32_t>& word = cells_->word;
    unsigned expected = thread - 1;
    switch (action.kind) {
      case Kind::load: seen += std::to_string(cell.load(loads)); break;
      case Kind::store: cell.store(thread, stores); break;
      case Kind::add: seen += std::to_string(cell.fetch_add(3, both)); break;
      case Kind::exchange: seen += std::to_string(cell.exchange(10 + thread, both)); break;
      case Kind::compare:
        seen += cell.compare_exchange_strong(expected, 7, both, loads) ? "s" : "f";
        seen += std::to_string(expected);
        break;
      case Kind::compare_weak:
        seen += cell.compare_exchange_weak(expected, 8, both, loads) ? "s" : "f";
        seen += std::to_string(expected);
        break;
      case Kind::pause: ModelAtomics::pause(); break;
      case Kind::spin:
        for (unsigned look = 0; look < 3 && cell.load(loads) == 0; ++look) {
          seen += "-";
          ModelAtomics::pause();
        }
        break;
      case Kind::spin_on:
        while (cell.load(loads) == 0) ModelAtomics::pause();
        break;
      case Kind::park: seen += ModelAtomics::wait(word, 0, 1) ? "w" : "t"; break;
      case Kind::park_long: ModelAtomics::wait(word, 0, 0); break;
      case Kind::wake:
        word.fetch_add(1, stores);
        ModelAtomics::wake_all(word);
        break;
      case Kind::wake_early:
        ModelAtomics::wake_all(word);
        word.fetch_add(1, stores);
        break;
    }
  }

  std::vector<std::vector<Action>> actions_;
  std::optional<Cells> cells_;
};

constexpr std::uint64_t kSchedulesMax = 6'000;

/// Every outcome; none at all if there is more to try than that.
std::set<std::string> outcomes(Program& program, Search& search, std::uint64_t& schedules) {
  constexpr Limits kLimits{.stale_max = 1,
                           .timeouts_max = 1,
                           .spurious_max = 1,
                           .returns_max = 1,
                           .pauses_max = 1,
                           .idle_rounds_max = 1,
                           .unordered_stores = true};
  std::set<std::string> found;
  Explorer explorer;
  for (schedules = 0; schedules < kSchedulesMax;) {
    const Verdict verdict = explorer.explore(program, search, kLimits, {.schedules = 1});
    schedules += verdict.schedules;
    if (verdict.exhausted) return found;
    found.insert(program.outcome(verdict));
  }
  return {};
}

TEST(Reduction, finds_every_outcome_that_a_complete_search_finds) {
  std::map<std::string, unsigned> kinds;  // of outcomes, by how they begin
  std::uint64_t complete_sum = 0;
  std::uint64_t reduced_sum = 0;
  unsigned compared = 0;
  for (std::uint64_t seed = 1; compared < 400; ++seed) {
    const bool three = seed % 2 == 0;
    Program program(seed, three ? 3 : 2, three ? 2 : 3);
    std::uint64_t complete = 0;
    std::uint64_t reduced = 0;
    Exhaustive fewer;
    const std::set<std::string> found = outcomes(program, fewer, reduced);
    if (reduced > 40) continue;  // too large for a complete search
    Complete every_one;
    const std::set<std::string> expected = outcomes(program, every_one, complete);
    if (expected.empty()) continue;
    ASSERT_EQ(found, expected) << "seed " << seed;
    ++compared;
    complete_sum += complete;
    reduced_sum += reduced;
    for (const std::string& outcome : expected) ++kinds[outcome.substr(0, outcome.find(':'))];
  }
  std::cout << complete_sum << " schedules, " << reduced_sum << " of them with the reduction\n";
  EXPECT_LT(reduced_sum * 4, complete_sum);
  EXPECT_GT(kinds["deadlock"], 100U);
  EXPECT_GT(kinds["livelock"], 100U);
}

}  // namespace
}  // namespace penstock::model
