// SPDX-License-Identifier: Apache-2.0
// moodycamel::ReaderWriterQueue: one source, one consumer, one item at a time.
#include <readerwriterqueue/readerwriterqueue.h>

#include "families.hpp"

namespace penstock::bench {
namespace {

template <class T>
class ReaderWriter {
 public:
  using Queue = moodycamel::ReaderWriterQueue<T>;

  explicit ReaderWriter(std::size_t slots) : queue_(slots) {}

  class Source {
   public:
    explicit Source(Queue& queue) : queue_(&queue) {}
    template <std::size_t batch, class WhenFull>
    void push(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      // Allocates nothing: bounded by the blocks that it was made with.
      push_each<T>(
          first, count, [this](const T& item) { return queue_->try_enqueue(item); }, when_full);
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
      const T* const item = queue_->peek();  // in place, which copies less than try_dequeue()
      if (item == nullptr) return 0;
      handle(*item);
      queue_->pop();
      return 1;
    }

   private:
    Queue* queue_;
  };

  Source source() { return Source(queue_); }
  Consumer consumer() { return Consumer(queue_); }

 private:
  Queue queue_;
};

}  // namespace

void add_reader_writer_items(Implementations& to, const Cores& cores, const QueueShape& shape) {
  with_item_bytes(shape.item_bytes, [&]<std::size_t bytes>() {
    to.push_back(
        passing<ReaderWriter<Item<bytes>>, 1>("ReaderWriterQueue, single", cores, shape.slots));
  });
}

void add_reader_writer_bounce(Implementations& to, const Cores& cores) {
  to.push_back(bouncing<ReaderWriter<Item<8>>>("ReaderWriterQueue", cores));
}

}  // namespace penstock::bench
