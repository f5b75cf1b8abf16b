// SPDX-License-Identifier: Apache-2.0
// FanIn<T>: items of several producers for one reader. Each producer has a ring of its own, so that
// producers share no line that they write; the reader polls the rings in turn.
//   producer 0 --> Ring<T> 0 --+
//   producer 1 --> Ring<T> 1 --+--> one reader
// 1. Items of one producer come in its order. Between producers there is none; where one is needed,
//    Ring<T, ProducerKind::multi> gives it, for a CAS on a word that all of them write.
// 2. A poll takes at most kTurnMax items of a producer before the next has its turn, and the next
//    poll begins behind the ring where this one ended: a busy producer can't starve another.
// 3. A full ring refuses its own producer only.
// No synchronization of its own: each ring hands its items over.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include <penstock/runtime/base/check.hpp>
#include <penstock/runtime/ring/typed_ring.hpp>

namespace penstock {

template <class T, class Atomics = StdAtomics>
class FanIn {
 public:
  using OwnRing = Ring<T, ProducerKind::single, Atomics>;
  using Producer = typename OwnRing::Producer;

  static constexpr std::size_t kTurnMax = 256;

  struct Options {
    std::size_t producers = 1;
    std::size_t slots = 1024;  ///< of each producer's ring; power of two
  };

  /// Allocates the rings; throws std::bad_alloc. Requires: at least one producer.
  explicit FanIn(const Options& options) {
    PENSTOCK_CHECK(options.producers != 0);
    rings_.reserve(options.producers);
    for (std::size_t i = 0; i < options.producers; ++i) rings_.emplace_back(options.slots);
  }

  /// What pushes into ring `number`, from 0. Belongs to one thread; one handle of a number at a
  /// time (the next may belong to another thread, if the caller orders the two). Requires: a
  /// FanIn that outlives it.
  [[nodiscard]] Producer producer(std::size_t number) noexcept {
    PENSTOCK_CHECK(number < rings_.size());
    return rings_[number].ring->producer();
  }

  /// Calls handle(const T&) for items that are there, at most `budget`, and releases them: at most
  /// kTurnMax of each producer. Returns how many. If `handle` throws, the items before that one are
  /// released, and that one comes again. The reader's thread only.
  template <class Handle>
  std::size_t poll(Handle&& handle, std::size_t budget = SIZE_MAX) {
    std::size_t handled = 0;
    for (std::size_t turn = 0; turn < rings_.size() && handled < budget; ++turn) {
      typename OwnRing::Reader& reader = *rings_[next_].reader;
      next_ = next_ + 1 == rings_.size() ? 0 : next_ + 1;
      handled += reader.poll(handle, std::min(budget - handled, kTurnMax));
    }
    return handled;
  }

  [[nodiscard]] std::size_t producers() const noexcept { return rings_.size(); }

 private:
  struct RingAndReader {
    explicit RingAndReader(std::size_t slots)
        : ring(std::make_unique<OwnRing>(slots)), reader(&ring->add_reader()) {}
    std::unique_ptr<OwnRing> ring;
    typename OwnRing::Reader* reader;
  };

  // Fixed after construction.
  std::vector<RingAndReader> rings_;  ///< by producer
  // Reader thread only.
  std::size_t next_ = 0;
};

}  // namespace penstock
