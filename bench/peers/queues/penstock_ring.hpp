// SPDX-License-Identifier: Apache-2.0
// What the benchmarks use of Ring<T>, in the shape of harness.hpp. The only file of bench/ that
// calls its producing side.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <penstock/runtime/ring/typed_ring.hpp>

#include "harness.hpp"

namespace penstock::bench {

/// How items get into the ring.
enum class Publication : std::uint8_t {
  each,       ///< one at a time, each seen at once
  coalesced,  ///< one at a time, seen when it is due: at once, or many together while readers lag
  batch,      ///< an array of them by one call
  writes,     ///< one at a time, published together: without an array in between
};

template <class T, ProducerKind kind = ProducerKind::single,
          Publication publication = Publication::each>
class PenstockRing {
 public:
  using Items = Ring<T, kind>;

  explicit PenstockRing(std::size_t slots) : ring_(slots), reader_(&ring_.add_reader()) {}

  class Source {
   public:
    explicit Source(Items& ring) noexcept : producer_(ring.producer()) {}

    template <std::size_t batch, class WhenFull>
    void push(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      if constexpr (publication == Publication::batch) {
        push_array<batch, T>(
            first, count,
            [this](const T* items, std::size_t wanted) {
              return producer_.try_push_batch(std::span(items, wanted));
            },
            when_full);
      } else {
        push_each<T>(
            first, count, [this](const T& item) { return push_one(item); }, when_full);
        if constexpr (publication == Publication::writes) flush();
      }
    }

    void flush() {
      if constexpr (kind == ProducerKind::single) producer_.publish();
    }

   private:
    bool push_one(const T& item) {
      if constexpr (publication == Publication::each) {
        return producer_.try_push(item);
      } else {
        if (!producer_.try_write(item)) return false;
        if constexpr (publication == Publication::coalesced) producer_.publish_when_due();
        return true;
      }
    }

    typename Items::Producer producer_;
  };

  class Consumer {
   public:
    explicit Consumer(typename Items::Reader& reader) noexcept : reader_(&reader) {}
    template <class Handle>
    std::size_t poll(Handle&& handle, std::size_t limit) {
      return reader_->poll(handle, limit);
    }

   private:
    typename Items::Reader* reader_;
  };

  [[nodiscard]] Source source() noexcept { return Source(ring_); }
  [[nodiscard]] Consumer consumer() noexcept { return Consumer(*reader_); }

 private:
  Items ring_;
  typename Items::Reader* reader_;
};

/// Two producers, each with a ring of its own of half the slots; the reader polls them in turn.
template <class One>
class RingForEach {
 public:
  explicit RingForEach(std::size_t slots) : first_(slots / 2), second_(slots / 2) {}

  class Consumer {
   public:
    explicit Consumer(RingForEach& rings)
        : consumers_{rings.first_.consumer(), rings.second_.consumer()} {}
    template <class Handle>
    std::size_t poll(Handle&& handle, std::size_t limit) {
      for (std::size_t looks = 0; looks < consumers_.size(); ++looks) {
        turn_ ^= 1;
        const std::size_t count = consumers_[turn_].poll(handle, limit);
        if (count != 0) return count;
      }
      return 0;
    }

   private:
    std::array<typename One::Consumer, 2> consumers_;
    std::size_t turn_ = 1;
  };

  /// `producer`: 0 or 1.
  [[nodiscard]] typename One::Source source(std::size_t producer) noexcept {
    return producer == 0 ? first_.source() : second_.source();
  }
  [[nodiscard]] Consumer consumer() noexcept { return Consumer(*this); }

 private:
  One first_;
  One second_;
};

}  // namespace penstock::bench
