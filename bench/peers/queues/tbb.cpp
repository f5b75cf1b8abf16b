// SPDX-License-Identifier: Apache-2.0
// tbb::concurrent_bounded_queue.
#include <tbb/concurrent_queue.h>

#include "families.hpp"

namespace penstock::bench {
namespace {

template <class T>
class TbbBounded {
 public:
  using Queue = tbb::concurrent_bounded_queue<T>;

  explicit TbbBounded(std::size_t slots) {
    queue_.set_capacity(static_cast<typename Queue::size_type>(slots));
  }

  class Source {
   public:
    explicit Source(Queue& queue) : queue_(&queue) {}
    template <std::size_t batch, class WhenFull>
    void push(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      push_each<T>(
          first, count, [this](const T& item) { return queue_->try_push(item); }, when_full);
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
      if (!queue_->try_pop(item_)) return 0;
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

void add_tbb_items(Implementations& to, const Cores& cores, const QueueShape& shape) {
  with_item_bytes(shape.item_bytes, [&]<std::size_t bytes>() {
    to.push_back(passing<TbbBounded<Item<bytes>>, 1>("tbb bounded, single", cores, shape.slots));
  });
}

void add_tbb_bounce(Implementations& to, const Cores& cores) {
  to.push_back(bouncing<TbbBounded<Item<8>>>("tbb bounded", cores));
}

void add_tbb_producers(Implementations& to, const Cores& cores, std::size_t slots) {
  to.push_back(contending<TbbBounded<Item<8>>, 1>("tbb bounded, single", cores, slots));
}

}  // namespace penstock::bench
