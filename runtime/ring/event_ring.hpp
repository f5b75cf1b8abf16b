// SPDX-License-Identifier: Apache-2.0
// The ring of one partition: descriptor slots and a byte arena, reserved by one packed word.
//   producers --CAS--> claim word [units | parked | closed | sequence]    gate <-- slowest cursor
//   slots  | stamp length bytes | ...   arena  | event + newlines (+ annex) | ... (whole lines)
// 1. A claim is one check and one CAS. What does not fit is answered before anything is taken.
// 2. A slot belongs to its claimer from the CAS to the stamp, then to readers until every gating
//    cursor has passed it. The stamp's and the cursor's release are the two hand-overs.
// 3. The gate is shared: moved forward only, by CAS, before the claim's CAS, and read after an
//    acquire of the claim word; so a producer that slept never pairs an old gate with a new word.
// 4. No claim exceeds half of what the reserve leaves of the arena: at the wrap an empty arena
//    could otherwise refuse it for ever. Slots and arena are powers of two.
// Sequence claims and gating cursors: LMAX Disruptor (Thompson et al., 2011); stamps in slots:
// Vyukov's bounded MPMC queue.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include <penstock/runtime/base/atomics.hpp>
#include <penstock/runtime/base/check.hpp>
#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/ring/cursor.hpp>
#include <penstock/runtime/ring/padding.hpp>
#include <penstock/runtime/ring/position.hpp>
#include <penstock/runtime/ring/slot.hpp>
#include <penstock/runtime/wait/parker.hpp>

namespace penstock {

enum class ClaimResult : std::uint8_t {
  claimed,
  full,    ///< slots or bytes are missing now
  closed,  ///< for good, or not yet opened
};
/// What a runner that found nothing is to do.
enum class ParkAnswer : std::uint8_t {
  armed,        ///< nothing to do; the next publish wakes
  work,         ///< an event is there
  unpublished,  ///< the next event is claimed but not yet stamped: wait without parking
  drained,      ///< closed, and nothing was claimed beyond the cursor: nothing will come
};

template <class Atomics, class Position = penstock::Position>
class BasicEventRing {
 public:
  using Slot = BasicSlot<Atomics>;
  using Cursor = BasicCursor<Atomics, Position>;
  using Parker = BasicParker<Atomics>;
  class Claim;
  class Reader;

  static constexpr std::size_t kGatesMax = 8;      ///< last segments; a plan has one, tests more
  static constexpr std::size_t kListenersMax = 8;  ///< runner threads that read behind producers
  static constexpr std::size_t kClaimsMax = 64;    ///< in one batch
  /// How long a wait with `late` may go on behind its time-out: a waker between its news and its
  /// wake is some ten milliseconds off its CPU where many threads share a few.
  static constexpr std::uint64_t kLateLookNs = 100'000'000;

  struct Memory {
    Slot* slots = nullptr;  ///< constructed; power of two
    std::uint32_t slots_count = 0;
    char* arena = nullptr;            ///< begins a cache line
    std::uint64_t arena_bytes = 0;    ///< power of two
    std::uint32_t reserve_slots = 0;  ///< refused to claims from outside
  };

  explicit BasicEventRing(const Memory& memory) noexcept;
  BasicEventRing(const BasicEventRing&) = delete;
  BasicEventRing& operator=(const BasicEventRing&) = delete;

  // Before start, one thread.
  void add_gate(Cursor& cursor) noexcept;
  void add_listener(Parker& parker) noexcept;
  /// Writes the stamps, sets claim word and gate, and opens the ring, which until then refuses
  /// claims as a closed one does; a ring that was closed meanwhile stays closed. Once, by the
  /// thread that will read, so that the pages lie near it. Requires: the cursors were reset to
  /// `start`.
  void prepare(Position start = {}) noexcept;

  // Producers, any thread.
  /// The longest event that fits inline.
  [[nodiscard]] std::uint64_t inline_bytes_max() const noexcept {
    return (units_count_ - reserve_units_) / 2 * kUnitBytes - kPaddingBytes;
  }
  /// Takes a slot and room for `bytes`. Requires: bytes <= inline_bytes_max().
  ClaimResult try_claim(std::uint64_t bytes, bool use_reserve, Claim& claim) noexcept;
  /// Takes only a slot, for an event that lies elsewhere.
  ClaimResult try_claim_slot(bool use_reserve, Claim& claim) noexcept;
  /// Takes all or nothing, in order. Requires: at most kClaimsMax and what the reserve leaves of
  /// the slots, no claim held in `claims`, and all together with their padding not more than half
  /// of what the reserve leaves of the arena.
  ClaimResult try_claim_batch(std::span<const std::uint32_t> lengths, bool use_reserve,
                              std::span<Claim> claims) noexcept;
  /// After `full`: waits until room may be there, at most timeout_ns (0: no limit). Spurious
  /// returns are allowed; false if the time ran out. `late` counts time-outs that found what
  /// somebody should have woken for and did not within kLateLookNs more: a suspected defect, since
  /// a waker may have been kept off its CPU for longer.
  bool wait_for_room(std::uint64_t bytes, bool use_reserve, std::uint64_t timeout_ns,
                     BasicCounter<Atomics>* late = nullptr) noexcept;
  /// The same after a try for a slot alone.
  bool wait_for_slot(bool use_reserve, std::uint64_t timeout_ns,
                     BasicCounter<Atomics>* late = nullptr) noexcept;

  // Runners.
  /// True once the event is complete; its slot, bytes and envelope may be read.
  [[nodiscard]] bool published(std::uint32_t sequence) const noexcept {
    // acquire: pairs with the release in publish(): slot, arena bytes and envelope of this event.
    return slot(sequence).stamp.load(std::memory_order_acquire) == stamp_of(sequence);
  }
  [[nodiscard]] const Slot& slot(std::uint32_t sequence) const noexcept {
    return slots_[sequence & (slots_count_ - 1)];
  }
  /// Prepares to park a runner that has finished everything before `cursor`.
  [[nodiscard]] ParkAnswer try_park(Position cursor) noexcept;
  /// True if closed and nothing was claimed beyond `cursor`.
  [[nodiscard]] bool drained(Position cursor) const noexcept;
  void wake_producers() noexcept { room_.wake(); }

  // Any thread.
  /// How many places are claimed and not yet passed by the slowest cursor, as of some moment during
  /// the call. Cost: the cursors' lines, which their owners write.
  [[nodiscard]] std::uint32_t backlog() const noexcept;
  /// From here on claims are refused; earlier ones may still be published. Wakes all who wait.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept { return position().low(); }
  [[nodiscard]] Position position() const noexcept {
    // acquire: pairs with the release of the claim's CAS: at least the gate that it was checked by.
    return {claim_.load(std::memory_order_acquire)};
  }
  [[nodiscard]] std::uint32_t slots_count() const noexcept { return slots_count_; }
  [[nodiscard]] std::uint64_t arena_bytes() const noexcept { return units_count_ * kUnitBytes; }
  [[nodiscard]] std::uint32_t slot_index(std::uint32_t sequence) const noexcept {
    return sequence & (slots_count_ - 1);
  }

 private:
  /// The claim word before prepare(): closed, and marked so that only then it is opened.
  static constexpr std::uint64_t kUnopened = Position::kLowFlag | Position::kHighFlag;
  static constexpr unsigned kLateChecks = 10;

  struct Taken {
    Position from;
    Position to;
    bool wakes = false;
  };

  static std::uint32_t stamp_of(std::uint32_t sequence) noexcept {
    return Position::sequence_after(sequence, 1);
  }
  /// Units from `start` to the end of an event of `units`, with what is skipped at the arena's end.
  [[nodiscard]] std::uint64_t extent(std::uint64_t start, std::uint64_t units) const noexcept {
    const std::uint64_t rest = units_count_ - (start & (units_count_ - 1));
    return units <= rest ? units : rest + units;
  }
  [[nodiscard]] bool fits(Position gate, Position at, std::uint32_t count, std::uint64_t units,
                          bool use_reserve) const noexcept {
    const std::uint32_t slots = slots_count_ - (use_reserve ? 0 : reserve_slots_);
    const std::uint64_t arena = units_count_ - (use_reserve ? 0 : reserve_units_);
    return Position::sequences_between(gate.sequence(), at.sequence()) + std::uint64_t{count} <=
               slots &&
           Position::units_between(gate.units(), at.units()) + units <= arena;
  }
  template <class Extent>
  ClaimResult take(std::uint32_t count, bool use_reserve, Extent extent_from,
                   Taken& taken) noexcept;
  /// The slowest cursor with its flags, by distance from `gate`, and whose it is.
  [[nodiscard]] std::pair<Position, Cursor*> slowest(Position gate) const noexcept;
  bool refresh_gate(Position gate) noexcept;
  [[nodiscard]] bool register_for_room(std::uint64_t units, bool use_reserve) noexcept;
  [[nodiscard]] bool owes_wake(std::uint64_t units, bool use_reserve) const noexcept;
  [[nodiscard]] bool was_forgotten(std::uint64_t units, bool use_reserve,
                                   std::uint32_t epoch) noexcept;
  [[nodiscard]] bool worth_waking_producers(Position done) const noexcept;
  Slot& slot_to_write(std::uint32_t sequence) noexcept {
    return slots_[sequence & (slots_count_ - 1)];
  }
  /// Fills a claim for an event of `units` (0: elsewhere), behind which the next may begin at
  /// `end_units`.
  void hand_out(Claim& claim, std::uint32_t sequence, std::uint64_t end_units, std::uint64_t units,
                bool wakes) noexcept;
  void publish(Slot& slot, std::uint32_t sequence, bool wakes) noexcept;

  // Fixed after construction.
  Slot* slots_;
  char* arena_;
  std::uint32_t slots_count_;
  std::uint32_t reserve_slots_;
  std::uint64_t units_count_;
  std::uint64_t reserve_units_;
  // Fixed before start.
  std::array<Cursor*, kGatesMax> gates_{};
  std::array<Parker*, kListenersMax> listeners_{};
  std::uint32_t gates_count_ = 0;
  std::uint32_t listeners_count_ = 0;

  // Written by producers (claims), runners (parked) and close(), read by all.
  alignas(kControlBytes) typename Atomics::template Atomic<std::uint64_t> claim_{kUnopened};
  // Written and read by producers.
  alignas(kControlBytes) typename Atomics::template Atomic<std::uint64_t> gate_{0};
  // Producers wait here, runners wake them.
  Parker room_;
};

using EventRing = BasicEventRing<StdAtomics>;
static_assert(sizeof(EventRing::Slot) == 64, "one cache line a descriptor");
static_assert(sizeof(EventRing::Cursor) == kControlBytes);
static_assert(alignof(EventRing::Cursor) == kControlBytes);
static_assert(sizeof(SlotFields) == 32);

}  // namespace penstock

#include <penstock/runtime/ring/claim.hpp>
#include <penstock/runtime/ring/event_ring_inline.hpp>
#include <penstock/runtime/ring/reader.hpp>
