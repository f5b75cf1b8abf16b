// SPDX-License-Identifier: Apache-2.0
// Which time-outs of a producer that waits for room count as a wake-up that was owed. The atomics
// let the test do something in the middle of the wait, which then times out.
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include <penstock/runtime/ring/event_ring.hpp>

namespace penstock::test {
namespace {

std::function<void()> during_wait;   // NOLINT: the policy below has only static functions
std::function<void()> during_sleep;  // NOLINT

struct TimingOutAtomics {
  template <class T>
  using Atomic = std::atomic<T>;
  static void plain_read(const void*, std::size_t) noexcept {}
  static void plain_write(const void*, std::size_t) noexcept {}
  static void pause() noexcept {}
  static void sleep_ns(std::uint64_t) noexcept {
    if (during_sleep) std::exchange(during_sleep, nullptr)();
  }
  static bool wait(const std::atomic<std::uint32_t>&, std::uint32_t, std::uint64_t) noexcept {
    if (during_wait) std::exchange(during_wait, nullptr)();
    return false;
  }
  static void wake_all(const std::atomic<std::uint32_t>&) noexcept {}
};

class LateRoom : public ::testing::Test {
 protected:
  using Ring = BasicEventRing<TimingOutAtomics>;
  static constexpr std::uint32_t kSlots = 8;
  static constexpr std::uint64_t kArenaBytes = 4096;

  LateRoom()
      : arena_(static_cast<char*>(std::aligned_alloc(kUnitBytes, kArenaBytes)), &std::free),
        ring_({.slots = slots_,
               .slots_count = kSlots,
               .arena = arena_.get(),
               .arena_bytes = kArenaBytes}) {
    ring_.add_gate(cursor_);
    ring_.prepare();
    for (std::uint32_t i = 0; i < kSlots; ++i) publish();
  }
  void publish() {
    Ring::Claim claim;
    ASSERT_EQ(ring_.try_claim(1, false, claim), ClaimResult::claimed);
    claim.publish_copy("x", {});
  }
  /// The runner passes `count` events, and wakes nobody.
  void pass_in_silence(std::uint32_t count) {
    const std::uint32_t to = cursor_.load().sequence() + count;
    static_cast<void>(
        cursor_.advance(Position::make(ring_.slot(to - 1).end_units, to), [] { return false; }));
  }
  std::uint64_t late_after(std::function<void()> in_the_wait) {
    during_wait = std::move(in_the_wait);
    BasicCounter<TimingOutAtomics> late;
    EXPECT_FALSE(ring_.wait_for_room(1, false, 1, &late));
    return late.get();
  }

  Ring::Slot slots_[kSlots];
  std::unique_ptr<char, decltype(&std::free)> arena_;
  Ring ring_;
  Ring::Cursor cursor_;
};

TEST_F(LateRoom, ring_that_stayed_full_owes_nothing) { EXPECT_EQ(late_after(nullptr), 0U); }

TEST_F(LateRoom, room_that_nobody_woke_for_is_late) {
  EXPECT_EQ(late_after([this] { pass_in_silence(kSlots / 2); }), 1U);
}

TEST_F(LateRoom, slot_that_nobody_woke_for_is_late) {
  during_wait = [this] { pass_in_silence(kSlots / 2); };
  BasicCounter<TimingOutAtomics> late;
  EXPECT_FALSE(ring_.wait_for_slot(false, 1, &late));
  EXPECT_EQ(late.get(), 1U);
}

TEST_F(LateRoom, less_room_than_is_worth_a_wake_up_owes_nothing) {
  EXPECT_EQ(late_after([this] { pass_in_silence(kSlots / 2 - 1); }), 0U);
}

TEST_F(LateRoom, nothing_left_to_read_is_worth_a_wake_up_however_little_room_there_is) {
  pass_in_silence(1);
  Ring::Claim open;
  ASSERT_EQ(ring_.try_claim(1, false, open), ClaimResult::claimed);
  // Behind the seven that were read stands a claim that is not published.
  EXPECT_EQ(late_after([this] { pass_in_silence(kSlots - 1); }), 1U);
  open.publish_copy("x", {});
}

TEST_F(LateRoom, ring_that_closes_wakes_and_owes_nothing) {
  EXPECT_EQ(late_after([this] { ring_.close(); }), 0U) << "close() wakes";
}

TEST_F(LateRoom, waker_that_is_on_its_way_is_not_late) {
  during_sleep = [this] { ring_.wake_producers(); };
  EXPECT_EQ(late_after([this] { pass_in_silence(kSlots / 2); }), 0U);
}

TEST_F(LateRoom, room_that_somebody_else_took_meanwhile_is_not_late) {
  during_sleep = [this] {
    for (std::uint32_t i = 0; i < kSlots / 2; ++i) publish();
  };
  EXPECT_EQ(late_after([this] { pass_in_silence(kSlots / 2); }), 0U);
}

}  // namespace
}  // namespace penstock::test
