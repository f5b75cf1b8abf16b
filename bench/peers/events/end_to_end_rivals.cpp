// SPDX-License-Identifier: Apache-2.0
// What people glue together by hand: a queue of strings and a JSON library. The mimalloc that
// Penstock links takes over malloc in the whole process; so there are strings of glibc's malloc
// beside those of mimalloc.
// The queue is favoured: producer and consumer tokens, strings with room for simdjson's padding so
// that nothing is copied again, and a bound on events in flight by one counter that only the
// consumer writes.
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <concurrentqueue/concurrentqueue.h>
#include <simdjson.h>
#include <nlohmann/json.hpp>

#include "../machine/start_line.hpp"
#include "end_to_end.hpp"

extern "C" {
void* __libc_malloc(std::size_t bytes);  // NOLINT: glibc's names
void __libc_free(void* memory);          // NOLINT
}

namespace penstock::bench {
namespace {

constexpr std::size_t kInFlightMax = 4096;  // as many as a default ring has slots

/// What std::allocator would be without mimalloc.
template <class T>
struct GlibcAllocator {
  using value_type = T;
  GlibcAllocator() = default;
  template <class U>
  GlibcAllocator(const GlibcAllocator<U>& /*other*/) noexcept {}
  T* allocate(std::size_t count) { return static_cast<T*>(__libc_malloc(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t /*count*/) noexcept { __libc_free(memory); }
  bool operator==(const GlibcAllocator& /*other*/) const noexcept { return true; }
};
using GlibcString = std::basic_string<char, std::char_traits<char>, GlibcAllocator<char>>;

/// simdjson On-Demand, one document at a time: all nine attributes are read, the data is not
/// checked.
class SimdjsonReader {
 public:
  std::uint64_t read(const char* bytes, std::size_t length, std::size_t capacity) {
    simdjson::ondemand::document document;
    if (parser_.iterate(bytes, length, capacity).get(document) != simdjson::SUCCESS)
      give_up("simdjson refused an event");
    std::uint64_t sum = 0;
    const auto read = [&](const char* name) {
      std::string_view value;
      if (document[name].get_string().get(value) != simdjson::SUCCESS)
        give_up("an attribute is missing");
      return value.size();
    };
    if (read("specversion") != 3) give_up("another specversion than 1.0");
    for (const char* const name : {"id", "source", "type", "subject", "time", "datacontenttype"})
      sum += read(name);
    for (const char* const name : {"sequence", "sequencetype"})
      if (read(name) == 0) give_up("an extension is empty");
    return sum;
  }

 private:
  simdjson::ondemand::parser parser_;
};

std::uint64_t read_with_nlohmann(const std::string& text) {
  const nlohmann::json event = nlohmann::json::parse(text);
  std::uint64_t sum = 0;
  for (const char* const name : {"id", "source", "type", "subject", "time", "datacontenttype"})
    sum += event[name].get_ref<const std::string&>().size();
  return sum;
}

/// ConcurrentQueue, bounded by a count that only the consumer writes.
template <class String>
struct TokenQueue {
  moodycamel::ConcurrentQueue<String> queue{kInFlightMax};
  alignas(128) std::atomic<std::size_t> done{0};

  struct Source {
    explicit Source(TokenQueue& owner) : owner_(&owner), token_(owner.queue) {}
    void put(String&& event) {
      // acquire: pairs with the consumer's release; a bound, not a hand-over.
      while (put_ - owner_->done.load(std::memory_order_acquire) >= kInFlightMax) {
      }
      ++put_;
      owner_->queue.enqueue(token_, std::move(event));
    }
    TokenQueue* owner_;
    moodycamel::ProducerToken token_;
    std::size_t put_ = 0;
  };

  struct Consumer {
    explicit Consumer(TokenQueue& owner) : owner_(&owner), token_(owner.queue) {}
    void take(String& event) {
      while (!owner_->queue.try_dequeue(token_, event)) {
      }
      // release: pairs with the source's acquire.
      if (++taken_ % 16 == 0) owner_->done.store(taken_, std::memory_order_release);
    }
    TokenQueue* owner_;
    moodycamel::ConsumerToken token_;
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

/// One source thread, one consumer thread, a queue of strings between them.
template <class String, class Queue, class Read>
Sample through_queue(const Events& events, std::size_t count, const Cores& cores, Read read) {
  Queue queue;
  StartLine line;
  SteadyTime::time_point begin;
  SteadyTime::time_point end;
  Sample run;
  const auto produce = [&] {
    typename Queue::Source source(queue);
    line.meet();
    begin = SteadyTime::now();
    for (std::size_t i = 0; i < count; ++i) {
      const char* const text = events.lines()[i].data();
      const auto* const text_end =
          static_cast<const char*>(std::memchr(text, '\n', events.lines()[i].size() + 1));
      const auto length = static_cast<std::size_t>(text_end - text);
      String event;
      event.reserve(length + simdjson::SIMDJSON_PADDING);
      event.assign(text, length);
      source.put(std::move(event));
    }
  };
  const auto consume = [&] {
    typename Queue::Consumer consumer(queue);
    String event;
    line.meet();
    for (std::size_t i = 0; i < count; ++i) {
      consumer.take(event);
      run.checksum += read(event);
    }
    end = SteadyTime::now();
  };
  run.waited_ns = on_two_cores(cores, consume, produce);
  run.ns_per_item = ns_between(begin, end) / double(count);
  return run;
}

template <class String>
Sample queue_simdjson_of(const Events& events, std::size_t count, const Cores& cores) {
  SimdjsonReader reader;
  return through_queue<String, TokenQueue<String>>(events, count, cores, [&](const String& event) {
    return reader.read(event.data(), event.size(), event.capacity());
  });
}

}  // namespace

Sample bare_simdjson(const Events& events, std::size_t count, const Cores& cores) {
  Sample run;
  std::thread thread([&] {
    pin_or_give_up(cores.consumer);
    SimdjsonReader reader;
    const WaitedForCpu waited;
    const auto begin = SteadyTime::now();
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view line = events.lines()[i];
      run.checksum +=
          reader.read(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING);
    }
    run.ns_per_item = ns_between(begin, SteadyTime::now()) / double(count);
    run.waited_ns = waited.ns();
  });
  thread.join();
  return run;
}

Sample queue_simdjson(const Events& events, std::size_t count, const Cores& cores) {
  return queue_simdjson_of<GlibcString>(events, count, cores);
}

Sample queue_simdjson_mimalloc(const Events& events, std::size_t count, const Cores& cores) {
  return queue_simdjson_of<std::string>(events, count, cores);
}

Sample queue_nlohmann(const Events& events, std::size_t count, const Cores& cores) {
  return through_queue<std::string, TokenQueue<std::string>>(events, count, cores,
                                                             read_with_nlohmann);
}

Sample mutex_nlohmann(const Events& events, std::size_t count, const Cores& cores) {
  return through_queue<std::string, LockedQueue>(events, count, cores, read_with_nlohmann);
}

}  // namespace penstock::bench
