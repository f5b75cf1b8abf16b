// SPDX-License-Identifier: Apache-2.0
// boost::lockfree: spsc_queue with all its ways to push and pop, and queue.
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include "families.hpp"
#include "paced.hpp"

namespace penstock::bench {
namespace {

enum class Taking : std::uint8_t { pop, pop_bulk, consume_all };

template <class T, Taking taking>
class BoostSpsc {
 public:
  using Queue = boost::lockfree::spsc_queue<T>;

  explicit BoostSpsc(std::size_t slots) : queue_(slots) {}

  class Source {
   public:
    explicit Source(Queue& queue) : queue_(&queue) {}
    template <std::size_t batch, class WhenFull>
    void push(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      if constexpr (batch == 1) {
        push_each<T>(
            first, count, [this](const T& item) { return queue_->push(item); }, when_full);
      } else {
        push_array<batch, T>(
            first, count,
            [this](const T* items, std::size_t wanted) { return queue_->push(items, wanted); },
            when_full);
      }
    }
    void flush() {}

   private:
    Queue* queue_;
  };

  class Consumer {
   public:
    static constexpr std::size_t kPollMax = taking == Taking::pop_bulk ? 64 : SIZE_MAX;

    explicit Consumer(Queue& queue) : queue_(&queue) {}
    template <class Handle>
    std::size_t poll(Handle&& handle, std::size_t limit) {
      if constexpr (taking == Taking::consume_all) {
        return queue_->consume_all(handle);
      } else if constexpr (taking == Taking::pop) {
        return queue_->consume_one(handle) ? 1 : 0;  // in place, which copies less than pop()
      } else {
        const std::size_t count = queue_->pop(items_.data(), std::min(limit, items_.size()));
        for (std::size_t i = 0; i < count; ++i) handle(items_[i]);
        return count;
      }
    }

   private:
    Queue* queue_;
    std::array<T, taking == Taking::pop_bulk ? kPollMax : 1> items_{};
  };

  Source source() { return Source(queue_); }
  Consumer consumer() { return Consumer(queue_); }

 private:
  Queue queue_;
};

/// Any number of producers; its nodes are made beforehand, so that it is bounded.
template <class T>
class BoostQueue {
 public:
  using Queue = boost::lockfree::queue<T>;

  explicit BoostQueue(std::size_t slots) : queue_(slots) {}

  class Source {
   public:
    explicit Source(Queue& queue) : queue_(&queue) {}
    template <std::size_t batch, class WhenFull>
    void push(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      push_each<T>(
          first, count, [this](const T& item) { return queue_->bounded_push(item); }, when_full);
    }
    void flush() {}

   private:
    Queue* queue_;
  };

  class Consumer {
   public:
    explicit Consumer(Queue& queue) : queue_(&queue) {}
    template <class Handle>
    std::size_t poll(Handle&& handle, std::size_t /*limit*/) {
      if (!queue_->pop(item_)) return 0;
      handle(item_);
      return 1;
    }

   private:
    Queue* queue_;
    T item_{};
  };

  Source source() { return Source(queue_); }
  Consumer consumer() { return Consumer(queue_); }

 private:
  Queue queue_;
};

}  // namespace

void add_boost_items(Implementations& to, const Cores& cores, const QueueShape& shape) {
  with_item_bytes(shape.item_bytes, [&]<std::size_t bytes>() {
    using T = Item<bytes>;
    using Single = BoostSpsc<T, Taking::pop>;
    using All = BoostSpsc<T, Taking::consume_all>;
    using Bulk = BoostSpsc<T, Taking::pop_bulk>;
    const std::size_t slots = shape.slots;
    to.push_back(passing<Single, 1>("boost spsc, single", cores, slots));
    add_passing<All, 1>(to, "boost spsc, consume_all", cores, slots);
    add_passing<Bulk, 16>(to, "boost spsc, bulk 16", cores, slots);
    add_passing<Bulk, 64>(to, "boost spsc, bulk 64", cores, slots);
    add_passing<All, 16>(to, "boost spsc, bulk 16, consume_all", cores, slots);
    to.push_back(passing<BoostQueue<T>, 1>("boost queue, single", cores, slots));
  });
}

void add_boost_bounce(Implementations& to, const Cores& cores) {
  to.push_back(bouncing<BoostSpsc<Item<8>, Taking::pop>>("boost spsc", cores));
}

void add_boost_producers(Implementations& to, const Cores& cores, std::size_t slots) {
  to.push_back(contending<BoostQueue<Item<8>>, 1>("boost queue, single", cores, slots));
}

}  // namespace penstock::bench
