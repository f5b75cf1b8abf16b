// SPDX-License-Identifier: Apache-2.0
// Steps of parking: registering for news, and a whole park with its wake-up across threads.
#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>

#include <penstock/runtime/ring/event_ring.hpp>
#include <penstock/runtime/wait/parker.hpp>

#include "step.hpp"

namespace penstock::bench {
namespace {

constexpr std::uint32_t kSlots = 64;
constexpr std::uint64_t kArenaBytes = 8192;
constexpr std::size_t kParks = 64;

/// What a producer pays for a runner that parks: arms, then the claim that finds the flag wakes by
/// a system call. Nobody sleeps.
class ArmAndWakeStep final : public Step {
 public:
  ArmAndWakeStep()
      : slots_(std::make_unique<EventRing::Slot[]>(kSlots)),
        arena_(static_cast<char*>(std::aligned_alloc(64, kArenaBytes))),
        ring_({.slots = slots_.get(),
               .slots_count = kSlots,
               .arena = arena_.get(),
               .arena_bytes = kArenaBytes}) {
    cursor_.reset({});
    ring_.add_gate(cursor_);
    ring_.add_listener(parker_);
    ring_.prepare();
  }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  void timed() override {
    for (std::size_t i = 0; i < kEventsOfTurn; ++i) {
      if (reader_.arm() != ParkAnswer::armed) std::abort();
      EventRing::Claim claim;
      if (ring_.try_claim(1, false, claim) != ClaimResult::claimed) std::abort();
      claim.publish_copy("x", {});
      reader_.advance(1);
    }
  }

  std::unique_ptr<EventRing::Slot[]> slots_;
  std::unique_ptr<char, Free> arena_;
  EventRing ring_;
  EventRing::Cursor cursor_;
  Parker parker_;
  EventRing::Reader reader_{ring_, cursor_};
};

/// Two threads hand a turn to and fro, each parked until the other has woken it.
class ParkAndWakeStep final : public Step {
 public:
  ParkAndWakeStep()
      : partner_([this] {
          for (std::uint32_t turn = 0;; ++turn) {
            while (there_.epoch() == turn) there_.wait(turn, 0);
            // acquire: pairs with the release in the destructor.
            const bool stop = stop_.load(std::memory_order_acquire);
            here_.wake();
            if (stop) return;
          }
        }) {}
  ~ParkAndWakeStep() override {
    // release: pairs with the acquire of the partner.
    stop_.store(true, std::memory_order_release);
    there_.wake();
    partner_.join();
  }

 private:
  void timed() override {
    for (std::size_t i = 0; i < kParks; ++i, ++turn_) {
      there_.wake();
      while (here_.epoch() == turn_) here_.wait(turn_, 0);
    }
  }

  Parker here_;
  Parker there_;
  std::atomic<bool> stop_{false};
  std::uint32_t turn_ = 0;
  std::thread partner_;
};

}  // namespace

void add_wait_steps(std::vector<NamedStep>& to) {
  to.push_back({"arm_and_wake", "arm, publish to the armed reader (a system call), read",
                [] { return std::make_unique<ArmAndWakeStep>(); }});
  to.push_back({.name = "park_and_wake",
                .what = "two parks and two wake-ups: a turn there and back",
                .make = [] { return std::make_unique<ParkAndWakeStep>(); },
                .events = kParks,
                .one_thread = false});
}

}  // namespace penstock::bench
