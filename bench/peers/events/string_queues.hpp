// SPDX-License-Identifier: Apache-2.0
// Queues of whole events as strings, each between one source thread and one consumer thread:
//   Source    put(event), which waits for room; flush() hands over what put() kept back
//   Consumer  take(event), which waits for one
// ConcurrentQueue is favoured: tokens on both sides, and a bound on events in flight by one counter
// that only the consumer writes. Who spins has the pause in between that ours have.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>

#include <concurrentqueue/concurrentqueue.h>

#include <penstock/runtime/base/atomics.hpp>

namespace penstock::bench {

inline constexpr std::size_t kInFlightMax = 4096;  ///< as many as a default ring has slots

/// ConcurrentQueue, bounded by a count that only the consumer writes.
template <class String>
struct TokenQueue {
  moodycamel::ConcurrentQueue<String> queue{kInFlightMax};
  alignas(128) std::atomic<std::size_t> done{0};

  struct Source {
    explicit Source(TokenQueue& owner) : owner_(&owner), token_(owner.queue) {}
    void put(String&& event) {
      // acquire: pairs with the consumer's release; a bound, not a hand-over.
      while (put_ - owner_->done.load(std::memory_order_acquire) >= kInFlightMax)
        StdAtomics::pause();
      ++put_;
      owner_->queue.enqueue(token_, std::move(event));
    }
    void flush() {}
    TokenQueue* owner_;
    moodycamel::ProducerToken token_;
    std::size_t put_ = 0;
  };

  struct Consumer {
    explicit Consumer(TokenQueue& owner) : owner_(&owner), token_(owner.queue) {}
    void take(String& event) {
      while (!owner_->queue.try_dequeue(token_, event)) StdAtomics::pause();
      // release: pairs with the source's acquire.
      if (++taken_ % 16 == 0) owner_->done.store(taken_, std::memory_order_release);
    }
    TokenQueue* owner_;
    moodycamel::ConsumerToken token_;
    std::size_t taken_ = 0;
  };
};

/// The same by bulks: 16 in at a time, up to 64 out.
template <class String>
struct BulkQueue {
  moodycamel::ConcurrentQueue<String> queue{kInFlightMax};
  alignas(128) std::atomic<std::size_t> done{0};

  struct Source {
    explicit Source(BulkQueue& owner) : owner_(&owner), token_(owner.queue) {}
    void put(String&& event) {
      events_[count_++] = std::move(event);
      if (count_ == events_.size()) flush();
    }
    void flush() {
      if (count_ == 0) return;
      // acquire: pairs with the consumer's release; a bound, not a hand-over.
      while (put_ + count_ - owner_->done.load(std::memory_order_acquire) > kInFlightMax)
        StdAtomics::pause();
      put_ += count_;
      owner_->queue.enqueue_bulk(token_, std::make_move_iterator(events_.begin()), count_);
      count_ = 0;
    }
    BulkQueue* owner_;
    moodycamel::ProducerToken token_;
    std::array<String, 16> events_;
    std::size_t count_ = 0;
    std::size_t put_ = 0;
  };

  struct Consumer {
    explicit Consumer(BulkQueue& owner) : owner_(&owner), token_(owner.queue) {}
    void take(String& event) {
      if (at_ == count_) {
        // release: pairs with the source's acquire.
        owner_->done.store(taken_, std::memory_order_release);
        at_ = 0;
        while ((count_ = owner_->queue.try_dequeue_bulk(token_, events_.begin(), events_.size())) ==
               0)
          StdAtomics::pause();
        taken_ += count_;
      }
      event = std::move(events_[at_++]);
    }
    BulkQueue* owner_;
    moodycamel::ConsumerToken token_;
    std::array<String, 64> events_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
    std::size_t taken_ = 0;
  };
};

/// A deque under a mutex, both sides asleep while they wait.
struct LockedQueue {
  std::mutex mutex;
  std::condition_variable room;
  std::condition_variable news;
  std::deque<std::string> events;

  struct Source {
    explicit Source(LockedQueue& owner) : owner_(&owner) {}
    void put(std::string&& event) {
      std::unique_lock lock(owner_->mutex);
      owner_->room.wait(lock, [this] { return owner_->events.size() < kInFlightMax; });
      owner_->events.push_back(std::move(event));
      lock.unlock();
      owner_->news.notify_one();
    }
    void flush() {}
    LockedQueue* owner_;
  };

  struct Consumer {
    explicit Consumer(LockedQueue& owner) : owner_(&owner) {}
    void take(std::string& event) {
      std::unique_lock lock(owner_->mutex);
      owner_->news.wait(lock, [this] { return !owner_->events.empty(); });
      event = std::move(owner_->events.front());
      owner_->events.pop_front();
      lock.unlock();
      owner_->room.notify_one();
    }
    LockedQueue* owner_;
  };
};

}  // namespace penstock::bench
