// SPDX-License-Identifier: Apache-2.0
// What the benchmarks use of Ring<T>, in the shape of harness.hpp. The only file of bench/ that
// calls its producing side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <penstock/runtime/ring/fan_in.hpp>
#include <penstock/runtime/ring/typed_ring.hpp>

#include "harness.hpp"

namespace penstock::bench {

/// How items get into the ring.
enum class Publication : std::uint8_t {
  each,       ///< one at a time, each seen at once
  coalesced,  ///< one at a time, seen when it is due: at once, or many together while readers lag
  batch,      ///< an array of them by one call
  in_place,   ///< written where they lie, published together: without an array in between
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
    Source(FanIn<T>& fan_in, std::size_t producer) noexcept
        : producer_(fan_in.producer(producer)) {}

    template <std::size_t batch, class WhenFull>
    void push(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      static_assert(batch == 1 || publication == Publication::batch ||
                    publication == Publication::in_place);
      if constexpr (publication == Publication::in_place) {
        push_in_place(first, count, when_full);
      } else if constexpr (publication == Publication::batch) {
        push_array<batch, T>(
            first, count,
            [this](const T* items, std::size_t wanted) {
              return producer_.try_push_batch(std::span(items, wanted));
            },
            when_full);
      } else {
        push_each<T>(
            first, count, [this](const T& item) { return push_one(item); }, when_full);
      }
    }

    void flush() {
      if constexpr (kind == ProducerKind::single) producer_.publish();
    }

   private:
    template <class WhenFull>
    void push_in_place(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      for (std::size_t done = 0; done < count;) {
        const std::span<T> places = producer_.try_claim(count - done);
        if (places.empty()) when_full();
        for (T& place : places) fill(place, first + done++);
        producer_.publish(places.size());
      }
    }
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

/// FanIn<T> of two producers, each with half the slots.
template <class T, Publication publication = Publication::each>
class PenstockFanIn {
 public:
  using Source = typename PenstockRing<T, ProducerKind::single, publication>::Source;

  explicit PenstockFanIn(std::size_t slots) : fan_in_({.producers = 2, .slots = slots / 2}) {}

  class Consumer {
   public:
    explicit Consumer(FanIn<T>& fan_in) noexcept : fan_in_(&fan_in) {}
    template <class Handle>
    std::size_t poll(Handle&& handle, std::size_t limit) {
      return fan_in_->poll(handle, limit);
    }

   private:
    FanIn<T>* fan_in_;
  };

  /// `producer`: 0 or 1.
  [[nodiscard]] Source source(std::size_t producer) noexcept { return Source(fan_in_, producer); }
  [[nodiscard]] Consumer consumer() noexcept { return Consumer(fan_in_); }

 private:
  FanIn<T> fan_in_;
};

}  // namespace penstock::bench
