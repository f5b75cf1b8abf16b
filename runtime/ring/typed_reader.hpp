// SPDX-License-Identifier: Apache-2.0
// What reads a Ring<T>. Lives in its ring, belongs to one thread.
// 1. Items are handled in runs that neither leave the ring's end nor exceed an eighth of it, each
//    released by one store: the producer gets room before it runs out, and the reader's line
//    moves eight times a lap instead of once an item.
// 2. The producer's line is looked at when what was seen to be published does not suffice.
// 3. If a handler throws, the items before that one are released; that one comes again.
#pragma once

#include <penstock/runtime/ring/typed_ring.hpp>

namespace penstock {

template <class T, ProducerKind kind, class Atomics>
class alignas(kControlBytes) RingReader {
 public:
  using Items = Ring<T, kind, Atomics>;

  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;

  /// Calls handle(const T&) for each item that is there, at most `budget`, and releases them.
  /// Returns how many. If `handle` throws, the items before that one are released, and that one
  /// comes again. The reader's thread only.
  template <class Handle>
  std::size_t poll(Handle&& handle, std::size_t budget = SIZE_MAX);

 private:
  friend Items;
  template <class U>
  using Atomic = typename Atomics::template Atomic<U>;

  RingReader(const Items& ring, std::uint64_t start,
             std::initializer_list<RingReader*> after) noexcept;
  [[nodiscard]] std::uint64_t available(std::uint64_t limit) noexcept;
  template <class Handle>
  void handle_run(Handle& handle, std::uint64_t count);

  /// Stamps stand beside their items: so many at a time, that the items are still in the cache.
  static constexpr std::uint64_t kLookMax = kind == ProducerKind::multi ? 64 : SIZE_MAX;

  // Fixed after construction.
  const Items* ring_;
  std::uint64_t run_max_;
  std::array<const RingReader*, Items::kReadersMax> after_{};
  std::size_t after_count_ = 0;
  // Reader thread only.
  std::uint64_t at_;
  std::uint64_t published_seen_;
  // Written by the reader, read by producers and later readers.
  alignas(kControlBytes) Atomic<std::uint64_t> cursor_;
};

template <class T, ProducerKind kind, class Atomics>
RingReader<T, kind, Atomics>::RingReader(const Items& ring, std::uint64_t start,
                                         std::initializer_list<RingReader*> after) noexcept
    : ring_(&ring),
      run_max_(std::max<std::uint64_t>(ring.slots() / 8, 1)),
      at_(start),
      published_seen_(start),
      cursor_(start) {
  PENSTOCK_CHECK(after.size() <= Items::kReadersMax);
  for (const RingReader* const reader : after) after_[after_count_++] = reader;
}

template <class T, ProducerKind kind, class Atomics>
std::uint64_t RingReader<T, kind, Atomics>::available(std::uint64_t limit) noexcept {
  if (after_count_ == 0) {
    const std::uint64_t look_max = std::min<std::uint64_t>(kLookMax, ring_->slots());
    const std::uint64_t seen = published_seen_ - at_;
    if (seen < std::min(limit, look_max))
      published_seen_ += ring_->published(published_seen_, look_max - seen);
    return std::min(limit, published_seen_ - at_);
  }
  for (std::size_t i = 0; i < after_count_; ++i)
    // acquire: pairs with the release in handle_run(): what that reader did with the items.
    limit = std::min(limit, after_[i]->cursor_.load(std::memory_order_acquire) - at_);
  return limit;
}

template <class T, ProducerKind kind, class Atomics>
template <class Handle>
void RingReader<T, kind, Atomics>::handle_run(Handle& handle, std::uint64_t count) {
  struct Release {  // also when `handle` throws
    RingReader& reader;
    std::uint64_t done = 0;
    ~Release() {
      reader.at_ += done;
      // release: pairs with slowest() and available(): this reader's last access to those items.
      reader.cursor_.store(reader.at_, std::memory_order_release);
    }
  };
  const auto* const slots = &ring_->slots_[at_ & ring_->mask_];
  Release release{*this};
  for (; release.done < count; ++release.done) {
    const T& item = Items::item(slots[release.done]);
    Atomics::plain_read(&item, sizeof(T));
    handle(item);
  }
}

template <class T, ProducerKind kind, class Atomics>
template <class Handle>
std::size_t RingReader<T, kind, Atomics>::poll(Handle&& handle, std::size_t budget) {
  const std::uint64_t limit = std::min<std::uint64_t>(budget, ring_->slots());
  std::uint64_t handled = 0;
  // One look at a single producer: another one at its heels would find few items, and take its
  // line. Stamps are looked at kLookMax at a time.
  do {
    const std::uint64_t count = available(limit - handled);
    if (count == 0) break;
    for (std::uint64_t left = count; left != 0;) {
      const std::uint64_t to_end = ring_->slots() - (at_ & ring_->mask_);
      const std::uint64_t run = std::min({left, run_max_, to_end});
      handle_run(handle, run);
      left -= run;
    }
    handled += count;
  } while (kind == ProducerKind::multi && handled < limit);
  return static_cast<std::size_t>(handled);
}

}  // namespace penstock
