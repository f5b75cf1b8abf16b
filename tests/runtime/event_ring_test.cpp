// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "ring_fixture.hpp"

namespace penstock::test {
namespace {

using Fixture = RingFixture<>;
using SmallPosition = BasicPosition<7, 5>;  // counters that wrap at 128 units and 32 sequences

TEST(EventRing, events_come_out_in_order_with_their_bytes) {
  Fixture fixture({});
  for (int lap = 0; lap < 50; ++lap) {
    ASSERT_TRUE(fixture.publish("first " + std::to_string(lap)));
    ASSERT_TRUE(fixture.publish(std::string(static_cast<std::size_t>(lap) * 7, 'x')));
    ASSERT_EQ(fixture.read(), "first " + std::to_string(lap));
    ASSERT_EQ(fixture.read(), std::string(static_cast<std::size_t>(lap) * 7, 'x'));
    ASSERT_EQ(fixture.read(), "(none)");
  }
}

TEST(EventRing, ring_without_free_slot_refuses_and_leaves_no_trace) {
  Fixture fixture({});
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(fixture.publish("x"));
  const std::uint64_t before = fixture.ring.position().word;
  EXPECT_FALSE(fixture.publish("x"));
  EXPECT_EQ(fixture.ring.position().word, before);
  EXPECT_EQ(fixture.read(), "x");
  EXPECT_TRUE(fixture.publish("y"));
  EXPECT_FALSE(fixture.publish("z"));
}

TEST(EventRing, ring_without_free_bytes_refuses_and_leaves_no_trace) {
  Fixture fixture({.slots = 64, .arena_bytes = 1024});  // 16 units; an event of 192 bytes takes 4
  const std::string event(192, 'e');
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(fixture.publish(event));
  const std::uint64_t before = fixture.ring.position().word;
  EXPECT_FALSE(fixture.publish("x"));
  EXPECT_EQ(fixture.ring.position().word, before);
  EXPECT_EQ(fixture.read(), event);
  EXPECT_TRUE(fixture.publish(event));
}

TEST(EventRing, every_event_has_64_newlines_behind_it) {
  Fixture fixture({});
  for (std::size_t length = 0; length <= 300; ++length) {
    ASSERT_TRUE(fixture.publish(std::string(length, 'a')));
    const Fixture::Ring::Slot& slot = fixture.ring.slot(fixture.at().sequence());
    ASSERT_EQ(std::string(slot.bytes + slot.length, kPaddingBytes),
              std::string(kPaddingBytes, '\n'));
    ASSERT_EQ(fixture.read(), std::string(length, 'a'));
  }
}

TEST(EventRing, claim_at_half_the_arena_is_taken_at_every_offset_of_an_empty_ring) {
  for (std::uint64_t units = 0; units < 16; ++units) {
    Fixture fixture(
        {.slots = 8, .arena_bytes = 1024, .reserve_slots = 1, .start = Position::make(units, 0)});
    const std::string event(fixture.ring.inline_bytes_max(), 'h');
    ASSERT_TRUE(fixture.publish(event)) << "at unit " << units;
    ASSERT_EQ(fixture.read(), event);
    ASSERT_TRUE(fixture.publish(event));
    ASSERT_EQ(fixture.read(), event);
  }
}

TEST(EventRing, event_that_does_not_fit_before_the_end_of_the_arena_lies_at_its_start) {
  Fixture fixture({.slots = 8, .arena_bytes = 1024, .start = Position::make(14, 0)});
  ASSERT_TRUE(fixture.publish(std::string(192, 'w')));  // 4 units, 2 left
  const Fixture::Ring::Slot& slot = fixture.ring.slot(0);
  EXPECT_EQ(slot.end_units, 20U);  // 14 + 2 skipped + 4
  EXPECT_EQ(fixture.read(), std::string(192, 'w'));
  EXPECT_TRUE(fixture.publish("next"));
  EXPECT_EQ(fixture.read(), "next");
}

TEST(EventRing, annex_lies_in_lines_of_its_own_behind_the_padding) {
  for (const std::size_t length : {0U, 1U, 63U, 64U, 65U, 500U}) {
    for (const std::size_t annex_length : {1U, 64U, 65U, 300U}) {
      RingFixture<> fixture({.slots = 8, .arena_bytes = 4096});
      const std::string event(length, 'e');
      const std::string annex(annex_length, 'a');
      for (int round = 0; round < 20; ++round) {  // around the arena, with a neighbour
        EventRing::Claim claim;
        ASSERT_EQ(fixture.ring.try_claim(bytes_with_annex(length, annex_length), false, claim),
                  ClaimResult::claimed);
        claim.publish_copy(event, {.line = 7}, annex);
        ASSERT_TRUE(fixture.publish(std::string(100, 'n')));
        const EventRing::Slot& slot = fixture.ring.slot(fixture.at().sequence());
        EXPECT_EQ(std::string_view(slot.bytes, length), event);
        EXPECT_EQ(std::string_view(slot.bytes + length, 64), std::string(64, '\n'));
        EXPECT_EQ(slot.fields.line, 7U);
        ASSERT_EQ(slot.fields.annex_bytes, annex_length);
        EXPECT_EQ(std::string_view(slot.annex(), annex_length), annex);
        fixture.read();
        EXPECT_EQ(fixture.ring.slot(fixture.at().sequence()).fields.annex_bytes, 0U);
        EXPECT_EQ(fixture.read(), std::string(100, 'n'));
      }
    }
  }
}

TEST(EventRing, backlog_is_what_the_slowest_reader_has_before_it) {
  RingFixture<> fixture({.slots = 8, .start = Position::make(0, 0xFFFFFFFD)});
  EXPECT_EQ(fixture.ring.backlog(), 0U);
  for (int i = 0; i < 5; ++i) fixture.publish("e");
  EXPECT_EQ(fixture.ring.backlog(), 5U);
  fixture.read();
  EXPECT_EQ(fixture.ring.backlog(), 4U);
}

TEST(EventRing, batch_is_claimed_whole_or_not_at_all) {
  Fixture fixture({});
  const std::vector<std::uint32_t> lengths{10, 200, 0, 64, 63};
  std::vector<Fixture::Ring::Claim> claims(5);
  for (int lap = 0; lap < 40; ++lap) {
    ASSERT_EQ(fixture.ring.try_claim_batch(lengths, false, claims), ClaimResult::claimed);
    const std::uint64_t before = fixture.ring.position().word;
    std::vector<Fixture::Ring::Claim> more(5);
    ASSERT_EQ(fixture.ring.try_claim_batch(lengths, false, more), ClaimResult::full);
    ASSERT_EQ(fixture.ring.position().word, before);
    for (std::size_t i = 5; i-- > 0;)  // in any order: readers wait for the first
      claims[i].publish_copy(std::string(lengths[i], static_cast<char>('a' + i)), {});
    for (std::size_t i = 0; i < 5; ++i)
      ASSERT_EQ(fixture.read(), std::string(lengths[i], static_cast<char>('a' + i)));
  }
}

TEST(EventRing, published_out_of_order_is_read_in_order) {
  Fixture fixture({});
  Fixture::Ring::Claim first;
  Fixture::Ring::Claim second;
  ASSERT_EQ(fixture.ring.try_claim(1, false, first), ClaimResult::claimed);
  ASSERT_EQ(fixture.ring.try_claim(1, false, second), ClaimResult::claimed);
  second.publish_copy("2", {});
  EXPECT_EQ(fixture.read(), "(none)");
  first.publish_copy("1", {});
  EXPECT_EQ(fixture.read(), "1");
  EXPECT_EQ(fixture.read(), "2");
}

TEST(EventRing, first_of_a_batch_wakes_whatever_becomes_of_the_rest) {
  Fixture fixture({});
  ASSERT_EQ(fixture.ring.try_park(fixture.at()), ParkAnswer::armed);
  const std::uint32_t epoch = fixture.parker.epoch();
  std::vector<Fixture::Ring::Claim> claims(2);
  ASSERT_EQ(fixture.ring.try_claim_batch(std::vector<std::uint32_t>{1, 1}, false, claims),
            ClaimResult::claimed);
  EXPECT_EQ(fixture.parker.epoch(), epoch);
  claims[0].publish_copy("1", {});
  EXPECT_NE(fixture.parker.epoch(), epoch) << "it may be read already";
  EXPECT_EQ(fixture.read(), "1");
}

TEST(EventRingDeathTest, batch_that_could_never_fit_is_a_defect_of_its_caller) {
  Fixture fixture({.slots = 8, .arena_bytes = 1024, .reserve_slots = 2});
  std::vector<Fixture::Ring::Claim> claims(8);
  EXPECT_DEATH(fixture.ring.try_claim_batch(std::vector<std::uint32_t>(7, 0), false, claims),
               "reserve_slots_");
  EXPECT_DEATH(fixture.ring.try_claim_batch(std::vector<std::uint32_t>(2, 400), false, claims),
               "reserve_slots_");
}

TEST(EventRing, claim_left_by_return_exception_exit_or_cancellation_is_a_tombstone) {
  Fixture fixture({});
  const auto claim_and = [&](auto leave) {
    Fixture::Ring::Claim claim;
    ASSERT_EQ(fixture.ring.try_claim(5, false, claim), ClaimResult::claimed);
    claim.data()[0] = 'h';  // half filled
    leave();
  };
  claim_and([] {});
  try {
    claim_and([] { throw std::runtime_error("left"); });
  } catch (const std::runtime_error&) {
  }
  std::thread([&] { claim_and([] { pthread_exit(nullptr); }); }).join();
  std::thread([&] {
    claim_and([] {
      pthread_cancel(pthread_self());
      pthread_testcancel();
    });
  }).join();
  ASSERT_TRUE(fixture.publish("after"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(fixture.read(), "(tombstone)");
  EXPECT_EQ(fixture.read(), "after");
}

TEST(EventRing, nothing_looks_published_wherever_the_counters_start) {
  for (const std::uint64_t start :
       {0ULL, 1ULL, 7ULL, 0xFFFF'FFF8ULL, 0xFFFF'FFFFULL, 0x7FFF'FFFFULL}) {
    Fixture fixture({.start = Position::make(start, start)});
    for (std::uint32_t i = 0; i < 8; ++i)
      EXPECT_FALSE(fixture.ring.published(Position::sequence_after(fixture.at().sequence(), i)));
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(fixture.publish(std::to_string(i)));
      ASSERT_EQ(fixture.read(), std::to_string(i));
      ASSERT_EQ(fixture.read(), "(none)");
    }
  }
}

TEST(EventRing, small_counters_go_around_many_times) {
  for (std::uint32_t start = 0; start < 32; ++start) {
    RingFixture<SmallPosition> fixture(
        {.slots = 8, .arena_bytes = 1024, .start = SmallPosition::make(start * 4, start)});
    std::vector<std::string> expected;
    for (int i = 0; i < 500; ++i) {
      while (
          fixture.publish(std::string(static_cast<std::size_t>(i) % 190, 'a') + std::to_string(i)))
        expected.push_back(std::string(static_cast<std::size_t>(i) % 190, 'a') + std::to_string(i));
      ASSERT_FALSE(expected.empty());
      ASSERT_EQ(fixture.read(), expected.front());
      expected.erase(expected.begin());
    }
  }
}

TEST(EventRing, reserve_is_refused_to_claims_from_outside_only) {
  Fixture fixture({.slots = 8, .arena_bytes = 4096, .reserve_slots = 2});
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(fixture.publish("x"));
  EXPECT_FALSE(fixture.publish("x"));
  Fixture::Ring::Claim claim;
  EXPECT_EQ(fixture.ring.try_claim(1, true, claim), ClaimResult::claimed);
  claim.publish_copy("i", {});
  EXPECT_EQ(fixture.ring.try_claim(1, true, claim), ClaimResult::claimed);
  claim.publish_copy("i", {});
  EXPECT_EQ(fixture.ring.try_claim(1, true, claim), ClaimResult::full);
}

TEST(EventRing, slowest_of_several_gates_holds_producers_back) {
  Fixture fixture({.slots = 4, .arena_bytes = 4096});
  Fixture::Ring::Cursor second;
  second.reset({});
  fixture.ring.add_gate(second);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(fixture.publish("x"));
  for (int i = 0; i < 4; ++i) fixture.read();
  EXPECT_FALSE(fixture.publish("y"));
  second.advance(fixture.at(), [] { return true; });
  EXPECT_TRUE(fixture.publish("y"));
}

TEST(EventRing, closed_ring_refuses_and_is_drained_once_all_claims_are_read) {
  Fixture fixture({});
  Fixture::Ring::Claim open;
  ASSERT_EQ(fixture.ring.try_claim(1, false, open), ClaimResult::claimed);
  fixture.ring.close();
  Fixture::Ring::Claim refused;
  EXPECT_EQ(fixture.ring.try_claim(1, false, refused), ClaimResult::closed);
  EXPECT_EQ(fixture.ring.try_claim_slot(true, refused), ClaimResult::closed);
  EXPECT_FALSE(fixture.ring.drained(fixture.at()));
  open.publish_copy("o", {});
  EXPECT_FALSE(fixture.ring.drained(fixture.at()));
  EXPECT_EQ(fixture.read(), "o");
  EXPECT_TRUE(fixture.ring.drained(fixture.at()));
}

TEST(EventRing, ring_that_was_closed_before_it_opened_stays_closed) {
  std::vector<EventRing::Slot> slots(2);
  alignas(64) std::array<char, 1024> arena{};
  EventRing ring({.slots = slots.data(),
                  .slots_count = 2,
                  .arena = arena.data(),
                  .arena_bytes = arena.size()});
  EventRing::Cursor cursor;
  cursor.reset({});
  ring.add_gate(cursor);
  EventRing::Claim claim;
  EXPECT_EQ(ring.try_claim(1, false, claim), ClaimResult::closed) << "not yet open";
  ring.close();
  ring.prepare();
  EXPECT_TRUE(ring.closed());
  EXPECT_EQ(ring.try_claim(1, false, claim), ClaimResult::closed);
  EXPECT_EQ(ring.try_park({}), ParkAnswer::drained);
}

TEST(EventRing, close_wakes_who_waits_for_events) {
  Fixture fixture({});
  ASSERT_EQ(fixture.ring.try_park(fixture.at()), ParkAnswer::armed);
  const std::uint32_t epoch = fixture.parker.epoch();
  fixture.ring.close();
  EXPECT_NE(fixture.parker.epoch(), epoch);
}

TEST(EventRing, closing_under_contending_producers_leaves_what_was_claimed_and_nothing_else) {
  constexpr int kProducers = 3;
  for (int round = 0; round < 50; ++round) {
    Fixture fixture({.slots = 64, .arena_bytes = 8192});
    std::atomic<int> claimed{0};
    std::vector<std::thread> producers;
    for (int producer = 0; producer < kProducers; ++producer)
      producers.emplace_back([&] {
        for (;;) {
          Fixture::Ring::Claim claim;
          const ClaimResult result = fixture.ring.try_claim(1, false, claim);
          if (result == ClaimResult::closed) return;
          if (result == ClaimResult::full) {
            fixture.ring.wait_for_room(1, false, 0);
            continue;
          }
          // relaxed: read after join.
          claimed.fetch_add(1, std::memory_order_relaxed);
          claim.publish_copy("x", {});
        }
      });
    int seen = 0;
    while (!fixture.ring.drained(fixture.at())) {
      if (fixture.read() == "x") {
        if (fixture.waiters.producers) fixture.ring.wake_producers();
        if (++seen == 100) fixture.ring.close();
      } else {
        std::this_thread::yield();
      }
    }
    for (std::thread& producer : producers) producer.join();
    // relaxed: ordered by join.
    EXPECT_EQ(seen, claimed.load(std::memory_order_relaxed));
  }
}

TEST(EventRing, runner_parks_only_when_nothing_is_claimed_and_the_next_publish_wakes_it) {
  Fixture fixture({});
  EXPECT_EQ(fixture.ring.try_park(fixture.at()), ParkAnswer::armed);
  const std::uint32_t epoch = fixture.parker.epoch();
  Fixture::Ring::Claim claim;
  ASSERT_EQ(fixture.ring.try_claim(1, false, claim), ClaimResult::claimed);
  EXPECT_EQ(fixture.parker.epoch(), epoch) << "woken before the publish";
  EXPECT_EQ(fixture.ring.try_park(fixture.at()), ParkAnswer::unpublished);
  claim.publish_copy("x", {});
  EXPECT_NE(fixture.parker.epoch(), epoch);
  EXPECT_EQ(fixture.ring.try_park(fixture.at()), ParkAnswer::work);
  const std::uint32_t woken = fixture.parker.epoch();
  ASSERT_TRUE(fixture.publish("y"));
  EXPECT_EQ(fixture.parker.epoch(), woken) << "a publish that nobody waits for costs no wake-up";
  fixture.read();
  fixture.read();
  fixture.ring.close();
  EXPECT_EQ(fixture.ring.try_park(fixture.at()), ParkAnswer::drained);
}

TEST(EventRing, tombstone_wakes_a_parked_runner) {
  Fixture fixture({});
  ASSERT_EQ(fixture.ring.try_park(fixture.at()), ParkAnswer::armed);
  const std::uint32_t epoch = fixture.parker.epoch();
  {
    Fixture::Ring::Claim claim;
    ASSERT_EQ(fixture.ring.try_claim(1, false, claim), ClaimResult::claimed);
  }
  EXPECT_NE(fixture.parker.epoch(), epoch);
}

TEST(EventRing, waiting_producer_is_told_of_when_the_cursor_moves) {
  Fixture fixture({.slots = 2, .arena_bytes = 4096});
  ASSERT_TRUE(fixture.publish("a"));
  ASSERT_TRUE(fixture.publish("b"));
  EXPECT_FALSE(fixture.ring.wait_for_room(1, false, 1)) << "full: waits until its time ran out";
  fixture.read();
  EXPECT_TRUE(fixture.waiters.producers);
  EXPECT_TRUE(fixture.ring.wait_for_room(1, false, 1)) << "room: does not wait";
  fixture.read();
  EXPECT_FALSE(fixture.waiters.producers) << "the flag is taken once";
}

TEST(EventRing, waiting_producer_stays_registered_while_it_is_not_worth_waking) {
  Fixture fixture({.slots = 2, .arena_bytes = 4096});
  ASSERT_TRUE(fixture.publish("a"));
  ASSERT_TRUE(fixture.publish("b"));
  EXPECT_FALSE(fixture.ring.wait_for_room(1, false, 1));
  EXPECT_FALSE(fixture.cursor.advance(Position::make(2, 1), [] { return false; }).producers);
  EXPECT_TRUE(fixture.cursor.advance(Position::make(4, 2), [] { return true; }).producers);
}

TEST(EventRing, later_segment_is_told_of_when_the_cursor_moves) {
  Fixture fixture({});
  ASSERT_TRUE(fixture.publish("a"));
  const Position seen = fixture.cursor.load();
  EXPECT_TRUE(fixture.cursor.try_flag(seen, Fixture::Ring::Cursor::kSegmentsWait));
  fixture.read();
  EXPECT_TRUE(fixture.waiters.segments);
  EXPECT_FALSE(fixture.cursor.try_flag(seen, Fixture::Ring::Cursor::kSegmentsWait))
      << "the cursor moved since it was looked at";
}

TEST(EventRing, producers_that_contend_lose_and_duplicate_nothing) {
  constexpr int kProducers = 3;
  constexpr int kEach = 20'000;
  Fixture fixture(
      {.slots = 64, .arena_bytes = 8192, .start = Position::make(0x3FFF'FF00, 0xFFFF'FF00)});
  std::vector<std::thread> producers;
  for (int producer = 0; producer < kProducers; ++producer)
    producers.emplace_back([&, producer] {
      for (int i = 0; i < kEach; ++i) {
        const std::string event = std::to_string(producer) + ":" + std::to_string(i);
        while (!fixture.publish(event)) fixture.ring.wait_for_room(event.size(), false, 0);
      }
    });
  std::vector<int> next(kProducers, 0);
  for (int seen = 0; seen < kProducers * kEach;) {
    const std::string event = fixture.read();
    if (event == "(none)") {
      std::this_thread::yield();
      continue;
    }
    if (fixture.waiters.producers) fixture.ring.wake_producers();
    const int producer = event[0] - '0';
    ASSERT_EQ(event.substr(2), std::to_string(next[static_cast<std::size_t>(producer)]++));
    ++seen;
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(fixture.read(), "(none)");
}

}  // namespace
}  // namespace penstock::test
