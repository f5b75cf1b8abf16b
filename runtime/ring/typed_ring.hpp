// SPDX-License-Identifier: Apache-2.0
// Ring<T>: a ring of small plain items, without arena, envelope and threads.
//   producer(s) --> | item | item | item | ... | <-- readers: each sees all, may gate on another
// 1. Every reader sees every item in order. An item may be overwritten once all have passed it.
// 2. The single-producer form publishes by its cursor: one release store for all items written
//    since the last. The multi-producer form claims by CAS, after checking for room, and stamps
//    each slot.
// 3. Nothing waits: `try_` answers at once, poll() handles what is there. Waiting is the caller's
//    choice.
// 4. Sequences are 64-bit counts, compared by difference.
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

template <class T, ProducerKind kind = ProducerKind::single, class Atomics = StdAtomics>
class Ring {
  static_assert(
      std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>,
      "Ring<T> moves plain items; put what owns memory into a pipeline, or pass an index");
  template <class U>
  using Atomic = typename Atomics::template Atomic<U>;

 public:
  class Reader;
  static constexpr std::size_t kReadersMax = 16;

  /// Allocates `slots` items; throws std::bad_alloc. Requires: a power of two. `start`: the first
  /// sequence, for tests.
  explicit Ring(std::size_t slots, std::uint64_t start = 0);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// Before the first push, one thread. A reader with `after` sees an item only when those have
  /// passed it. At least one reader is needed: without any nothing is ever free again.
  Reader& add_reader(std::initializer_list<Reader*> after = {});

  // Producing thread; with ProducerKind::multi any thread.
  /// False if the ring is full.
  bool try_push(const T& item) noexcept { return try_push_batch({&item, 1}) == 1; }
  /// Takes as many of the first items as there is room for and returns how many; the
  /// single-producer form with one release store.
  std::size_t try_push_batch(std::span<const T> items) noexcept;
  /// Single producer: writes without publishing; publish() hands over all that was written since.
  bool try_write(const T& item) noexcept requires(kind == ProducerKind::single);
  void publish() noexcept requires(kind == ProducerKind::single);

  [[nodiscard]] std::size_t slots() const noexcept { return mask_ + 1; }

 private:
  struct StampedSlot {
    Atomic<std::uint64_t> stamp{0};  ///< sequence + 1 once the item is written
    T item{};
  };
  using Slot = std::conditional_t<kind == ProducerKind::single, T, StampedSlot>;

  [[nodiscard]] std::uint64_t slowest() const noexcept;
  /// Room for items behind `head`, at least `wanted` if there is so much.
  std::uint64_t room_single(std::uint64_t head, std::uint64_t wanted) noexcept;
  std::size_t push_single(std::span<const T> items) noexcept;
  std::size_t push_multi(std::span<const T> items) noexcept;
  /// How many items from `sequence` on are published, at most `limit`.
  [[nodiscard]] std::uint64_t published(std::uint64_t sequence, std::uint64_t limit) const noexcept;
  const T& item(std::uint64_t sequence) const noexcept;

  // Fixed after construction.
  std::uint64_t mask_;
  std::unique_ptr<Slot[]> slots_;
  // Fixed before the first push.
  std::array<std::unique_ptr<Reader>, kReadersMax> readers_;
  std::size_t readers_count_ = 0;
  // Producer thread only (single).
  alignas(kControlBytes) std::uint64_t written_;
  std::uint64_t gate_seen_;
  // Written by the producer (single: published; multi: claimed by CAS), read by readers or
  // producers.
  alignas(kControlBytes) Atomic<std::uint64_t> head_;
  // Written and read by producers (multi).
  alignas(kControlBytes) Atomic<std::uint64_t> gate_;
};

/// Belongs to one thread, lives in its ring.
template <class T, ProducerKind kind, class Atomics>
class alignas(kControlBytes) Ring<T, kind, Atomics>::Reader {
 public:
  /// Calls handle(const T&) for each item that is there, at most `budget`; then releases them with
  /// one store. Returns how many. If `handle` throws, the items before that one are released. The
  /// reader's thread only.
  template <class Handle>
  std::size_t poll(Handle&& handle, std::size_t budget = SIZE_MAX);

 private:
  friend class Ring;
  Reader(const Ring& ring, std::uint64_t start, std::initializer_list<Reader*> after) noexcept;
  [[nodiscard]] std::uint64_t available(std::uint64_t limit) noexcept;

  // Fixed after construction.
  const Ring* ring_;
  std::array<const Reader*, kReadersMax> after_{};
  std::size_t after_count_ = 0;
  // Reader thread only.
  std::uint64_t at_;
  std::uint64_t published_seen_;
  // Written by the reader, read by producers and later readers.
  alignas(kControlBytes) Atomic<std::uint64_t> cursor_;
};

// ---- construction

template <class T, ProducerKind kind, class Atomics>
Ring<T, kind, Atomics>::Ring(std::size_t slots, std::uint64_t start)
    : mask_(slots - 1),
      slots_(std::make_unique<Slot[]>(slots)),
      written_(start),
      gate_seen_(start),
      head_(start),
      gate_(start) {
  PENSTOCK_CHECK(std::has_single_bit(slots));
  if constexpr (kind == ProducerKind::multi) {
    // The stamp of one lap before, so that no start looks published.
    for (std::uint64_t i = 0; i < slots; ++i)
      // relaxed: ordered by whatever hands the ring to other threads.
      slots_[(start + i) & mask_].stamp.store(start + i + 1 - slots, std::memory_order_relaxed);
  }
}

template <class T, ProducerKind kind, class Atomics>
Ring<T, kind, Atomics>::Reader::Reader(const Ring& ring, std::uint64_t start,
                                       std::initializer_list<Reader*> after) noexcept
    : ring_(&ring), at_(start), published_seen_(start), cursor_(start) {
  PENSTOCK_CHECK(after.size() <= kReadersMax);
  for (const Reader* const reader : after) after_[after_count_++] = reader;
}

template <class T, ProducerKind kind, class Atomics>
typename Ring<T, kind, Atomics>::Reader& Ring<T, kind, Atomics>::add_reader(
    std::initializer_list<Reader*> after) {
  PENSTOCK_CHECK(readers_count_ < kReadersMax);
  readers_[readers_count_].reset(new Reader(*this, written_, after));
  return *readers_[readers_count_++];
}

// ---- producing

template <class T, ProducerKind kind, class Atomics>
std::uint64_t Ring<T, kind, Atomics>::slowest() const noexcept {
  PENSTOCK_CHECK(readers_count_ != 0);
  // acquire: pairs with the release in Reader::poll(): the reader has done with those items. Counts
  // start together and are compared by how far each is behind the first.
  std::uint64_t least = readers_[0]->cursor_.load(std::memory_order_acquire);
  for (std::size_t i = 1; i < readers_count_; ++i) {
    // acquire: as above.
    const std::uint64_t other = readers_[i]->cursor_.load(std::memory_order_acquire);
    if (static_cast<std::int64_t>(other - least) < 0) least = other;
  }
  return least;
}

template <class T, ProducerKind kind, class Atomics>
std::uint64_t Ring<T, kind, Atomics>::room_single(std::uint64_t head,
                                                  std::uint64_t wanted) noexcept {
  std::uint64_t room = gate_seen_ + slots() - head;
  if (room >= wanted) return room;
  gate_seen_ = slowest();
  return gate_seen_ + slots() - head;
}

template <class T, ProducerKind kind, class Atomics>
bool Ring<T, kind, Atomics>::try_write(const T& item) noexcept
    requires(kind == ProducerKind::single) {
  if (room_single(written_, 1) == 0) return false;
  Atomics::plain_write(&slots_[written_ & mask_], sizeof(T));
  slots_[written_++ & mask_] = item;
  return true;
}

template <class T, ProducerKind kind, class Atomics>
void Ring<T, kind, Atomics>::publish() noexcept requires(kind == ProducerKind::single) {
  // release: pairs with the acquire in Reader::available(): the items before it.
  head_.store(written_, std::memory_order_release);
}

template <class T, ProducerKind kind, class Atomics>
std::size_t Ring<T, kind, Atomics>::try_push_batch(std::span<const T> items) noexcept {
  if constexpr (kind == ProducerKind::single) {
    return push_single(items);
  } else {
    return push_multi(items);
  }
}

template <class T, ProducerKind kind, class Atomics>
std::size_t Ring<T, kind, Atomics>::push_single(std::span<const T> items) noexcept {
  const auto count = static_cast<std::size_t>(
      std::min<std::uint64_t>(items.size(), room_single(written_, items.size())));
  for (std::size_t i = 0; i < count; ++i) {
    Atomics::plain_write(&slots_[written_ & mask_], sizeof(T));
    slots_[written_++ & mask_] = items[i];
  }
  if (count != 0) publish();
  return count;
}

template <class T, ProducerKind kind, class Atomics>
std::size_t Ring<T, kind, Atomics>::push_multi(std::span<const T> items) noexcept {
  // relaxed: the head only says who writes where. Room is handed over by the gate, an item by its
  // stamp, and 64 bits never come round, so that an old gate only shows less room.
  std::uint64_t head = head_.load(std::memory_order_relaxed);
  std::uint64_t count = 0;
  for (;;) {
    // acquire: pairs with the release of the gate's CAS: readers have left what it gives free.
    std::uint64_t gate = gate_.load(std::memory_order_acquire);
    if (head - gate > slots()) {  // the gate is ahead of a stale head
      // relaxed: as above.
      head = head_.load(std::memory_order_relaxed);
      continue;
    }
    count = std::min<std::uint64_t>(items.size(), gate + slots() - head);
    if (count < items.size()) {
      const std::uint64_t least = slowest();
      if (least != gate) {
        // release: passes on what slowest() acquired. relaxed: on failure somebody else moved it.
        gate_.compare_exchange_strong(gate, least, std::memory_order_release,
                                      std::memory_order_relaxed);
        continue;
      }
      if (count == 0) return 0;
    }
    // relaxed: as above.
    if (head_.compare_exchange_weak(head, head + count, std::memory_order_relaxed,
                                    std::memory_order_relaxed))
      break;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    StampedSlot& slot = slots_[(head + i) & mask_];
    Atomics::plain_write(&slot.item, sizeof(T));
    slot.item = items[i];
    // release: pairs with the acquire in published(): the item.
    slot.stamp.store(head + i + 1, std::memory_order_release);
  }
  return count;
}

// ---- reading

template <class T, ProducerKind kind, class Atomics>
std::uint64_t Ring<T, kind, Atomics>::published(std::uint64_t sequence,
                                                std::uint64_t limit) const noexcept {
  if constexpr (kind == ProducerKind::single) {
    // acquire: pairs with the release in publish(): the items.
    return std::min(limit, head_.load(std::memory_order_acquire) - sequence);
  } else {
    std::uint64_t count = 0;
    // acquire: pairs with the release of the stamp in push_multi(): the item.
    while (count < limit && slots_[(sequence + count) & mask_].stamp.load(
                                std::memory_order_acquire) == sequence + count + 1)
      ++count;
    return count;
  }
}

template <class T, ProducerKind kind, class Atomics>
const T& Ring<T, kind, Atomics>::item(std::uint64_t sequence) const noexcept {
  if constexpr (kind == ProducerKind::single) {
    return slots_[sequence & mask_];
  } else {
    return slots_[sequence & mask_].item;
  }
}

template <class T, ProducerKind kind, class Atomics>
std::uint64_t Ring<T, kind, Atomics>::Reader::available(std::uint64_t limit) noexcept {
  limit = std::min<std::uint64_t>(limit, ring_->slots());
  if (after_count_ == 0) {
    // What was seen before suffices until it is used up: the producer's line is left alone
    // meanwhile.
    if (published_seen_ == at_) published_seen_ = at_ + ring_->published(at_, ring_->slots());
    return std::min(limit, published_seen_ - at_);
  }
  for (std::size_t i = 0; i < after_count_; ++i)
    // acquire: pairs with the release in poll(): what that reader did with the items.
    limit = std::min(limit, after_[i]->cursor_.load(std::memory_order_acquire) - at_);
  return limit;
}

template <class T, ProducerKind kind, class Atomics>
template <class Handle>
std::size_t Ring<T, kind, Atomics>::Reader::poll(Handle&& handle, std::size_t budget) {
  struct Release {  // also when `handle` throws
    Reader& reader;
    std::uint64_t before;
    ~Release() {
      // release: pairs with slowest() and available(): this reader's last access to those items.
      if (reader.at_ != before) reader.cursor_.store(reader.at_, std::memory_order_release);
    }
  };
  const std::uint64_t count = available(budget);
  const Release release{*this, at_};
  for (std::uint64_t i = 0; i < count; ++i) {
    const T& item = ring_->item(at_);
    Atomics::plain_read(&item, sizeof(T));
    handle(item);
    ++at_;
  }
  return static_cast<std::size_t>(count);
}

}  // namespace penstock
