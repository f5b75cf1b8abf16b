// SPDX-License-Identifier: Apache-2.0
// The waiting ladder, rung by rung, on a clock that the test moves and with atomics that remember
// what the thread did.
#include <penstock/runtime/wait/ladder.hpp>

#include <string>

#include <gtest/gtest.h>

namespace penstock::test {
namespace {

ManualClock clock_of_test;  // NOLINT: the policy below has only static functions
std::string steps;          // NOLINT: one letter a step
std::uint64_t pause_ns = 25;
std::uint64_t yield_ns = 400;
bool woken = true;

struct RecordingAtomics {
  template <class T>
  using Atomic = std::atomic<T>;
  static void pause() noexcept {
    clock_of_test.advance(pause_ns);
    steps += 'p';
  }
  static void yield() noexcept {
    clock_of_test.advance(yield_ns);
    steps += 'y';
  }
  static void sleep_ns(std::uint64_t duration_ns) noexcept {
    clock_of_test.advance(duration_ns);
    steps += 's';
  }
  static bool wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                   std::uint64_t timeout_ns) noexcept {
    steps += 'w';
    if (word.load() != expected || woken) return true;
    clock_of_test.advance(timeout_ns);
    return false;
  }
  static void wake_all(const std::atomic<std::uint32_t>&) noexcept {}
};

class LadderTest : public ::testing::Test {
 protected:
  using Ladder = BasicLadder<RecordingAtomics>;

  LadderTest() {
    steps.clear();
    yield_ns = 400;
    woken = true;
  }
  Ladder ladder(WaitKind kind, std::uint64_t spin_ns) {
    return Ladder({.kind = kind, .spin_ns = spin_ns}, parker_, clock_of_test, counters_);
  }
  /// Idles until a step of this kind was made, at most `rounds` times; returns all steps.
  template <class Arm>
  std::string idle_until(Ladder& waiting, char step, Arm arm, int rounds = 100'000) {
    steps.clear();
    for (int i = 0; i < rounds && steps.find(step) == std::string::npos; ++i) waiting.idle(arm);
    return steps;
  }

  BasicParker<RecordingAtomics> parker_;
  WaitCounters counters_;
};

ParkAnswer armed() { return ParkAnswer::armed; }

TEST_F(LadderTest, adaptive_spins_for_its_time_then_yields_then_parks) {
  Ladder waiting = ladder(WaitKind::adaptive, 10'000);
  const std::uint64_t begin_ns = clock_of_test.now_ns();
  const std::string spun = idle_until(waiting, 'y', armed);
  EXPECT_GE(spun.size(), 10'000 / pause_ns);
  EXPECT_LE(clock_of_test.now_ns() - begin_ns, 10'000 + 16 * pause_ns + yield_ns);
  EXPECT_EQ(idle_until(waiting, 'w', armed), "yyyw");
  EXPECT_EQ(counters_.parks.get(), 1U);
}

TEST_F(LadderTest, without_a_time_to_spin_it_never_spins) {
  Ladder waiting = ladder(WaitKind::adaptive, 0);
  EXPECT_EQ(idle_until(waiting, 'w', armed), "yyyyw");
}

TEST_F(LadderTest, yields_only_while_they_return_fast) {
  yield_ns = 50'000;  // somebody else ran
  Ladder waiting = ladder(WaitKind::adaptive, 0);
  EXPECT_EQ(idle_until(waiting, 'w', armed), "yw");
}

TEST_F(LadderTest, park_goes_to_sleep_at_once) {
  Ladder waiting = ladder(WaitKind::park, 10'000);
  EXPECT_EQ(idle_until(waiting, 'w', armed), "w");
}

TEST_F(LadderTest, busy_spin_never_parks_and_yields_now_and_then) {
  Ladder waiting = ladder(WaitKind::busy_spin, 0);
  const std::string spun = idle_until(waiting, 'w', armed, 10'000);
  EXPECT_EQ(spun.find('w'), std::string::npos);
  EXPECT_NE(spun.find('y'), std::string::npos);
}

TEST_F(LadderTest, work_begins_it_again_at_the_first_rung) {
  Ladder waiting = ladder(WaitKind::adaptive, 1'000);
  idle_until(waiting, 'w', armed);
  waiting.worked();
  EXPECT_EQ(idle_until(waiting, 'p', armed), "p");
}

TEST_F(LadderTest, work_that_arming_finds_is_not_slept_over) {
  Ladder waiting = ladder(WaitKind::park, 0);
  EXPECT_EQ(idle_until(
                waiting, 'w', [] { return ParkAnswer::work; }, 10),
            "");
  EXPECT_EQ(counters_.parks.get(), 0U);
}

TEST_F(LadderTest, behind_an_unpublished_claim_it_yields_then_sleeps_shortly_and_is_counted) {
  Ladder waiting = ladder(WaitKind::park, 0);
  const std::string waited = idle_until(waiting, 's', [] { return ParkAnswer::unpublished; });
  EXPECT_EQ(waited, std::string(16, 'y') + "s");
  EXPECT_EQ(counters_.unpublished_waits.get(), 17U);
  EXPECT_EQ(counters_.parks.get(), 0U);
}

TEST_F(LadderTest, only_a_time_out_that_finds_work_without_a_wake_up_is_late) {
  woken = false;
  Ladder waiting = ladder(WaitKind::park, 0);
  waiting.idle(armed);
  EXPECT_EQ(counters_.wakes_late.get(), 0U) << "nothing to do";
  int asked = 0;
  waiting.idle([&] { return asked++ == 0 ? ParkAnswer::armed : ParkAnswer::work; });
  EXPECT_EQ(counters_.wakes_late.get(), 1U) << "work, and nobody woke";
  asked = 0;
  waiting.idle([&] {
    if (asked++ == 0) return ParkAnswer::armed;
    parker_.wake();
    return ParkAnswer::work;
  });
  EXPECT_EQ(counters_.wakes_late.get(), 1U) << "the waker was on its way";
}

}  // namespace
}  // namespace penstock::test
