// SPDX-License-Identifier: Apache-2.0
// A ring with its producers, runners and whoever closes it, as a scenario: the product's own
// BasicEventRing, Claim, Reader, Parker and Ladder over the explorer's atomics. What is checked in
// every execution, beside races and deadlocks:
//   each accepted event is seen by each runner once, whole (bytes, 64 newlines, fields, envelope),
//   in its producer's order, after the runners that this one follows; each abandoned claim is one
//   tombstone; nothing else is seen; a refused claim leaves no trace.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <penstock/runtime/base/budget.hpp>
#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/ring/event_ring.hpp>
#include <penstock/runtime/wait/ladder.hpp>

#include "../explorer/atomics.hpp"
#include "../explorer/explorer.hpp"
#include "../reach.hpp"
#include "ring_shape.hpp"

namespace penstock::model {

inline constexpr std::uint64_t kSequenceWrap = Position::kSequenceMask + 1;
inline constexpr std::uint64_t kUnitWrap = Position::kUnitMask + 1;

/// Counters of the product's width, started just below where they wrap.
inline RingShape below_wrap(RingShape shape) {
  shape.start_sequence = kSequenceWrap - 2;
  shape.start_units = kUnitWrap - 3;
  return shape;
}

template <class Position = penstock::Position>
class RingWorld final : public Scenario, public Reaching {
 public:
  explicit RingWorld(RingShape shape) : shape_(std::move(shape)) {
    for (const RunnerShape& runner : shape_.runners)
      runner_threads_ = std::max(runner_threads_, runner.thread + 1);
    for (const std::vector<Offer>& offers : shape_.producers)
      for (const Offer& offer : offers) {
        if (offer.how == How::await_first || offer.how == How::await_others) continue;
        offered_ += count_of(offer);
      }
  }

  [[nodiscard]] unsigned threads() const override {
    const unsigned closers = shape_.closing == Closing::never ? 0 : 1;
    return producers() + runner_threads_ + closers + (shape_.watched ? 1 : 0);
  }
  void setup() override;
  void run(unsigned thread) override {
    if (thread <= producers()) return produce(thread - 1);
    if (thread <= producers() + runner_threads_) return drive(thread - 1 - producers());
    if (shape_.watched && thread == threads()) return watch();
    close();
  }
  void finish() override;
  [[nodiscard]] std::string state_of(unsigned thread) const override;

 private:
  using Ring = BasicEventRing<ModelAtomics, Position>;
  using Slot = typename Ring::Slot;
  using Reader = typename Ring::Reader;
  using Claim = typename Ring::Claim;
  using Claims = std::array<Claim, 3>;  // no memory of its own: an execution may end anywhere

  static constexpr std::uint32_t kSlotsMax = 8;
  static constexpr std::uint32_t kUnitsMax = 32;
  static constexpr unsigned kRunnersMax = 4;
  static constexpr unsigned kProducersMax = 4;
  static constexpr unsigned kNumbersMax = 32;
  static constexpr unsigned kBlocks = 3;

  struct alignas(64) Line {
    std::uint64_t value = 0;
  };
  struct alignas(64) Block {
    char bytes[128];
  };
  /// What one runner has seen; its thread only.
  struct Seen {
    unsigned places = 0;
    unsigned tombstones = 0;
    std::uint64_t units = 0;      ///< of the arena, with what was skipped
    std::uint32_t end_units = 0;  ///< of the last place
    std::array<unsigned, kProducersMax> next{};
    std::array<std::array<bool, kNumbersMax>, kProducersMax> event{};
  };

  static bool holds(const Offer& offer) {
    return offer.how == How::hold || offer.how == How::hold_rest;
  }
  static unsigned count_of(const Offer& offer) {
    return offer.how == How::batch || holds(offer) ? offer.batch : 1;
  }
  [[nodiscard]] unsigned producers() const {
    return static_cast<unsigned>(shape_.producers.size());
  }
  static std::uint64_t tag(unsigned producer, unsigned number) {
    return std::uint64_t{producer + 1} << 5 | number;
  }
  static void check(bool holds, const char* what, const Site& site = Site::current()) {
    Explorer::current().check(holds, what, site);
  }

  void prepare();
  void produce(unsigned producer);
  bool offer(unsigned producer, const Offer& offer, Claims& claims);
  ClaimResult try_offer(const Offer& offer, Claims& claims, Block*& block);
  void accept(unsigned producer, const Offer& offer, Claims& claims, Block* block);
  bool wait_for_room(unsigned producer, const Offer& offer, bool budget_lacks);
  void idle(unsigned producer, How how);
  void check_place(const Offer& offer, const Claim& claim) const;
  void fill(unsigned producer, unsigned number, const Offer& offer, Claim& claim, Block* block);
  void drive(unsigned thread);
  void check_woken(unsigned runner);
  unsigned poll(unsigned runner);
  void advance(unsigned runner, std::uint32_t count);
  void look_at(unsigned runner, const Slot& slot, std::uint32_t index);
  void check_bytes(const Slot& slot, std::uint64_t tag);
  [[nodiscard]] bool is_listener(unsigned thread) const;
  void close();
  void check_abandoned();
  void watch();
  [[nodiscard]] bool all_read() const;
  // What is noted: in ring_world_points.hpp.
  [[nodiscard]] static bool in_truth(const std::function<bool()>& look) {
    return Explorer::current().in_truth(look);
  }
  [[nodiscard]] std::uint32_t reserve_units() const {
    return shape_.arena_units * shape_.reserve_slots / shape_.slots;
  }
  [[nodiscard]] bool takes_half(const Offer& offer) const;
  [[nodiscard]] bool unopened() const;
  void note_full(const Offer& offer);
  void note_claimed(unsigned producer, const Offer& offer);
  void note_waited(unsigned producer, bool in_time, bool was_open);
  void note_place(unsigned runner, const Slot& slot);
  void note_idle(unsigned thread, std::span<Reader* const> mine, ParkAnswer answer, unsigned asked);
  void note_sleepers();
  Block* take_block();
  void free_block(const Block& block);

  RingShape shape_;
  unsigned runner_threads_ = 0;
  unsigned offered_ = 0;  ///< places that all offers take, if none is refused
  // Made anew by setup(), in place: nothing here needs a destructor but the vectors inside readers.
  alignas(Slot) std::array<std::byte, sizeof(Slot) * kSlotsMax> slots_;
  alignas(64) std::array<char, kUnitBytes * kUnitsMax> arena_;
  std::array<Line, kSlotsMax> envelopes_;
  std::array<std::array<Line, kSlotsMax>, kRunnersMax> columns_;
  std::array<Block, kBlocks> blocks_;
  struct Parts {
    explicit Parts(const typename Ring::Memory& memory, std::uint64_t spill_max)
        : ring(memory), spill(spill_max) {}
    Ring ring;
    std::array<typename Ring::Cursor, kRunnersMax> cursors;
    std::array<BasicParker<ModelAtomics>, kRunnersMax> parkers;
    BasicBudget<ModelAtomics> spill;
    std::array<BasicCounter<ModelAtomics>, kProducersMax> accepted;
    std::array<BasicCounter<ModelAtomics>, kRunnersMax> handled;
    std::array<BasicCounter<ModelAtomics>, kProducersMax> wakes_late;  ///< for room
    /// An allocator hands a freed block's memory over to who takes it next.
    std::array<ModelAtomics::Atomic<bool>, kBlocks> taken;
  };
  std::optional<Parts> parts_;
  std::vector<Reader> readers_;
  std::array<WaitCounters, kRunnersMax> waits_;
  std::array<Seen, kRunnersMax> seen_;
  bool prepared_ = false;  ///< the ring
  /// Who has registered for a wake-up and not come back; told apart by thread.
  std::array<bool, kRunnersMax> runner_asleep_;
  std::array<bool, kProducersMax> producer_asleep_;
  /// The same when the ring was about to be closed.
  std::array<bool, kRunnersMax> runner_told_;
  std::array<bool, kProducersMax> producer_told_;
  // Each producer's own.
  std::array<std::array<bool, kNumbersMax>, kProducersMax> of_half_batch_;
  std::array<bool, kProducersMax> holds_;  ///< claims
  std::array<std::array<bool, kNumbersMax>, kProducersMax> accepted_;
  std::array<unsigned, kProducersMax> numbers_;
  std::array<unsigned, kProducersMax> places_;
  std::array<unsigned, kProducersMax> tombstones_;
};

// ---- host

template <class Position>
void RingWorld<Position>::setup() {
  auto* const slots = reinterpret_cast<Slot*>(slots_.data());
  for (std::uint32_t i = 0; i < shape_.slots; ++i) new (slots + i) Slot;
  parts_.emplace(typename Ring::Memory{.slots = slots,
                                       .slots_count = shape_.slots,
                                       .arena = arena_.data(),
                                       .arena_bytes = shape_.arena_units * kUnitBytes,
                                       .reserve_slots = shape_.reserve_slots},
                 shape_.spill_max);
  const Position start = Position::make(shape_.start_units, shape_.start_sequence);
  readers_.clear();
  for (std::size_t i = 0; i < shape_.runners.size(); ++i) {
    const RunnerShape& shape = shape_.runners[i];
    parts_->cursors[i].reset(start);
    readers_.emplace_back(parts_->ring, parts_->cursors[i], start);
    BasicParker<ModelAtomics>& parker = parts_->parkers[shape.thread];
    if (shape.gates) parts_->ring.add_gate(parts_->cursors[i]);
    if (shape.after.empty()) parts_->ring.add_listener(parker);
    for (const unsigned before : shape.after) {
      readers_[i].add_upstream(parts_->cursors[before]);
      readers_[before].add_follower(parker);
    }
    seen_[i] = {.end_units = start.units()};
  }
  prepared_ = false;
  if (!shape_.runner_prepares) prepare();
  reached_.begin();
  runner_asleep_ = runner_told_ = {};
  producer_asleep_ = producer_told_ = {};
  of_half_batch_ = {};
  holds_ = {};
  accepted_ = {};
  numbers_ = {};
  places_ = {};
  tombstones_ = {};
}

template <class Position>
void RingWorld<Position>::prepare() {
  parts_->ring.prepare(Position::make(shape_.start_units, shape_.start_sequence));
  prepared_ = true;
}

template <class Position>
bool RingWorld<Position>::all_read() const {
  unsigned places = 0;
  for (unsigned producer = 0; producer < producers(); ++producer) {
    if (!Explorer::current().ended(producer + 1)) return false;
    places += places_[producer];
  }
  for (std::size_t i = 0; i < readers_.size(); ++i)
    if (seen_[i].places != places) return false;
  return true;
}

template <class Position>
void RingWorld<Position>::finish() {
  unsigned tombstones = 0;
  for (unsigned producer = 0; producer < producers(); ++producer) {
    tombstones += tombstones_[producer];
    check(!shape_.watched || parts_->accepted[producer].get() == places_[producer],
          "what was accepted was counted");
  }
  if (shape_.closing == Closing::abandoned) return check_abandoned();
  check(all_read(), "every place that was claimed was read by every runner");
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    check(!shape_.watched || parts_->handled[i].get() == seen_[i].places,
          "what was handled was counted");
    check(seen_[i].event == accepted_, "a runner saw what was accepted");
    check(seen_[i].tombstones == tombstones, "each abandoned claim was one tombstone");
    check(shape_.closing == Closing::never || readers_[i].drained(),
          "a closed ring that was read is drained");
  }
  // With time-outs, two producers may keep a third thing going for as long as the ladder looks.
  for (unsigned thread = 0; thread < runner_threads_; ++thread)
    check((shape_.timeouts && producers() > 1) || waits_[thread].wakes_late.get() == 0,
          "no wake-up came late");
  for (unsigned producer = 0; producer < producers(); ++producer)
    check(parts_->wakes_late[producer].get() == 0, "no wake-up for room came late");
  check(parts_->ring.backlog() == 0, "no backlog is left");
  check(parts_->spill.used() == 0, "the budget of spilled events was given back");
  for (const ModelAtomics::Atomic<bool>& taken : parts_->taken)
    check(!taken.load(std::memory_order_relaxed), "every spilled block was freed");
}

/// That everybody came to an end is most of it; and nothing was seen that was not accepted.
template <class Position>
void RingWorld<Position>::check_abandoned() {
  for (std::size_t i = 0; i < readers_.size(); ++i)
    for (unsigned producer = 0; producer < producers(); ++producer)
      for (unsigned number = 0; number < kNumbersMax; ++number)
        check(accepted_[producer][number] || !seen_[i].event[producer][number],
              "a runner saw only what was accepted");
}

template <class Position>
std::string RingWorld<Position>::state_of(unsigned thread) const {
  if (thread <= producers() || thread > producers() + runner_threads_) return {};
  std::string text;
  for (std::size_t i = 0; i < readers_.size(); ++i)
    if (shape_.runners[i].thread == thread - 1 - producers())
      text += (text.empty() ? "has read " : ", ") + std::to_string(seen_[i].places);
  return text;
}

}  // namespace penstock::model

#include "ring_world_points.hpp"
#include "ring_world_producers.hpp"
#include "ring_world_runners.hpp"
