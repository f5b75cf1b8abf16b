// SPDX-License-Identifier: Apache-2.0
// A ring with its producers, runners and whoever closes it, as a scenario: the product's own
// BasicEventRing, Claim, Reader, Parker and Ladder over the explorer's atomics. What is checked in
// every execution, beside races and deadlocks:
//   each accepted event is seen by each runner once, whole (bytes, 64 newlines, fields, envelope),
//   in its producer's order, after the runners that this one follows; each abandoned claim is one
//   tombstone; nothing else is seen; a refused claim leaves no trace.
#pragma once

#include <array>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <penstock/runtime/base/budget.hpp>
#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/ring/event_ring.hpp>
#include <penstock/runtime/wait/ladder.hpp>

#include "explorer/atomics.hpp"
#include "explorer/explorer.hpp"

namespace penstock::model {

enum class How : std::uint8_t {
  copy,
  in_place,
  abandon,
  batch,
  spilled,
  hold,          ///< claims a batch, and fills it only when it has done everything else
  hold_rest,     ///< the same, but for the first of the batch
  await_first,   ///< nothing, until the first producer has published something
  await_others,  ///< nothing, until all other producers have ended
};

/// One thing that a producer does.
struct Offer {
  How how = How::copy;
  std::uint32_t bytes = 1;  ///< 1..64 take two units of the arena, 65..128 three
  bool waits = true;        ///< for room; else a full ring refuses it
  bool use_reserve = false;
  unsigned batch = 2;  ///< events of a batch
};

struct RunnerShape {
  std::vector<unsigned> after;  ///< runners that it follows; none: it reads behind the producers
  bool gates = true;            ///< producers wait for it
  unsigned thread = 0;          ///< runners with the same number share a thread
  unsigned batch_max = 2;
};

enum class Closing : std::uint8_t {
  once_read,  ///< when every accepted event was read: who sleeps on unread ones is found
  any_time,
  abandoned,  ///< at any time, and runners leave without reading the rest
  never,      ///< runners leave when they have seen as much as was offered: fewer schedules
};

struct RingShape {
  std::uint32_t slots = 2;
  std::uint32_t arena_units = 8;
  std::uint32_t reserve_slots = 0;
  std::uint64_t start_units = 0;
  std::uint64_t start_sequence = 0;
  std::vector<std::vector<Offer>> producers;
  std::vector<RunnerShape> runners{{}};
  Closing closing = Closing::once_read;
  bool runner_prepares = false;  ///< the first runner opens the ring, while producers already try
  bool timeouts = false;         ///< parks may run out of time
  bool watched = false;          ///< one more thread looks at what any thread may look at
  std::uint64_t spill_max = 0;   ///< how many spilled events may be there
};

template <class Position = penstock::Position>
class RingWorld final : public Scenario {
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

  void produce(unsigned producer);
  bool offer(unsigned producer, const Offer& offer, Claims& claims);
  ClaimResult try_offer(const Offer& offer, Claims& claims, Block*& block);
  void idle(unsigned producer, How how);
  void check_place(const Offer& offer, const Claim& claim);
  void fill(unsigned producer, unsigned number, const Offer& offer, Claim& claim, Block* block);
  void drive(unsigned thread);
  void check_woken(unsigned runner);
  unsigned poll(unsigned runner);
  void look_at(unsigned runner, const Slot& slot, std::uint32_t index);
  void check_bytes(const Slot& slot, std::uint64_t tag);
  void close();
  void check_abandoned();
  void watch();
  [[nodiscard]] bool all_read() const;
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
    /// An allocator hands a freed block's memory over to who takes it next.
    std::array<ModelAtomics::Atomic<bool>, kBlocks> taken;
  };
  std::optional<Parts> parts_;
  std::vector<Reader> readers_;
  std::array<WaitCounters, kRunnersMax> waits_;
  std::array<Seen, kRunnersMax> seen_;
  // Each producer's own.
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
    seen_[i] = {};
  }
  if (!shape_.runner_prepares) parts_->ring.prepare(start);
  accepted_ = {};
  numbers_ = {};
  places_ = {};
  tombstones_ = {};
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
void RingWorld<Position>::close() {
  if (shape_.closing == Closing::once_read)
    Explorer::current().await([this] { return all_read(); });
  parts_->ring.close();
  // As PipelineCore::wake_runners(): the ring itself knows only those that read behind producers.
  for (unsigned thread = 0; thread < runner_threads_; ++thread) parts_->parkers[thread].wake();
}

/// What stats() and health() do, on a thread of their own.
template <class Position>
void RingWorld<Position>::watch() {
  std::uint64_t accepted_before = 0;
  std::uint64_t handled_before = 0;
  for (unsigned look = 0; look < 3; ++look) {
    check(parts_->ring.backlog() <= shape_.slots, "a backlog is at most what the ring has");
    check(parts_->spill.used() <= shape_.spill_max, "the budget is kept");
    static_cast<void>(readers_[0].waits_for_claim());
    const std::uint64_t accepted = parts_->accepted[0].get();
    const std::uint64_t handled = parts_->handled[0].get();
    check(accepted >= accepted_before && handled >= handled_before, "no counter runs back");
    check(accepted <= kNumbersMax && handled <= kNumbersMax, "a counter has a value that it had");
    accepted_before = accepted;
    handled_before = handled;
  }
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
  for (const WaitCounters& waits : waits_)
    check(shape_.timeouts || waits.wakes_late.get() == 0, "no wake-up came late");
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

// ---- producers

template <class Position>
typename RingWorld<Position>::Block* RingWorld<Position>::take_block() {
  for (unsigned i = 0; i < kBlocks; ++i)
    if (!parts_->taken[i].exchange(true, std::memory_order_acquire)) return &blocks_[i];
  check(false, "there are no more blocks than the budget allows");
  return nullptr;
}

template <class Position>
void RingWorld<Position>::free_block(const Block& block) {
  ModelAtomics::plain_write(&block, sizeof block);
  check(parts_->taken[static_cast<std::size_t>(&block - blocks_.data())].exchange(
            false, std::memory_order_release),
        "a block is freed once");
}

/// As PipelineCore::publish_spilled(): the budget before the claim, and back if that fails.
template <class Position>
ClaimResult RingWorld<Position>::try_offer(const Offer& offer, Claims& claims, Block*& block) {
  Ring& ring = parts_->ring;
  if (offer.how == How::batch || holds(offer)) {
    const std::array<std::uint32_t, 3> lengths{offer.bytes, offer.bytes, offer.bytes};
    return ring.try_claim_batch(std::span(lengths).first(offer.batch), offer.use_reserve, claims);
  }
  if (offer.how != How::spilled) return ring.try_claim(offer.bytes, offer.use_reserve, claims[0]);
  if (!parts_->spill.try_take(1)) return ring.closed() ? ClaimResult::closed : ClaimResult::full;
  block = take_block();
  const ClaimResult result = ring.try_claim_slot(offer.use_reserve, claims[0]);
  if (result != ClaimResult::claimed) {
    free_block(*block);
    parts_->spill.give_back(1);
  }
  return result;
}

template <class Position>
void RingWorld<Position>::check_place(const Offer& offer, const Claim& claim) {
  if (offer.how == How::spilled) return;
  check(claim.data() >= arena_.data() && claim.data() + offer.bytes + kPaddingBytes <=
                                             arena_.data() + shape_.arena_units * kUnitBytes,
        "a claim lies within the arena");
}

template <class Position>
void RingWorld<Position>::fill(unsigned producer, unsigned number, const Offer& offer, Claim& claim,
                               Block* block) {
  if (shape_.watched) parts_->accepted[producer].add(1);
  if (offer.how == How::abandon) {
    ++tombstones_[producer];
    claim = Claim();
    return;
  }
  accepted_[producer][number] = true;
  const std::uint64_t mark = tag(producer, number);
  Line& envelope = envelopes_[claim.slot_index()];
  ModelAtomics::plain_write(&envelope, sizeof envelope);
  envelope.value = mark;
  const SlotFields fields{.key_hash = mark, .line = number, .source = std::uint16_t(producer)};
  std::array<char, 128> text;
  std::memset(text.data(), static_cast<char>(mark), offer.bytes);
  if (offer.how == How::in_place) {
    ModelAtomics::plain_write(claim.data(), offer.bytes);
    std::memcpy(claim.data(), text.data(), offer.bytes);
    claim.publish(offer.bytes, fields);
  } else if (offer.how == How::spilled) {
    ModelAtomics::plain_write(block->bytes, sizeof block->bytes);
    std::memcpy(block->bytes, text.data(), offer.bytes);
    pad(block->bytes + offer.bytes);
    claim.publish_spilled(block->bytes, offer.bytes, fields);
  } else {
    claim.publish_copy({text.data(), offer.bytes}, fields);
  }
}

template <class Position>
void RingWorld<Position>::idle(unsigned producer, How how) {
  Explorer::current().await([&] {
    if (how == How::await_first) return places_[0] != 0;
    for (unsigned other = 0; other < producers(); ++other)
      if (other != producer && !Explorer::current().ended(other + 1)) return false;
    return true;
  });
}

/// False once the ring is closed.
template <class Position>
bool RingWorld<Position>::offer(unsigned producer, const Offer& offer, Claims& claims) {
  if (offer.how == How::await_first || offer.how == How::await_others) {
    idle(producer, offer.how);
    return true;
  }
  Ring& ring = parts_->ring;
  for (;;) {
    Block* block = nullptr;
    const ClaimResult result = try_offer(offer, claims, block);
    if (result == ClaimResult::closed) {
      if (!shape_.runner_prepares || shape_.closing == Closing::any_time) return false;
      ModelAtomics::pause();  // not yet opened
      continue;
    }
    if (result == ClaimResult::claimed) {
      for (unsigned i = 0; i < count_of(offer); ++i) {
        const unsigned number = numbers_[producer]++;
        ++places_[producer];
        check_place(offer, claims[i]);
        if (!holds(offer) || (offer.how == How::hold_rest && i == 0))
          fill(producer, number, offer, claims[i], block);
      }
      return true;
    }
    if (!offer.waits) return true;
    if (count_of(offer) > 1) {
      ModelAtomics::pause();  // nobody waits for room for a batch
    } else if (offer.how == How::spilled) {
      block == nullptr ? ModelAtomics::pause()
                       : static_cast<void>(ring.wait_for_slot(offer.use_reserve, 0));
    } else {
      ring.wait_for_room(offer.bytes, offer.use_reserve, 0);
    }
  }
}

template <class Position>
void RingWorld<Position>::produce(unsigned producer) {
  Claims claims;
  Claims held;
  unsigned first_held = 0;
  for (const Offer& next : shape_.producers[producer]) {
    if (holds(next)) first_held = numbers_[producer];
    if (!offer(producer, next, holds(next) ? held : claims)) break;
  }
  for (unsigned i = 0; i < held.size(); ++i)
    if (held[i]) fill(producer, first_held + i, {}, held[i], nullptr);
}

// ---- runners

template <class Position>
void RingWorld<Position>::check_bytes(const Slot& slot, std::uint64_t mark) {
  ModelAtomics::plain_read(slot.bytes, slot.length + kPaddingBytes);
  bool right = true;
  for (std::uint32_t i = 0; i < slot.length + kPaddingBytes; ++i)
    right &= slot.bytes[i] == (i < slot.length ? static_cast<char>(mark) : '\n');
  check(right, "an event has its bytes, and 64 newlines behind");
}

template <class Position>
void RingWorld<Position>::look_at(unsigned runner, const Slot& slot, std::uint32_t index) {
  Seen& seen = seen_[runner];
  for (const unsigned before : shape_.runners[runner].after) {
    ModelAtomics::plain_read(&columns_[before][index], sizeof(Line));
    check(columns_[before][index].value == seen.places + 1, "the runner before has done");
  }
  ModelAtomics::plain_write(&columns_[runner][index], sizeof(Line));
  columns_[runner][index].value = ++seen.places;
  if (slot.kind == SlotKind::tombstone) {
    ++seen.tombstones;
    return;
  }
  const unsigned producer = slot.fields.source;
  const auto number = static_cast<unsigned>(slot.fields.line);
  check(producer < producers() && number < kNumbersMax, "an event is one that was made");
  const std::uint64_t mark = tag(producer, number);
  check(slot.fields.key_hash == mark, "the fields of a slot belong together");
  check(number >= seen.next[producer], "a producer's events come in their order");
  seen.next[producer] = number + 1;
  seen.event[producer][number] = true;
  ModelAtomics::plain_read(&envelopes_[index], sizeof(Line));
  check(envelopes_[index].value == mark, "the envelope is the event's");
  check_bytes(slot, mark);
  if (slot.kind != SlotKind::spilled || runner + 1 != readers_.size()) return;
  // The last runner frees.
  free_block(*reinterpret_cast<const Block*>(slot.bytes));
  parts_->spill.give_back(1);
}

template <class Position>
unsigned RingWorld<Position>::poll(unsigned runner) {
  Reader& reader = readers_[runner];
  const std::uint32_t limit = reader.available(shape_.runners[runner].batch_max);
  std::uint32_t count = 0;
  for (; count < limit && reader.is_there(count); ++count)
    look_at(runner, reader.slot_at(count), parts_->ring.slot_index(reader.sequence_at(count)));
  if (count == 0) return 0;
  if (shape_.watched) parts_->handled[runner].add(count);
  reader.advance(count);
  return count;
}

/// The first wake-up of all comes behind its news. (A later one may be that of an event which was
/// found without it.)
template <class Position>
void RingWorld<Position>::check_woken(unsigned runner) {
  if (shape_.closing != Closing::never || shape_.timeouts || seen_[runner].places != 0 ||
      producers() != 1 || !readers_[runner].first())
    return;
  check(Explorer::current().in_truth([&] { return readers_[runner].is_there(0); }),
        "who is woken finds an event");
}

/// As RunnerThread::loop().
template <class Position>
void RingWorld<Position>::drive(unsigned thread) {
  if (shape_.runner_prepares && thread == 0)
    parts_->ring.prepare(Position::make(shape_.start_units, shape_.start_sequence));
  std::array<Reader*, kRunnersMax> mine{};
  std::array<unsigned, kRunnersMax> numbers{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    if (shape_.runners[i].thread != thread) continue;
    numbers[count] = static_cast<unsigned>(i);
    mine[count++] = &readers_[i];
  }
  BasicLadder<ModelAtomics> ladder({.kind = WaitKind::park}, parts_->parkers[thread],
                                   steady_clock(), waits_[thread]);
  ParkAnswer answer = ParkAnswer::work;
  while (answer != ParkAnswer::drained) {
    // As RunnerThread::loop() when the pipeline was abandoned.
    if (shape_.closing == Closing::abandoned && parts_->ring.closed()) return;
    if (shape_.closing == Closing::never && seen_[numbers[count - 1]].places == offered_) return;
    unsigned done = 0;
    for (std::size_t i = 0; i < count; ++i) done += poll(numbers[i]);
    if (done != 0) {
      ladder.worked();
    } else {
      ladder.idle([&] { return answer = arm_all(std::span(mine).first(count)); });
      if (Explorer::current().just_woken()) check_woken(numbers[0]);
    }
  }
}

}  // namespace penstock::model
