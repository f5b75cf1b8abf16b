// SPDX-License-Identifier: Apache-2.0
// moodycamel::ConcurrentQueue, with and without tokens. It has no bound of its own that would let
// it hold a whole ring: so a source looks at its size whenever the room that it saw is used up,
// which is once a lap for one that is alone.
#include <type_traits>

#include <concurrentqueue/concurrentqueue.h>

#include "families.hpp"
#include "paced.hpp"

namespace penstock::bench {
namespace {

enum class Tokens : std::uint8_t { none, both };
enum class Taking : std::uint8_t { one, bulk };

/// A way without tokens makes none: each producer token is a producer that those who take look at.
struct NoToken {
  template <class Queue>
  explicit NoToken(Queue&) noexcept {}
};

template <class T, Tokens tokens, Taking taking, std::size_t sources = 1>
class Concurrent {
 public:
  using Queue = moodycamel::ConcurrentQueue<T>;

  explicit Concurrent(std::size_t slots) : queue_(slots), slots_(slots) {}

  class Source {
   public:
    Source(Queue& queue, std::size_t slots) : queue_(&queue), token_(queue), slots_(slots) {}
    template <std::size_t batch, class WhenFull>
    void push(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      while (room_ < count) {
        const std::size_t used = queue_->size_approx();
        room_ = used < slots_ ? (slots_ - used) / sources : 0;
        if (room_ < count) when_full();
      }
      room_ -= count;
      if constexpr (batch == 1) {
        push_each<T>(
            first, count, [this](const T& item) { return enqueue(item); }, when_full);
      } else {
        push_array<batch, T>(
            first, count,
            [this](const T* items, std::size_t wanted) {
              return enqueue_bulk(items, wanted) ? wanted : 0;
            },
            when_full);
      }
    }
    void flush() {}

   private:
    bool enqueue(const T& item) {
      if constexpr (tokens == Tokens::both)
        return queue_->enqueue(token_, item);
      else
        return queue_->enqueue(item);
    }
    bool enqueue_bulk(const T* items, std::size_t count) {
      if constexpr (tokens == Tokens::both)
        return queue_->enqueue_bulk(token_, items, count);
      else
        return queue_->enqueue_bulk(items, count);
    }

    Queue* queue_;
    std::conditional_t<tokens == Tokens::both, moodycamel::ProducerToken, NoToken> token_;
    std::size_t slots_;
    std::size_t room_ = 0;
  };

  class Consumer {
   public:
    static constexpr std::size_t kPollMax = 64;

    explicit Consumer(Queue& queue) : queue_(&queue), token_(queue) {}
    template <class Handle>
    std::size_t poll(Handle&& handle, std::size_t limit) {
      const std::size_t count =
          taking == Taking::one ? dequeue() : dequeue_bulk(std::min(limit, items_.size()));
      for (std::size_t i = 0; i < count; ++i) handle(items_[i]);
      return count;
    }

   private:
    std::size_t dequeue() {
      if constexpr (tokens == Tokens::both)
        return queue_->try_dequeue(token_, items_[0]) ? 1 : 0;
      else
        return queue_->try_dequeue(items_[0]) ? 1 : 0;
    }
    std::size_t dequeue_bulk(std::size_t wanted) {
      if constexpr (tokens == Tokens::both)
        return queue_->try_dequeue_bulk(token_, items_.data(), wanted);
      else
        return queue_->try_dequeue_bulk(items_.data(), wanted);
    }

    Queue* queue_;
    std::conditional_t<tokens == Tokens::both, moodycamel::ConsumerToken, NoToken> token_;
    std::array<T, taking == Taking::one ? 1 : kPollMax> items_{};
  };

  Source source() { return Source(queue_, slots_); }
  Consumer consumer() { return Consumer(queue_); }

 private:
  Queue queue_;
  std::size_t slots_;
};

}  // namespace

void add_concurrent_items(Implementations& to, const Cores& cores, const QueueShape& shape) {
  with_item_bytes(shape.item_bytes, [&]<std::size_t bytes>() {
    using T = Item<bytes>;
    using With = Concurrent<T, Tokens::both, Taking::bulk>;
    using Without = Concurrent<T, Tokens::none, Taking::bulk>;
    using WithOne = Concurrent<T, Tokens::both, Taking::one>;
    using WithoutOne = Concurrent<T, Tokens::none, Taking::one>;
    const std::size_t slots = shape.slots;
    to.push_back(passing<WithOne, 1>("ConcurrentQueue, tokens, single", cores, slots));
    add_passing<With, 1>(to, "ConcurrentQueue, tokens, bulk out", cores, slots);
    add_passing<With, 16>(to, "ConcurrentQueue, tokens, bulk 16", cores, slots);
    add_passing<With, 64>(to, "ConcurrentQueue, tokens, bulk 64", cores, slots);
    to.push_back(passing<WithoutOne, 1>("ConcurrentQueue, single", cores, slots));
    add_passing<Without, 16>(to, "ConcurrentQueue, bulk 16", cores, slots);
    add_passing<Without, 64>(to, "ConcurrentQueue, bulk 64", cores, slots);
  });
}

void add_concurrent_bounce(Implementations& to, const Cores& cores) {
  using With = Concurrent<Item<8>, Tokens::both, Taking::one>;
  to.push_back(bouncing<With>("ConcurrentQueue, tokens", cores));
}

void add_concurrent_producers(Implementations& to, const Cores& cores, std::size_t slots) {
  using T = Item<8>;
  using With = Concurrent<T, Tokens::both, Taking::bulk, 2>;
  using Without = Concurrent<T, Tokens::none, Taking::bulk, 2>;
  using WithoutOne = Concurrent<T, Tokens::none, Taking::one, 2>;
  to.push_back(contending<WithoutOne, 1>("ConcurrentQueue, single", cores, slots));
  to.push_back(contending<Without, 1>("ConcurrentQueue, bulk out", cores, slots));
  to.push_back(contending<Without, 16>("ConcurrentQueue, bulk 16", cores, slots));
  to.push_back(contending<Without, 64>("ConcurrentQueue, bulk 64", cores, slots));
  to.push_back(contending<With, 1>("ConcurrentQueue, tokens, bulk out", cores, slots));
  to.push_back(contending<With, 16>("ConcurrentQueue, tokens, bulk 16", cores, slots));
  to.push_back(contending<With, 64>("ConcurrentQueue, tokens, bulk 64", cores, slots));
}

}  // namespace penstock::bench
