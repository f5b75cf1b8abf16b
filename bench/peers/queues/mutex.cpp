// SPDX-License-Identifier: Apache-2.0
// A bounded std::deque under a mutex, with a condition variable for each side: whoever has nothing
// to do but wait sleeps meanwhile, as with such queues. A thread that both puts in and takes out
// has something to do: it takes where there is no room, and sleeps once all its own are in.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <type_traits>

#include "families.hpp"

namespace penstock::bench {
namespace {

enum class WhenEmpty : std::uint8_t { sleep, answer };

template <class T, WhenEmpty when_empty = WhenEmpty::sleep>
class MutexQueue {
 public:
  explicit MutexQueue(std::size_t slots) : slots_(slots) {}

  class Source {
   public:
    explicit Source(MutexQueue& queue) : queue_(&queue) {}
    template <std::size_t batch, class WhenFull>
    void push(std::uint64_t first, std::size_t count, WhenFull&& when_full) {
      constexpr bool only_waits = std::is_same_v<std::remove_cvref_t<WhenFull>, Wait>;
      push_array<batch, T>(
          first, count,
          [this](const T* items, std::size_t wanted) {
            return queue_->template put<only_waits>(items, wanted);
          },
          when_full);
    }
    void flush() {}

   private:
    MutexQueue* queue_;
  };

  /// Takes all that is there under one lock.
  class Consumer {
   public:
    explicit Consumer(MutexQueue& queue) : queue_(&queue) {}
    template <class Handle>
    std::size_t poll(Handle&& handle, std::size_t limit) {
      const std::size_t count = queue_->take(items_.data(), std::min(limit, items_.size()));
      for (std::size_t i = 0; i < count; ++i) handle(items_[i]);
      return count;
    }
    void polled(std::size_t count) requires(when_empty == WhenEmpty::answer) {
      if (count == 0) queue_->wait_for_news();
    }

   private:
    MutexQueue* queue_;
    std::array<T, 64> items_{};
  };

  Source source() { return Source(*this); }
  Consumer consumer() { return Consumer(*this); }

 private:
  template <bool may_sleep>
  std::size_t put(const T* items, std::size_t wanted) {
    std::unique_lock lock(mutex_);
    if constexpr (may_sleep) room_.wait(lock, [this] { return items_.size() < slots_; });
    const std::size_t count = std::min(wanted, slots_ - items_.size());
    if (count == 0) return 0;
    const bool was_empty = items_.empty();
    items_.insert(items_.end(), items, items + count);
    lock.unlock();
    if (was_empty) news_.notify_one();
    return count;
  }

  std::size_t take(T* items, std::size_t wanted) {
    std::unique_lock lock(mutex_);
    if constexpr (when_empty == WhenEmpty::sleep)
      news_.wait(lock, [this] { return !items_.empty(); });
    const std::size_t count = std::min(wanted, items_.size());
    if (count == 0) return 0;
    const bool was_full = items_.size() == slots_;
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(items_.begin(), end, items);
    items_.erase(items_.begin(), end);
    lock.unlock();
    if (was_full) room_.notify_one();
    return count;
  }

  void wait_for_news() {
    std::unique_lock lock(mutex_);
    news_.wait(lock, [this] { return !items_.empty(); });
  }

  std::size_t slots_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable news_;
  std::deque<T> items_;
};

Implementation asleep(Implementation implementation) {
  implementation.sleeps = true;
  return implementation;
}

}  // namespace

void add_mutex_items(Implementations& to, const Cores& cores, const QueueShape& shape) {
  with_item_bytes(shape.item_bytes, [&]<std::size_t bytes>() {
    using Queue = MutexQueue<Item<bytes>>;
    to.push_back(asleep(passing<Queue, 1>("mutex + cv, single", cores, shape.slots)));
    to.push_back(asleep(passing<Queue, 16>("mutex + cv, batch 16", cores, shape.slots)));
    to.push_back(asleep(passing<Queue, 64>("mutex + cv, batch 64", cores, shape.slots)));
  });
}

void add_mutex_bounce(Implementations& to, const Cores& cores) {
  to.push_back(asleep(bouncing<MutexQueue<Item<8>>>("mutex + cv, sleeping", cores)));
}

void add_mutex_producers(Implementations& to, const Cores& cores, std::size_t slots) {
  using Queue = MutexQueue<Item<8>, WhenEmpty::answer>;
  to.push_back(asleep(contending<Queue, 1>("mutex + cv, single", cores, slots)));
  to.push_back(asleep(contending<Queue, 16>("mutex + cv, batch 16", cores, slots)));
  to.push_back(asleep(contending<Queue, 64>("mutex + cv, batch 64", cores, slots)));
}

}  // namespace penstock::bench
