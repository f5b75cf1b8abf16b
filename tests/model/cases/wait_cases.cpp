// SPDX-License-Identifier: Apache-2.0
// Cases of waiting and of the small things that threads share.
#include <array>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <penstock/runtime/base/budget.hpp>
#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/base/holders.hpp>
#include <penstock/runtime/ring/event_ring.hpp>
#include <penstock/runtime/wait/countdown.hpp>
#include <penstock/runtime/wait/ladder.hpp>

#include "../case.hpp"
#include "../explorer/in_lambdas.hpp"

namespace penstock::model {
namespace {

void check(bool holds, const char* what, const Site& site = Site::current()) {
  Explorer::current().check(holds, what, site);
}

// ---- countdown

struct CountdownState {
  CountdownState() { left.reset(2); }
  BasicCountdown<ModelAtomics> left;
  BasicCounter<ModelAtomics> counted[2];
  Reached* reached = nullptr;
};

std::unique_ptr<Scenario> countdown() {
  using State = CountdownState;
  const auto ends = [](unsigned which) {
    return [=](State& s) {
      s.counted[which].add(3);
      s.left.count_down();
    };
  };
  const auto waits = [](State& s) {
    for (;;) {
      const std::uint32_t epoch = s.left.epoch();
      if (s.left.zero()) break;
      s.left.wait(epoch, 0);
      if (Explorer::current().just_woken()) s.reached->note(Point::waiter_woken);
    }
    check(s.counted[0].get() == 3 && s.counted[1].get() == 3, "what they counted is visible");
  };
  return std::make_unique<InLambdas<State>>(
      std::vector<std::function<void(State&)>>{ends(0), ends(1), waits}, [](State&) {});
}

// ---- holders

struct HoldersState {
  BasicHolders<ModelAtomics> holders;
  std::uint64_t thing = 7;
  unsigned ended = 0;
  Reached* reached = nullptr;
};

void leave(HoldersState& s) {
  ModelAtomics::plain_read(&s.thing, sizeof s.thing);
  check(s.thing == 7, "a holder finds the thing whole");
  if (!s.holders.leave()) return;
  ModelAtomics::plain_write(&s.thing, sizeof s.thing);
  s.thing = 0;
  ++s.ended;
  s.reached->note(Explorer::current().thread() == 1 ? Point::first_ended_it
                                                    : Point::second_ended_it);
}

std::unique_ptr<Scenario> holders() {
  using State = HoldersState;
  // Two holders are made before the threads start; one of them makes a third.
  const auto copies = [](State& s) {
    s.holders.add();
    leave(s);
    leave(s);
  };
  struct Two : HoldersState {
    Two() { holders.add(); }
  };
  return std::make_unique<InLambdas<Two>>(
      std::vector<std::function<void(Two&)>>{copies, [](Two& s) { leave(s); }},
      [](Two& s) { check(s.ended == 1, "the last one ended it, once"); });
}

// ---- budget

struct BudgetState {
  BasicBudget<ModelAtomics> budget{3};
  Reached* reached = nullptr;
};

std::unique_ptr<Scenario> budget() {
  using State = BudgetState;
  const auto uses = [](std::uint64_t count) {
    return [=](State& s) {
      if (!s.budget.try_take(count)) return s.reached->note(Point::budget_refused);
      check(s.budget.used() <= 3, "no more is in use than there is");
      const std::uint64_t used = s.budget.give_back(count);
      check(used >= count, "what was taken was in use");
      if (used > count) s.reached->note(Point::budget_shared);
    };
  };
  return std::make_unique<InLambdas<State>>(
      std::vector<std::function<void(State&)>>{uses(1), uses(2), uses(3)},
      [](State& s) { check(s.budget.used() == 0, "all was given back"); });
}

// ---- room for two

/// A ring that was filled and read: there is room for all, but the gate does not know.
struct RoomState {
  using Ring = BasicEventRing<ModelAtomics>;
  RoomState() {
    ring.add_gate(cursor);
    ring.prepare();
    for (int i = 0; i < 2; ++i) {
      Ring::Claim claim;
      check(ring.try_claim(1, false, claim) == ClaimResult::claimed, "an empty ring has room");
    }
    Ring::Reader(ring, cursor).advance(2);
  }
  Ring::Slot slots[2];
  alignas(64) char arena[8 * kUnitBytes];
  Ring::Cursor cursor;
  Ring ring{{.slots = slots, .slots_count = 2, .arena = arena, .arena_bytes = sizeof arena}};
  std::array<unsigned, 4> claimed{};  ///< how often, by sequence number
  Reached* reached = nullptr;
};

std::unique_ptr<Scenario> room_for_two() {
  const auto claims = [](RoomState& s) {
    RoomState::Ring::Claim claim;
    check(s.ring.try_claim(1, false, claim) == ClaimResult::claimed,
          "who moves the gate beside another finds the room, too");
    ++s.claimed.at(claim.sequence());
    if (claim.sequence() != 2) return;
    s.reached->note(Explorer::current().thread() == 1 ? Point::first_claimed_first
                                                      : Point::second_claimed_first);
  };
  return std::make_unique<InLambdas<RoomState>>(
      std::vector<std::function<void(RoomState&)>>{claims, claims}, [](RoomState& s) {
        check(s.claimed[2] == 1 && s.claimed[3] == 1, "each has a place of its own");
      });
}

// ---- room that is not worth a wake-up

/// How often the ring looks for a late waker; each look sleeps for the explorer's long sleep.
constexpr unsigned kLooks = 10;
static_assert(BasicEventRing<ModelAtomics>::kLateLookNs / kLooks == kLongSleepNs);

/// A full ring behind two readers, and a producer that waits for room.
struct FullState {
  using Ring = BasicEventRing<ModelAtomics>;
  static constexpr std::uint32_t kSlots = 4;
  FullState() {
    ring.add_gate(ahead);
    ring.add_gate(behind);
    ring.prepare();
    for (std::uint32_t i = 0; i < kSlots; ++i) {
      Ring::Claim claim;
      check(ring.try_claim(1, false, claim) == ClaimResult::claimed, "an empty ring has room");
      claim.publish_copy("x", {});
    }
  }
  Ring::Slot slots[kSlots];
  alignas(64) char arena[16 * kUnitBytes];
  Ring::Cursor ahead;
  Ring::Cursor behind;
  Ring ring{{.slots = slots, .slots_count = kSlots, .arena = arena, .arena_bytes = sizeof arena}};
  BasicCounter<ModelAtomics> late;
  Reached* reached = nullptr;
};

/// One reader is done with all, the other with one event, and for long with no other, so that a
/// producer may run out of time: who says then that a wake-up was forgotten looks at the wrong
/// advance. To the reduction long sleeps depend on nothing, so that not all of their orders are
/// tried.
std::unique_ptr<Scenario> small_advance() {
  const auto waits = [](FullState& s) {
    if (!s.ring.wait_for_room(1, false, 1, &s.late)) s.reached->note(Point::producer_timed_out);
  };
  const auto reads = [](FullState& s) {
    FullState::Ring::Reader(s.ring, s.ahead).advance(FullState::kSlots);
    FullState::Ring::Reader behind(s.ring, s.behind);
    behind.advance(1);
    for (unsigned i = 0; i < kLooks; ++i) ModelAtomics::sleep_ns(kLongSleepNs);
    behind.advance(FullState::kSlots - 1);
  };
  return std::make_unique<InLambdas<FullState>>(
      std::vector<std::function<void(FullState&)>>{waits, reads},
      [](FullState& s) { check(s.late.get() == 0, "no wake-up for room came late"); });
}

// ---- one thread before two rings

/// A thread that drives the runners of two partitions parks only when each has registered.
class TwoRings final : public Scenario, public Reaching {
 public:
  explicit TwoRings(unsigned events) : events_(events) {}

  [[nodiscard]] unsigned threads() const override { return 3; }
  void setup() override {
    reached_.begin();
    parts_.reset();
    parts_.emplace(*this);
    seen_[0] = seen_[1] = 0;
  }
  void run(unsigned thread) override {
    if (thread == 3) return drive();
    Ring& ring = *parts_->rings[thread - 1];
    for (unsigned i = 0; i < events_; ++i) {
      Ring::Claim claim;
      while (ring.try_claim(1, false, claim) != ClaimResult::claimed)
        ring.wait_for_room(1, false, 0);
      claim.publish_copy("x", {.line = i});
    }
  }

 private:
  using Ring = BasicEventRing<ModelAtomics>;

  struct Parts {
    explicit Parts(TwoRings& world) {
      for (unsigned i = 0; i < 2; ++i) {
        rings[i].emplace(Ring::Memory{.slots = slots[i],
                                      .slots_count = 2,
                                      .arena = world.arena_[i],
                                      .arena_bytes = sizeof world.arena_[i]});
        rings[i]->add_gate(cursors[i]);
        rings[i]->add_listener(parker);
        rings[i]->prepare();
        readers[i].emplace(*rings[i], cursors[i]);
      }
    }
    Ring::Slot slots[2][2];
    std::optional<Ring> rings[2];
    Ring::Cursor cursors[2];
    BasicParker<ModelAtomics> parker;
    std::optional<Ring::Reader> readers[2];
  };

  void drive() {
    WaitCounters waits;
    BasicLadder<ModelAtomics> ladder({.kind = WaitKind::park}, parts_->parker, steady_clock(),
                                     waits);
    Ring::Reader* const both[] = {&*parts_->readers[0], &*parts_->readers[1]};
    while (seen_[0] + seen_[1] < 2 * events_) {
      unsigned done = 0;
      for (unsigned i = 0; i < 2; ++i) {
        if (!both[i]->is_there(0)) continue;
        check(both[i]->slot_at(0).fields.line == seen_[i], "events come in order");
        ++seen_[i];
        ++done;
        both[i]->advance(1);
      }
      if (done != 0) continue;
      ladder.idle([&] { return arm_all(both); });
      if (Explorer::current().just_woken()) reached_.note(Point::two_runners_woken);
    }
    check(waits.wakes_late.get() == 0, "no wake-up came late");
  }

  unsigned events_;
  alignas(64) char arena_[2][8 * kUnitBytes];
  std::optional<Parts> parts_;
  unsigned seen_[2] = {};
};

const Case kCases[] = {
    {"countdown",
     "who finds zero sees what the others counted; every schedule",
     countdown,
     {.stale_max = 2},
     true,
     0,
     {Point::waiter_woken}},
    {"holders",
     "the last one to leave ends the thing; every schedule",
     holders,
     {.stale_max = 2},
     true,
     0,
     {Point::first_ended_it, Point::second_ended_it}},
    {"budget",
     "three share a budget; every schedule",
     budget,
     {.stale_max = 1, .spurious_max = 1},
     true,
     0,
     {Point::budget_refused, Point::budget_shared}},
    {"room_for_two",
     "two claims at once for which there is room are not refused; every schedule",
     room_for_two,
     {.stale_max = 2, .spurious_max = 1},
     true,
     0,
     {Point::first_claimed_first, Point::second_claimed_first}},
    {"small_advance",
     "an advance that was not worth a wake-up is no late one",
     small_advance,
     {.stale_max = 2, .timeouts_max = 1},
     true,
     0,
     {Point::producer_timed_out}},
    {"two_rings_one_thread",
     "a thread parks only when both of its runners have registered",
     [] { return std::unique_ptr<Scenario>(new TwoRings(3)); },
     {},
     false,
     900'000,
     {Point::two_runners_woken}},
};

}  // namespace

std::span<const Case> wait_cases() { return kCases; }

}  // namespace penstock::model
