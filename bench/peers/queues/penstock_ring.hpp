// SPDX-License-Identifier: Apache-2.0
// What the benchmarks use of Ring<T>, in the shape of harness.hpp. The only file of bench/ that
// calls its producing side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <penstock/runtime/ring/typed_ring.hpp>
#include <penstock/runtime/wait/pace.hpp>

#include "harness.hpp"

namespace penstock::bench {

/// When the reader learns of an item that was pushed one at a time.
enum class Publication : std::uint8_t {
  each,       ///< at once
  coalesced,  ///< when it is due: at once, or many together while the reader lags
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
      if constexpr (publication == Publication::coalesced) {
        write_each(first, count, when_full);
      } else if constexpr (batch == 1) {
        push_each<T>(
            first, count, [this](const T& item) { return producer_.try_push(item); }, when_full);
      } else if constexpr (kind == ProducerKind::single && batch * sizeof(T) > kArrayBytesMax) {
        write_each(first, count, when_full);
        flush();
      } else {
        push_array<batch, T>(
            first, count,
            [this](const T* items, std::size_t wanted) {
              return producer_.try_push_batch(std::span(items, wanted));
            },
            when_full);
      }
    }

    void flush() {
      if constexpr (kind == ProducerKind::single) producer_.publish();
    }

   private:
    static constexpr std::size_t kArrayBytesMax = 4096;  ///< a copy of more would fill the cache

    template <class WhenFull>
    void write_each(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      push_each<T>(
          first, count,
          [this](const T& item) {
            if (!producer_.try_write(item)) return false;
            if constexpr (publication == Publication::coalesced) producer_.publish_when_due();
            return true;
          },
          when_full);
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
    void polled(std::size_t count) noexcept { pace_.polled(count); }

   private:
    typename Items::Reader* reader_;
    Pace pace_;
  };

  [[nodiscard]] Source source() noexcept { return Source(ring_); }
  [[nodiscard]] Consumer consumer() noexcept { return Consumer(*reader_); }

 private:
  Items ring_;
  typename Items::Reader* reader_;
};

}  // namespace penstock::bench
