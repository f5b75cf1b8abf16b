// SPDX-License-Identifier: Apache-2.0
// What the explorer must notice, and that its reduction leaves nothing out.
#include <gtest/gtest.h>

#include <map>

#include "explorer/in_lambdas.hpp"

namespace penstock::model {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

struct State {
  ModelAtomics::Atomic<unsigned> flag{0};
  ModelAtomics::Atomic<std::uint32_t> word{0};
  std::uint64_t data = 0;
  std::uint64_t other = 0;
};
using Body = std::function<void(State&)>;

Verdict explore(std::vector<Body> threads, const Limits& limits = {},
                std::unique_ptr<Search> search = std::make_unique<Exhaustive>(),
                std::uint64_t schedules = UINT64_MAX) {
  InLambdas<State> scenario(std::move(threads), [](State&) {});
  Explorer explorer;
  return explorer.explore(scenario, *search, limits, {.schedules = schedules});
}

std::vector<Body> hand_over(std::memory_order store) {
  return {[=](State& s) {
            ModelAtomics::plain_write(&s.data, sizeof s.data);
            s.data = 1;
            s.flag.store(1, store);
          },
          [](State& s) {
            if (s.flag.load(acquire) == 0) return;
            ModelAtomics::plain_read(&s.data, sizeof s.data);
            Explorer::current().check(s.data == 1, "the data is there");
          }};
}

TEST(Explorer, race_on_plain_data_is_found_with_both_places) {
  EXPECT_FALSE(explore(hand_over(release)).failed);
  const Verdict verdict = explore(hand_over(relaxed));
  ASSERT_TRUE(verdict.failed);
  EXPECT_NE(verdict.what.find("data race: T1 writes at explorer_test.cpp:"), std::string::npos);
  EXPECT_NE(verdict.what.find("and T2 reads at explorer_test.cpp:"), std::string::npos);
}

TEST(Explorer, race_with_a_reader_that_has_not_done_is_found) {
  const auto threads = [](std::memory_order store) {
    return std::vector<Body>{[=](State& s) {
                               ModelAtomics::plain_read(&s.data, sizeof s.data);
                               s.flag.store(1, store);
                             },
                             [](State& s) {
                               if (s.flag.load(acquire) == 1)
                                 ModelAtomics::plain_write(&s.data, sizeof s.data);
                             }};
  };
  EXPECT_FALSE(explore(threads(release)).failed);
  EXPECT_NE(explore(threads(relaxed)).what.find("data race: T1 reads"), std::string::npos);
}

TEST(Explorer, plain_data_beside_each_other_does_not_race) {
  const auto write = [](std::uint64_t State::*which) {
    return [=](State& s) { ModelAtomics::plain_write(&(s.*which), sizeof(std::uint64_t)); };
  };
  const std::vector<Body> threads{write(&State::data), write(&State::other)};
  EXPECT_FALSE(explore(threads, {.granule_shift = 3}).failed);
  EXPECT_TRUE(explore({threads[0], threads[0]}, {.granule_shift = 3}).failed);
}

std::vector<Body> sleeper_and_waker(bool looks_again) {
  return {[=](State& s) {
            const std::uint32_t seen = s.word.load(acquire);
            // Without looking again behind the epoch, the news may have come in between.
            if (!looks_again || s.flag.load(relaxed) == 0) ModelAtomics::wait(s.word, seen, 0);
          },
          [](State& s) {
            s.flag.store(1, relaxed);
            s.word.fetch_add(1, release);
            ModelAtomics::wake_all(s.word);
          }};
}

TEST(Explorer, lost_wake_up_is_found) {
  EXPECT_FALSE(explore(sleeper_and_waker(true)).failed);
  const Verdict verdict = explore(sleeper_and_waker(false));
  ASSERT_TRUE(verdict.failed);
  EXPECT_NE(verdict.what.find("deadlock: nobody can go on; T1 is parked"), std::string::npos);
}

TEST(Explorer, park_runs_out_of_time_where_that_is_allowed) {
  std::map<bool, unsigned> answers;
  const Verdict verdict = explore({[&](State& s) { ++answers[ModelAtomics::wait(s.word, 0, 1)]; },
                                   [](State& s) { ModelAtomics::wake_all(s.word); },
                                   [](State& s) {
                                     s.word.fetch_add(1, relaxed);
                                     ModelAtomics::wake_all(s.word);
                                   }},
                                  {.timeouts_max = 1});
  EXPECT_FALSE(verdict.failed) << verdict.what;
  EXPECT_GT(answers[true], 0U);
  EXPECT_GT(answers[false], 0U);
}

TEST(Explorer, livelock_is_found) {
  const Body spin = [](State& s) {
    while (s.flag.load(relaxed) == 0) ModelAtomics::pause();
  };
  EXPECT_NE(explore({spin, spin}).what.find("livelock: all that can go on wait"),
            std::string::npos);
  const Body ping = [](State& s) {
    while (s.flag.load(relaxed) < 1'000'000) s.word.fetch_add(1, relaxed);
  };
  EXPECT_NE(explore({ping}, {.steps_max = 100}).what.find("livelock: no end after 100 steps"),
            std::string::npos);
  const Body open = [](State& s) { s.flag.store(1, relaxed); };
  EXPECT_FALSE(explore({spin, open}).failed);
}

TEST(Explorer, failure_is_repeated_from_its_seed_and_from_its_steps) {
  const Verdict by_steps = explore(hand_over(relaxed));
  const Verdict by_seed = explore(hand_over(relaxed), {}, std::make_unique<Random>(7), 1000);
  for (const Verdict& found : {by_steps, by_seed}) {
    ASSERT_TRUE(found.failed);
    std::unique_ptr<Search> search = search_from(found.replay);
    ASSERT_NE(search, nullptr) << found.replay;
    const Verdict again = explore(hand_over(relaxed), {}, std::move(search));
    EXPECT_EQ(again.what, found.what);
    EXPECT_EQ(again.trace, found.trace);
  }
  EXPECT_EQ(search_from("nonsense"), nullptr);
}

TEST(Explorer, trace_shows_each_step_with_its_source) {
  const Verdict verdict = explore(hand_over(relaxed));
  EXPECT_NE(verdict.trace.find("s.flag.store(1, store);"), std::string::npos) << verdict.trace;
  EXPECT_NE(verdict.trace.find("T2 load"), std::string::npos);
}

TEST(Explorer, independent_threads_need_one_schedule) {
  const Verdict verdict = explore(
      {[](State& s) { s.flag.store(1, relaxed); }, [](State& s) { s.word.store(1, relaxed); }});
  EXPECT_TRUE(verdict.exhausted);
  EXPECT_EQ(verdict.schedules, 1U);
}

// ---- the reduction against a search that leaves nothing out

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

/// A random program over two atomics and a futex word; each thread notes what it saw.
struct RandomProgram {
  struct Cells {
    ModelAtomics::Atomic<unsigned> at[2]{0, 0};
    ModelAtomics::Atomic<std::uint32_t> word{0};
    std::string seen[4];
  };
  std::vector<std::function<void(Cells&)>> threads;

  RandomProgram(std::uint64_t seed, unsigned thread_count, unsigned steps) {
    test::Dice dice(seed);
    for (unsigned thread = 0; thread < thread_count; ++thread) {
      std::vector<unsigned> kinds;
      for (unsigned step = 0; step < steps; ++step) kinds.push_back(dice.below(24));
      threads.push_back([=](Cells& cells) {
        for (const unsigned kind : kinds) do_step(cells, cells.seen[thread], kind, thread);
      });
    }
  }

  static void do_step(Cells& cells, std::string& seen, unsigned kind, unsigned thread) {
    ModelAtomics::Atomic<unsigned>& cell = cells.at[kind & 1];
    const bool strong = (kind & 2) != 0;
    unsigned expected = thread;
    switch (kind >> 2) {
      case 0:
      case 1: seen += std::to_string(cell.load(strong ? acquire : relaxed)); break;
      case 2: cell.store(thread + 1, strong ? release : relaxed); break;
      case 3: seen += std::to_string(cell.fetch_add(3, strong ? release : relaxed)); break;
      case 4:
        seen += cell.compare_exchange_strong(expected, 7, acquire, relaxed) ? "s" : "f";
        seen += std::to_string(expected);
        break;
      default:
        if (strong) {
          cells.word.fetch_add(1, release);
          ModelAtomics::wake_all(cells.word);
        } else {
          seen += ModelAtomics::wait(cells.word, 0, 1) ? "w" : "t";
        }
    }
  }

  template <class AnySearch>
  [[nodiscard]] std::set<std::string> outcomes() const {
    std::set<std::string> found;
    InLambdas<Cells> scenario(threads, [&](Cells& cells) {
      std::string text;
      for (const std::string& seen : cells.seen) text += seen + "|";
      text += std::to_string(cells.at[0].load(relaxed)) + std::to_string(cells.at[1].load(relaxed));
      found.insert(text);
    });
    AnySearch search;
    Explorer explorer;
    // A park that nobody ends is an outcome, too: one time-out for each thread keeps it going.
    const Verdict verdict = explorer.explore(
        scenario, search, {.stale_max = 2, .timeouts_max = 8, .unordered_stores = true}, {});
    if (verdict.failed) found.insert(verdict.what);
    return found;
  }
};

TEST(Explorer, reduction_finds_every_outcome_that_a_complete_search_finds) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const bool three = seed % 2 == 0;
    const RandomProgram program(seed, three ? 3 : 2, three ? 2 : 3);
    EXPECT_EQ(program.outcomes<Exhaustive>(), program.outcomes<Complete>()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace penstock::model
