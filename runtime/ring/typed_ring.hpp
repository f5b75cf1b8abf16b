// SPDX-License-Identifier: Apache-2.0
// Ring<T>: a ring of small plain items, without arena, envelope and threads.
//   producer(s) --> | item | item | item | ... | <-- readers: each sees all, may gate on another
// 1. Every reader sees every item in order. An item may be overwritten once all have passed it.
// 2. The single-producer form publishes by its cursor: one release store for all items written
//    since the last. The multi-producer form claims by CAS, after checking for room, and stamps
//    each slot.
// 3. Nothing waits: `try_` answers at once, poll() handles what is there. Waiting is the caller's
//    choice; a reader that spins keeps off the producer's heels with a Pace (runtime/wait).
// 4. Sequences are 64-bit counts, compared by difference.
// Producing is in typed_producer.hpp, reading in typed_reader.hpp; both come with this header.
// After the LMAX Disruptor (Thompson et al., 2011); the cached gate of the single producer after
// rigtorp/SPSCQueue.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include <penstock/runtime/base/atomics.hpp>
#include <penstock/runtime/base/check.hpp>
#include <penstock/runtime/ring/position.hpp>

namespace penstock {

/// How many threads push: one at a time, or any.
enum class ProducerKind : std::uint8_t { single, multi };

template <class T, class Atomics>
class SingleProducer;
template <class T, class Atomics>
class MultiProducer;
template <class T, ProducerKind kind, class Atomics>
class RingReader;

template <class T, ProducerKind kind = ProducerKind::single, class Atomics = StdAtomics>
class Ring {
  static_assert(
      std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>,
      "Ring<T> moves plain items; put what owns memory into a pipeline, or pass an index");
  template <class U>
  using Atomic = typename Atomics::template Atomic<U>;

 public:
  using Producer = std::conditional_t<kind == ProducerKind::single, SingleProducer<T, Atomics>,
                                      MultiProducer<T, Atomics>>;
  using Reader = RingReader<T, kind, Atomics>;
  static constexpr std::size_t kReadersMax = 16;

  /// Allocates `slots` items; throws std::bad_alloc. Requires: a power of two. `start`: the first
  /// sequence, for tests.
  explicit Ring(std::size_t slots, std::uint64_t start = 0);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// Before the first producer, one thread. A reader with `after` (readers of this ring) sees an
  /// item only when those have passed it. At least one reader is needed:
  /// without any nothing is ever free again.
  Reader& add_reader(std::initializer_list<Reader*> after = {});

  /// What pushes. Requires: a reader, and a ring that outlives the handle; with
  /// ProducerKind::single one handle at a time (the next may belong to another thread, if the
  /// caller orders the two). With ProducerKind::multi each thread takes its own.
  [[nodiscard]] Producer producer() noexcept { return Producer(*this); }

  [[nodiscard]] std::size_t slots() const noexcept { return mask_ + 1; }

 private:
  friend Producer;
  friend Reader;

  struct StampedSlot {
    Atomic<std::uint64_t> stamp{0};  ///< sequence + 1 once the item is written
    T item{};
  };
  using Slot = std::conditional_t<kind == ProducerKind::single, T, StampedSlot>;

  [[nodiscard]] std::uint64_t slowest() const noexcept;
  /// How many items from `sequence` on are published, at most `limit`.
  [[nodiscard]] std::uint64_t published(std::uint64_t sequence, std::uint64_t limit) const noexcept;
  [[nodiscard]] static const T& item(const Slot& slot) noexcept;

  // Fixed after construction.
  std::uint64_t mask_;
  std::unique_ptr<Slot[]> slots_;
  // Whoever takes handles (single).
  bool has_producer_ = false;
  // Fixed before the first push.
  std::array<std::unique_ptr<Reader>, kReadersMax> readers_;
  std::size_t readers_count_ = 0;
  // Written by the producer (single: published; multi: claimed by CAS), read by readers or
  // producers.
  alignas(kControlBytes) Atomic<std::uint64_t> head_;
  // Written and read by producers (multi).
  alignas(kControlBytes) Atomic<std::uint64_t> gate_;
};

// ---- construction

template <class T, ProducerKind kind, class Atomics>
Ring<T, kind, Atomics>::Ring(std::size_t slots, std::uint64_t start)
    : mask_(slots - 1), slots_(std::make_unique<Slot[]>(slots)), head_(start), gate_(start) {
  PENSTOCK_CHECK(std::has_single_bit(slots));
  if constexpr (kind == ProducerKind::multi) {
    // The stamp of one lap before, so that no start looks published.
    for (std::uint64_t i = 0; i < slots; ++i)
      // relaxed: ordered by whatever hands the ring to other threads.
      slots_[(start + i) & mask_].stamp.store(start + i + 1 - slots, std::memory_order_relaxed);
  }
}

template <class T, ProducerKind kind, class Atomics>
typename Ring<T, kind, Atomics>::Reader& Ring<T, kind, Atomics>::add_reader(
    std::initializer_list<Reader*> after) {
  PENSTOCK_CHECK(readers_count_ < kReadersMax);
  for (const Reader* const reader : after)
    PENSTOCK_CHECK(reader != nullptr && reader->ring_ == this);
  // relaxed: nothing was pushed, head and gate are where they were constructed.
  const std::uint64_t start = head_.load(std::memory_order_relaxed);
  // relaxed: as above.
  PENSTOCK_CHECK(start == gate_.load(std::memory_order_relaxed));
  readers_[readers_count_].reset(new Reader(*this, start, after));
  return *readers_[readers_count_++];
}

// ---- what producers and readers ask

template <class T, ProducerKind kind, class Atomics>
std::uint64_t Ring<T, kind, Atomics>::slowest() const noexcept {
  // acquire: pairs with the release in RingReader::handle_run(): the reader has done with those.
  // Counts start together and are compared by how far each is behind the first.
  std::uint64_t least = readers_[0]->cursor_.load(std::memory_order_acquire);
  for (std::size_t i = 1; i < readers_count_; ++i) {
    // acquire: as above.
    const std::uint64_t other = readers_[i]->cursor_.load(std::memory_order_acquire);
    if (static_cast<std::int64_t>(other - least) < 0) least = other;
  }
  return least;
}

template <class T, ProducerKind kind, class Atomics>
std::uint64_t Ring<T, kind, Atomics>::published(std::uint64_t sequence,
                                                std::uint64_t limit) const noexcept {
  if constexpr (kind == ProducerKind::single) {
    // acquire: pairs with the release in SingleProducer::set_published(): the items.
    return std::min(limit, head_.load(std::memory_order_acquire) - sequence);
  } else {
    std::uint64_t count = 0;
    // acquire: pairs with the release of the stamp in MultiProducer: the item.
    while (count < limit && slots_[(sequence + count) & mask_].stamp.load(
                                std::memory_order_acquire) == sequence + count + 1)
      ++count;
    return count;
  }
}

template <class T, ProducerKind kind, class Atomics>
const T& Ring<T, kind, Atomics>::item(const Slot& slot) noexcept {
  if constexpr (kind == ProducerKind::single) {
    return slot;
  } else {
    return slot.item;
  }
}

}  // namespace penstock

#include <penstock/runtime/ring/typed_producer.hpp>
#include <penstock/runtime/ring/typed_reader.hpp>
