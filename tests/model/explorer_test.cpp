// SPDX-License-Identifier: Apache-2.0
// What the explorer must notice, what it must try, and that each failure can be repeated.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

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

/// True if some execution comes to its end, whatever becomes of the others.
bool reaches_end(std::vector<Body> threads, const Limits& limits) {
  bool ends = false;
  InLambdas<State> scenario(std::move(threads), [&](State&) { ends = true; });
  Exhaustive search;
  Explorer explorer;
  while (!explorer.explore(scenario, search, limits, {}).exhausted) continue;
  return ends;
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

TEST(Explorer, park_returns_by_itself_so_often_in_each_thread) {
  const auto sleeps = [](unsigned times) {
    return [=](State& s) {
      for (unsigned i = 0; i < times; ++i) ModelAtomics::wait(s.word, 0, 0);
    };
  };
  for (const unsigned returns : {0U, 1U, 2U}) {
    // Somebody who parks once more than that sleeps for ever, however often the other returned.
    EXPECT_TRUE(reaches_end({sleeps(returns), sleeps(returns)}, {.returns_max = returns}));
    EXPECT_FALSE(reaches_end({sleeps(returns + 1), sleeps(returns)}, {.returns_max = returns}));
  }
}

TEST(Explorer, pausing_thread_goes_on_at_once_and_lets_others_go_first) {
  // How often it looks until it sees the flag, at most ten times.
  std::set<unsigned> looks;
  const Verdict verdict = explore({[&](State& s) {
                                     unsigned count = 1;
                                     while (s.flag.load(relaxed) == 0 && count < 10) {
                                       ModelAtomics::pause();
                                       ++count;
                                     }
                                     looks.insert(count);
                                   },
                                   [](State& s) { s.flag.store(1, relaxed); }},
                                  {.stale_max = 0, .pauses_max = 3});
  EXPECT_FALSE(verdict.failed) << verdict.what;
  // Three pauses that go on at once, and one behind which the store has come.
  EXPECT_EQ(looks, (std::set<unsigned>{1, 2, 3, 4, 5}));
}

TEST(Explorer, pause_waits_for_a_store_to_what_was_looked_at) {
  unsigned looks_max = 0;
  const Verdict verdict = explore({[&](State& s) {
                                     unsigned count = 0;
                                     for (; s.flag.load(relaxed) == 0; ++count)
                                       ModelAtomics::pause();
                                     looks_max = std::max(looks_max, count);
                                   },
                                   [](State& s) {
                                     for (unsigned i = 0; i < 20; ++i) s.word.store(i, relaxed);
                                     s.flag.store(1, relaxed);
                                   }},
                                  {.stale_max = 0, .pauses_max = 1});
  EXPECT_FALSE(verdict.failed) << verdict.what;
  EXPECT_EQ(looks_max, 2U);
}

TEST(Explorer, long_sleep_ends_when_nobody_else_can_go_on) {
  const auto sees = [](std::uint64_t sleep_ns) {
    std::set<unsigned> seen;
    const Verdict verdict = explore({[&](State& s) {
                                       ModelAtomics::sleep_ns(sleep_ns);
                                       seen.insert(s.word.load(relaxed));
                                     },
                                     [](State& s) {
                                       s.word.store(1, relaxed);
                                       s.word.store(2, relaxed);
                                     }},
                                    {.stale_max = 0});
    EXPECT_FALSE(verdict.failed) << verdict.what;
    return seen;
  };
  EXPECT_EQ(sees(kLongSleepNs - 1), (std::set<unsigned>{0, 1, 2}));
  EXPECT_EQ(sees(kLongSleepNs), (std::set<unsigned>{2}));
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

// ---- repeating

/// A runner that parks although there is work, as RingWorld tells it.
class Sleeper final : public Scenario {
 public:
  [[nodiscard]] unsigned threads() const override { return 2; }
  void setup() override { state_.emplace(); }
  void run(unsigned thread) override { sleeper_and_waker(false)[thread - 1](*state_); }
  [[nodiscard]] std::string state_of(unsigned thread) const override {
    return thread == 1 ? "has read 0 of 1" : "";
  }

 private:
  std::optional<State> state_;
};

/// What goes wrong, and how a failure of it begins.
struct Failing {
  const char* what;
  std::unique_ptr<Scenario> (*make)();
  Limits limits;
};

std::unique_ptr<Scenario> in_lambdas(std::vector<Body> threads) {
  return std::make_unique<InLambdas<State>>(std::move(threads), [](State&) {});
}

const Failing kFailing[] = {
    {"data race: T1 writes at", [] { return in_lambdas(hand_over(relaxed)); }, {}},
    {"deadlock: nobody can go on; T1 is parked; T2 is parked;",
     [] {
       const Body sleep = [](State& s) {
         s.flag.fetch_add(1, relaxed);
         ModelAtomics::wait(s.word, 0, 0);
       };
       return in_lambdas({sleep, sleep});
     },
     {}},
    {"deadlock: nobody can go on; T1 is parked (has read 0 of 1);",
     [] { return std::unique_ptr<Scenario>(std::make_unique<Sleeper>()); },
     {}},
    {"livelock: all that can go on wait for each other",
     [] {
       const auto spin = [](unsigned mine) {
         return [=](State& s) {
           s.flag.fetch_add(mine, relaxed);
           while (s.word.load(relaxed) == 0) ModelAtomics::pause();
         };
       };
       return in_lambdas({spin(1), spin(2)});
     },
     {}},
    {"livelock: no end after 100 steps",
     [] {
       const Body ping = [](State& s) {
         while (s.flag.load(relaxed) < 1'000'000) s.flag.fetch_add(1, relaxed);
       };
       return in_lambdas({ping, ping});
     },
     {.steps_max = 100}},
    {"check failed: nobody was faster",
     [] {
       const auto claim = [](unsigned mine, bool strict) {
         return [=](State& s) {
           unsigned free = 0;
           const bool got = s.flag.compare_exchange_weak(free, mine, relaxed, relaxed);
           Explorer::current().check(got || !strict, "nobody was faster");
         };
       };
       return in_lambdas({claim(1, false), claim(2, true)});
     },
     {.spurious_max = 1}},
    {"two stores to one atomic without order",
     [] {
       const Body store = [](State& s) { s.flag.store(1, relaxed); };
       return in_lambdas({store, store});
     },
     {}},
};

TEST(Explorer, failure_of_each_kind_is_repeated_from_its_seed_and_from_its_steps) {
  for (const Failing& failing : kFailing) {
    const auto run = [&](Search& search) {
      const std::unique_ptr<Scenario> scenario = failing.make();
      Explorer explorer;
      return explorer.explore(*scenario, search, failing.limits, {.schedules = 10'000});
    };
    Exhaustive every_one;
    Random by_seed(7);
    for (Search* search : {static_cast<Search*>(&every_one), static_cast<Search*>(&by_seed)}) {
      const Verdict found = run(*search);
      ASSERT_TRUE(found.failed) << failing.what;
      EXPECT_TRUE(found.what.starts_with(failing.what)) << found.what;
      EXPECT_NE(found.trace.find("explorer_test.cpp:"), std::string::npos) << found.trace;
      std::unique_ptr<Search> again = search_from(found.replay);
      ASSERT_NE(again, nullptr) << found.replay;
      const Verdict repeated = run(*again);
      EXPECT_EQ(repeated.what, found.what) << found.replay;
      EXPECT_EQ(repeated.trace, found.trace) << found.replay;
      EXPECT_EQ(repeated.schedules, 1U);
    }
  }
  EXPECT_EQ(search_from("nonsense"), nullptr);
}

}  // namespace
}  // namespace penstock::model
