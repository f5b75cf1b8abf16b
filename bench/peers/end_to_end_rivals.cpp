// SPDX-License-Identifier: Apache-2.0
// What people glue together by hand: a queue of strings and a JSON library. The mimalloc that
// Penstock links takes over malloc in the whole process; so there are strings of glibc's malloc
// beside those of mimalloc.
// The queue is favoured: producer and consumer tokens, strings with room for simdjson's padding so
// that nothing is copied again, and a bound on events in flight by one counter that only the
// consumer writes.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include <concurrentqueue/concurrentqueue.h>
#include <simdjson.h>
#include <nlohmann/json.hpp>

#include "end_to_end.hpp"
#include "machine_probe.hpp"

extern "C" {
void* __libc_malloc(std::size_t bytes);  // NOLINT: glibc's names
void __libc_free(void* memory);          // NOLINT
}

namespace penstock::bench {
namespace {

using SteadyTime = std::chrono::steady_clock;

constexpr std::size_t kInFlightMax = 4096;  // as many as a default ring has slots

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "end_to_end: %s\n", why);
  std::exit(1);
}

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

template <class String>
std::uint64_t read_with_nlohmann(const String& text) {
  const nlohmann::json event = nlohmann::json::parse(text);
  std::uint64_t sum = 0;
  for (const char* const name : {"id", "source", "type", "subject", "time", "datacontenttype"})
    sum += event[name].get_ref<const std::string&>().size();
  return sum;
}

/// One source thread, one consumer thread, ConcurrentQueue of strings between them.
template <class String, class Read>
Run through_queue(const Events& events, std::size_t count, const Cores& cores, Read read) {
  moodycamel::ConcurrentQueue<String> queue(kInFlightMax);
  alignas(128) std::atomic<std::size_t> done{0};
  alignas(128) std::atomic<int> ready{0};
  SteadyTime::time_point begin;
  SteadyTime::time_point end;
  Run run;
  const auto meet = [&] {
    // acq_rel: both threads run before the clock starts.
    ready.fetch_add(1, std::memory_order_acq_rel);
    // acquire: as above.
    while (ready.load(std::memory_order_acquire) != 2) {
    }
  };
  std::thread source([&] {
    pin_to(cores.source);
    moodycamel::ProducerToken token(queue);
    meet();
    begin = SteadyTime::now();
    for (std::size_t i = 0; i < count; ++i) {
      const char* const line = events.lines()[i].data();
      const auto* const line_end =
          static_cast<const char*>(std::memchr(line, '\n', events.lines()[i].size() + 1));
      const auto length = static_cast<std::size_t>(line_end - line);
      String event;
      event.reserve(length + simdjson::SIMDJSON_PADDING);
      event.assign(line, length);
      // acquire: pairs with the consumer's release; a bound, not a hand-over.
      while (i - done.load(std::memory_order_acquire) >= kInFlightMax) {
      }
      queue.enqueue(token, std::move(event));
    }
  });
  std::thread consumer([&] {
    pin_to(cores.consumer);
    moodycamel::ConsumerToken token(queue);
    String event;
    meet();
    for (std::size_t i = 0; i < count; ++i) {
      while (!queue.try_dequeue(token, event)) {
      }
      run.sum += read(event);
      // release: pairs with the source's acquire.
      if (i % 16 == 15) done.store(i + 1, std::memory_order_release);
    }
    end = SteadyTime::now();
  });
  source.join();
  consumer.join();
  run.ns_per_event = std::chrono::duration<double, std::nano>(end - begin).count() / double(count);
  return run;
}

}  // namespace

Run bare_simdjson(const Events& events, std::size_t count, const Cores& cores) {
  Run run;
  std::thread thread([&] {
    pin_to(cores.consumer);
    SimdjsonReader reader;
    const auto begin = SteadyTime::now();
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view line = events.lines()[i];
      run.sum += reader.read(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING);
    }
    run.ns_per_event =
        std::chrono::duration<double, std::nano>(SteadyTime::now() - begin).count() / double(count);
  });
  thread.join();
  return run;
}

template <class String>
Run queue_simdjson_of(const Events& events, std::size_t count, const Cores& cores) {
  SimdjsonReader reader;
  return through_queue<String>(events, count, cores, [&](const String& event) {
    return reader.read(event.data(), event.size(), event.capacity());
  });
}

Run queue_simdjson(const Events& events, std::size_t count, const Cores& cores) {
  return queue_simdjson_of<GlibcString>(events, count, cores);
}

Run queue_simdjson_mimalloc(const Events& events, std::size_t count, const Cores& cores) {
  return queue_simdjson_of<std::string>(events, count, cores);
}

Run queue_nlohmann(const Events& events, std::size_t count, const Cores& cores) {
  return through_queue<std::string>(events, count, cores, read_with_nlohmann<std::string>);
}

}  // namespace penstock::bench
