// SPDX-License-Identifier: Apache-2.0
// What pushes into a Ring<T>: a handle that lives with its thread, and has what only this thread
// needs: how far it has written, how far there is room.
// 1. Between the slowest reader's cursor and one lap in front of it there is room; the single
//    producer looks at the cursors only when what it saw last is used up.
// 2. What is written is seen once it is published. A ring that looks full is published first:
//    readers can't make room of what they do not see.
// 3. The end of a handle publishes what it has written.
// Stores are the cost of a small item. Where the reader has the lines, a core gives its stores away
// in order, one run to the same 32 bytes after the other (docs/performance.md, "What limits it").
// So an item is copied from front to back, and nothing is stored beside it that can be left out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <penstock/runtime/ring/typed_ring.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace penstock {

/// Copies `count` plain items that do not overlap. By blocks, since compilers copy a large struct
/// by a string instruction (`rep movsq` on x86), which takes far longer to start than to move this.
template <class T>
inline void copy_items(T* to, const T* from, std::size_t count) noexcept {
  constexpr std::size_t kBlockBytes = 64;
  if constexpr (sizeof(T) % kBlockBytes == 0) {
    auto* out = reinterpret_cast<unsigned char*>(to);
    const auto* in = reinterpret_cast<const unsigned char*>(from);
    for (std::size_t at = 0; at < count * sizeof(T); at += kBlockBytes)
      std::memcpy(out + at, in + at, kBlockBytes);
  } else {
    std::memcpy(to, from, count * sizeof(T));
  }
}

/// Copies 16 bytes: two loads, since an item often was made just before, field by field, and a load
/// wider than the stores has to wait until they have left the core; one store, where there is one.
inline void copy_pair(unsigned char* to, const unsigned char* from) noexcept {
#if defined(__SSE2__)
  const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  __m128i high = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + 8));
  asm("" : "+x"(high));  // or compilers join the loads
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_unpacklo_epi64(low, high));
#else
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::memcpy(&low, from, 8);
  std::memcpy(&high, from + 8, 8);
  asm("" : "+r"(low), "+r"(high));  // as above
  std::memcpy(to, &low, 8);
  std::memcpy(to + 8, &high, 8);
#endif
}

/// Copies one item, from front to back: compilers would write the words of both halves of a line in
/// turns.
template <class T>
inline void copy_item(T* to, const T& from) noexcept {
  constexpr std::size_t kShortBytes = 512;
  if constexpr (sizeof(T) % 8 == 0 && sizeof(T) <= kShortBytes) {
    auto* const out = reinterpret_cast<unsigned char*>(to);
    const auto* const in = reinterpret_cast<const unsigned char*>(&from);
    for (std::size_t at = 0; at + 16 <= sizeof(T); at += 16) copy_pair(out + at, in + at);
    if constexpr (sizeof(T) % 16 != 0) std::memcpy(out + sizeof(T) - 8, in + sizeof(T) - 8, 8);
  } else {
    copy_items(to, &from, 1);
  }
}

/// Of Ring<T, ProducerKind::single>. Belongs to one thread.
template <class T, class Atomics>
class SingleProducer {
 public:
  using Items = Ring<T, ProducerKind::single, Atomics>;

  /// Requires: a reader, and no other handle of this ring.
  explicit SingleProducer(Items& ring) noexcept;
  ~SingleProducer() {
    publish();
    ring_->has_producer_ = false;
  }
  SingleProducer(const SingleProducer&) = delete;
  SingleProducer& operator=(const SingleProducer&) = delete;

  /// False if the ring is full. Readers see the item, and those written before. After the reader
  /// has lagged it takes a round trip longer beside one at the heels, until the ring was used up.
  bool try_push(const T& item) noexcept;
  /// Takes as many of the first items as there is room for and returns how many; readers see all
  /// of them at once.
  std::size_t try_push_batch(std::span<const T> items) noexcept;

  /// Like try_push() and try_push_batch(), without publishing what they take; what was written
  /// before is published where the ring looks full.
  bool try_write(const T& item) noexcept;
  std::size_t try_write_batch(std::span<const T> items) noexcept;
  /// Places for up to `count` items that lie side by side, to be written in place and counted by
  /// commit(): fewer at the ring's end and where it is nearly full, none if it is full. The fastest
  /// way for small items: nothing but the items is written meanwhile. Write them front to back.
  std::span<T> try_claim(std::size_t count) noexcept;
  /// The first `count` of the places are written; readers see them with the next publish().
  /// Requires: at most as many as try_claim() gave since the last commit() or write.
  void commit(std::size_t count) noexcept {
    PENSTOCK_DCHECK(count <= room());
    pending_ += count;
  }
  /// Hands over all that was written.
  void publish() noexcept { publish(0); }
  /// commit() and publish() in one, without a count in between that is stored and taken back.
  /// Requires: as commit().
  void publish(std::size_t count) noexcept {
    PENSTOCK_DCHECK(count <= room());
    if (count + pending_ == 0) return;
    const std::uint64_t end = written() + count;
    if (pending_ != 0) pending_ = 0;  // nothing is stored where there is nothing to change
    set_published(end);
  }
  /// Hands over what was written if it is time: at once while the slowest reader keeps up; up to
  /// kCoalescedMax items together once it was seen to lag, when they would wait anyway and each
  /// publication takes a cache line from the reader. Looks again after an eighth of the ring, and
  /// at least kCoalescedMax items: so long items go together beside a reader that caught up. Before
  /// a pause of the producer call publish(): what is not due waits for the next item.
  void publish_when_due() noexcept;

  /// 64 items of 8 bytes are 8 lines: publishing costs an eighth of moving them.
  static constexpr std::uint64_t kCoalescedMax = 64;

 private:
  /// How many items there is room for, after another look at the readers.
  std::uint64_t look() noexcept;
  /// What the ring's head says. Readers at its heels take its line with every item, and asking it
  /// would take a round trip: then the count stands in published_ as well. Readers that lag take it
  /// seldom, and then a second count would only be one more line that is stored to for each item.
  [[nodiscard]] std::uint64_t published() const noexcept {
    // relaxed: written by this thread.
    return asks_head_ ? ring_->head_.load(std::memory_order_relaxed) : published_;
  }
  void set_published(std::uint64_t count) noexcept {
    if (!asks_head_) published_ = count;
    // release: pairs with the acquire in Ring::published(): the items before `count`.
    ring_->head_.store(count, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t written() const noexcept { return published() + pending_; }
  [[nodiscard]] std::uint64_t room() const noexcept { return full_at_ - written(); }
  /// Writes an item, at `at`, if there is room.
  bool put(const T& item, std::uint64_t& at) noexcept;
  /// Writes as many of the first items as there is room for, and returns how many.
  std::size_t put_batch(std::span<const T> items) noexcept;

  // Fixed after construction.
  Items* ring_;
  T* slots_;
  std::uint64_t mask_;
  std::uint64_t coalesced_max_;
  // Producer thread only.
  std::uint64_t published_;    ///< what the ring's head says, unless asks_head_
  std::uint64_t full_at_ = 0;  ///< written up to here the ring is full, as far as was seen
  std::uint64_t pending_ = 0;  ///< written and not yet published
  std::uint64_t due_ = 1;      ///< so many unpublished items are published
  std::uint64_t look_at_;      ///< published up to here it is time to see whether the reader lags
  bool asks_head_ = false;     ///< the reader was seen to lag, and not at the heels since then
};

/// Of Ring<T, ProducerKind::multi>. Belongs to one thread; each thread takes its own.
template <class T, class Atomics>
class MultiProducer {
 public:
  using Items = Ring<T, ProducerKind::multi, Atomics>;

  /// Requires: a reader.
  explicit MultiProducer(Items& ring) noexcept : ring_(&ring) {
    PENSTOCK_CHECK(ring.readers_count_ != 0);
  }

  /// False if the ring is full.
  bool try_push(const T& item) noexcept { return try_push_batch({&item, 1}) == 1; }
  /// Takes as many of the first items as there is room for and returns how many. They stand
  /// together in the ring.
  std::size_t try_push_batch(std::span<const T> items) noexcept;

 private:
  /// Claims up to `wanted` places from `first` on; returns how many.
  std::uint64_t claim(std::uint64_t wanted, std::uint64_t& first) noexcept;

  // Fixed after construction.
  Items* ring_;
};

// ---- one producer

template <class T, class Atomics>
SingleProducer<T, Atomics>::SingleProducer(Items& ring) noexcept
    : ring_(&ring),
      slots_(ring.slots_.get()),
      mask_(ring.mask_),
      // A quarter of a small ring, so that the reader has work while the next are written.
      coalesced_max_(std::clamp<std::uint64_t>(ring.slots() / 4, 1, kCoalescedMax)),
      // relaxed: written by the handle before, which the caller orders before this one.
      published_(ring.head_.load(std::memory_order_relaxed)) {
  PENSTOCK_CHECK(ring.readers_count_ != 0);
  // Best effort: two threads that take one each at the same time race for it.
  PENSTOCK_CHECK(!std::exchange(ring.has_producer_, true));
  look();
}

template <class T, class Atomics>
std::uint64_t SingleProducer<T, Atomics>::look() noexcept {
  published_ = published();
  const std::uint64_t gate = ring_->slowest();
  full_at_ = gate + mask_ + 1;
  const std::uint64_t behind = published_ - gate;
  const bool lags = behind >= coalesced_max_;
  due_ = lags ? coalesced_max_ : 1;
  // Seldom while it lags: each look takes a line from the reader.
  look_at_ = published_ + std::max(coalesced_max_, lags ? (mask_ + 1) / 8 : 0);
  if (lags) asks_head_ = true;
  if (behind <= coalesced_max_ / 16) asks_head_ = false;
  return room();
}

template <class T, class Atomics>
inline bool SingleProducer<T, Atomics>::put(const T& item, std::uint64_t& at) noexcept {
  at = written();
  if (at == full_at_) {
    publish();
    if (look() == 0) return false;
  }
  T* const slot = &slots_[at & mask_];
  Atomics::plain_write(slot, sizeof(T));
  copy_item(slot, item);
  return true;
}

template <class T, class Atomics>
bool SingleProducer<T, Atomics>::try_write(const T& item) noexcept {
  std::uint64_t at = 0;
  if (!put(item, at)) return false;
  ++pending_;
  return true;
}

template <class T, class Atomics>
void SingleProducer<T, Atomics>::publish_when_due() noexcept {
  if (pending_ < due_) return;
  // Before publishing: what is about to be published is no lag.
  if (static_cast<std::int64_t>(published() - look_at_) >= 0) look();
  publish();
}

template <class T, class Atomics>
bool SingleProducer<T, Atomics>::try_push(const T& item) noexcept {
  std::uint64_t at = 0;
  if (!put(item, at)) return false;
  if (pending_ != 0) pending_ = 0;  // as in publish(count)
  set_published(at + 1);
  return true;
}

template <class T, class Atomics>
std::size_t SingleProducer<T, Atomics>::put_batch(std::span<const T> items) noexcept {
  if (room() < items.size()) {
    publish();
    look();
  }
  const std::size_t count = std::min<std::uint64_t>(items.size(), room());
  const std::uint64_t first = written();
  for (std::size_t done = 0; done < count;) {
    const std::uint64_t at = (first + done) & mask_;
    const std::size_t run = std::min<std::uint64_t>(count - done, mask_ + 1 - at);
    Atomics::plain_write(&slots_[at], run * sizeof(T));
    copy_items(&slots_[at], items.data() + done, run);
    done += run;
  }
  return count;
}

template <class T, class Atomics>
std::size_t SingleProducer<T, Atomics>::try_write_batch(std::span<const T> items) noexcept {
  const std::size_t count = put_batch(items);
  pending_ += count;
  return count;
}

template <class T, class Atomics>
std::span<T> SingleProducer<T, Atomics>::try_claim(std::size_t count) noexcept {
  if (room() < count) {
    publish();
    look();
  }
  const std::uint64_t at = written() & mask_;
  const std::uint64_t run = std::min<std::uint64_t>({count, room(), mask_ + 1 - at});
  Atomics::plain_write(&slots_[at], run * sizeof(T));
  return {&slots_[at], static_cast<std::size_t>(run)};
}

template <class T, class Atomics>
std::size_t SingleProducer<T, Atomics>::try_push_batch(std::span<const T> items) noexcept {
  const std::size_t count = put_batch(items);
  publish(count);
  return count;
}

// ---- many producers

template <class T, class Atomics>
std::uint64_t MultiProducer<T, Atomics>::claim(std::uint64_t wanted,
                                               std::uint64_t& first) noexcept {
  // relaxed: the head only says who writes where. Room is handed over by the gate, an item by its
  // stamp, and 64 bits never come round, so that an old gate only shows less room.
  std::uint64_t head = ring_->head_.load(std::memory_order_relaxed);
  for (;;) {
    // acquire: pairs with the release of the gate's CAS: readers have left what it gives free.
    std::uint64_t gate = ring_->gate_.load(std::memory_order_acquire);
    if (head - gate > ring_->slots()) {  // the gate is ahead of a stale head
      // relaxed: as above.
      head = ring_->head_.load(std::memory_order_relaxed);
      continue;
    }
    const std::uint64_t count = std::min(wanted, gate + ring_->slots() - head);
    if (count < wanted) {
      const std::uint64_t least = ring_->slowest();
      if (least != gate) {
        // release: passes on what slowest() acquired. relaxed: on failure somebody else moved it.
        ring_->gate_.compare_exchange_strong(gate, least, std::memory_order_release,
                                             std::memory_order_relaxed);
        continue;
      }
      if (count == 0) return 0;
    }
    // relaxed: as above.
    if (ring_->head_.compare_exchange_weak(head, head + count, std::memory_order_relaxed,
                                           std::memory_order_relaxed)) {
      first = head;
      return count;
    }
  }
}

template <class T, class Atomics>
std::size_t MultiProducer<T, Atomics>::try_push_batch(std::span<const T> items) noexcept {
  std::uint64_t first = 0;
  const std::uint64_t count = claim(items.size(), first);
  for (std::uint64_t i = 0; i < count; ++i) {
    auto& slot = ring_->slots_[(first + i) & ring_->mask_];
    Atomics::plain_write(&slot.item, sizeof(T));
    copy_item(&slot.item, items[i]);
    // release: pairs with the acquire in Ring::published(): the item.
    slot.stamp.store(first + i + 1, std::memory_order_release);
  }
  return count;
}

}  // namespace penstock
