// SPDX-License-Identifier: Apache-2.0
// What people glue together by hand: a queue of strings and a JSON library. The mimalloc that
// Penstock links takes over malloc in the whole process; so there are strings of glibc's malloc
// beside those of mimalloc.
// Strings have room for simdjson's padding, so that nothing is copied again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include <simdjson.h>
#include <nlohmann/json.hpp>

#include "../machine/start_line.hpp"
#include "end_to_end.hpp"
#include "open_loop.hpp"
#include "string_queues.hpp"

extern "C" {
void* __libc_malloc(std::size_t bytes);  // NOLINT: glibc's names
void __libc_free(void* memory);          // NOLINT
}

namespace penstock::bench {
namespace {

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

/// What of an event is read.
enum class Reading : std::uint8_t {
  field,       ///< the field that is summed, and nothing else
  attributes,  ///< all nine attributes before it, as Penstock's envelope has them
};

double amount_of(simdjson::simdjson_result<double>&& amount) {
  double value = 0;
  if (std::move(amount).get(value) != simdjson::SUCCESS) give_up("simdjson: no data.totalAmount");
  return value;
}

/// simdjson On-Demand, one document at a time. What is not asked for is not checked.
template <Reading reading>
class SimdjsonReader {
 public:
  double read(const char* bytes, std::size_t length, std::size_t capacity) {
    simdjson::ondemand::document document;
    if (parser_.iterate(bytes, length, capacity).get(document) != simdjson::SUCCESS)
      give_up("simdjson refused an event");
    if constexpr (reading == Reading::attributes) read_attributes(document);
    return amount_of(document["data"]["totalAmount"].get_double());
  }

 private:
  /// In the order of the document, which is the fastest.
  void read_attributes(simdjson::ondemand::document& document) {
    for (const char* const name : {"specversion", "id", "source", "type", "subject", "time",
                                   "datacontenttype", "sequence", "sequencetype"}) {
      std::string_view value;
      if (document[name].get_string().get(value) != simdjson::SUCCESS || value.empty())
        give_up(std::string("simdjson: no attribute ") + name);
    }
  }

  simdjson::ondemand::parser parser_;
};

double read_with_nlohmann(const std::string& text) {
  const nlohmann::json event = nlohmann::json::parse(text);
  return event.at("data").at("totalAmount").get<double>();
}

/// One source thread, one consumer thread, a queue of strings between them; read(event) gives the
/// amount.
template <class String, class Queue, class Read, class Times>
Sample through_queue(const Events& events, std::size_t count, const Cores& cores, Read read,
                     Times& times) {
  Queue queue;
  StartLine line;
  SteadyTime::time_point begin;
  SteadyTime::time_point end;
  Sample run;
  const auto produce = [&] {
    typename Queue::Source source(queue);
    const auto put = [&](std::size_t index) {
      const std::string_view found = events.find_line(index);
      String event;
      event.reserve(found.size() + simdjson::SIMDJSON_PADDING);
      event.assign(found.data(), found.size());
      source.put(std::move(event));
    };
    for (std::size_t i = 0; i < kWarmUpEvents; ++i) put(i);
    source.flush();
    line.meet();
    begin = SteadyTime::now();
    times.begin();
    for (std::size_t i = 0; i < count; ++i) {
      times.wait_for(i);
      put(kWarmUpEvents + i);
    }
    source.flush();
  };
  const auto consume = [&] {
    typename Queue::Consumer consumer(queue);
    AmountSum sum;
    String event;
    const auto take = [&] {
      consumer.take(event);
      sum.add(read(event));
    };
    while (sum.count() < kWarmUpEvents) take();
    sum = {};
    line.meet();
    while (sum.count() < count) {
      take();
      times.ended(sum.count() - 1);
    }
    end = SteadyTime::now();
    run.checksum = sum.checksum();
  };
  run.waited_ns = on_two_cores(cores, consume, produce);
  run.ns_per_item = ns_between(begin, end) / double(count);
  return run;
}

template <class String, template <class> class Queue, Reading reading, class Times>
Sample queue_simdjson_of(const Events& events, std::size_t count, const Cores& cores,
                         Times&& times) {
  SimdjsonReader<reading> reader;
  const auto read = [&](const String& event) {
    return reader.read(event.data(), event.size(), event.capacity());
  };
  return through_queue<String, Queue<String>>(events, count, cores, read, times);
}

template <Reading reading>
Sample queue_open_loop(const Events& events, std::size_t count, const Cores& cores,
                       const DueTimes& due_ns, double percent) {
  ByPlan times(due_ns, count);
  Sample run = queue_simdjson_of<GlibcString, TokenQueue, reading>(events, count, cores, times);
  run.latency_ns = times.latency_ns(percent);
  run.held_up_ns = times.held_up_ns();
  return run;
}

template <Reading reading>
Sample bare_simdjson_of(const Events& events, std::size_t count, const Cores& cores) {
  SimdjsonReader<reading> reader;
  return on_one_core(count, cores, [&](std::size_t first, std::size_t wanted, AmountSum& sum) {
    for (std::size_t i = 0; i < wanted; ++i) {
      const std::string_view line = events.find_line(first + i);
      sum.add(reader.read(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING));
    }
  });
}

}  // namespace

Sample bare_simdjson(const Events& events, std::size_t count, const Cores& cores) {
  return bare_simdjson_of<Reading::field>(events, count, cores);
}

Sample bare_simdjson_attributes(const Events& events, std::size_t count, const Cores& cores) {
  return bare_simdjson_of<Reading::attributes>(events, count, cores);
}

/// simdjson's own way with NDJSON: one index for many documents.
Sample bare_simdjson_many(const Events& events, std::size_t count, const Cores& cores) {
  constexpr std::size_t kIndexBytes = 1'000'000;  // simdjson's default
  simdjson::ondemand::parser parser;
#if defined(SIMDJSON_THREADS_ENABLED)
  parser.threaded = false;  // one core
#endif
  return on_one_core(count, cores, [&](std::size_t first, std::size_t wanted, AmountSum& sum) {
    const std::string_view text = events.text(first, wanted);
    simdjson::ondemand::document_stream stream;
    if (parser.iterate_many(text.data(), text.size(), kIndexBytes).get(stream) != simdjson::SUCCESS)
      give_up("simdjson refused the events");
    for (auto document : stream) sum.add(amount_of(document["data"]["totalAmount"].get_double()));
  });
}

Sample queue_simdjson(const Events& events, std::size_t count, const Cores& cores) {
  return queue_simdjson_of<GlibcString, TokenQueue, Reading::field>(events, count, cores, AtOnce{});
}

Sample queue_simdjson_bulk(const Events& events, std::size_t count, const Cores& cores) {
  return queue_simdjson_of<GlibcString, BulkQueue, Reading::field>(events, count, cores, AtOnce{});
}

Sample queue_simdjson_attributes(const Events& events, std::size_t count, const Cores& cores) {
  return queue_simdjson_of<GlibcString, TokenQueue, Reading::attributes>(events, count, cores,
                                                                         AtOnce{});
}

Sample queue_simdjson_mimalloc(const Events& events, std::size_t count, const Cores& cores) {
  return queue_simdjson_of<std::string, TokenQueue, Reading::field>(events, count, cores, AtOnce{});
}

Sample queue_nlohmann(const Events& events, std::size_t count, const Cores& cores) {
  AtOnce times;
  return through_queue<std::string, TokenQueue<std::string>>(events, count, cores,
                                                             read_with_nlohmann, times);
}

Sample mutex_nlohmann(const Events& events, std::size_t count, const Cores& cores) {
  AtOnce times;
  return through_queue<std::string, LockedQueue>(events, count, cores, read_with_nlohmann, times);
}

Sample queue_simdjson_open_loop(const Events& events, std::size_t count, const Cores& cores,
                                const DueTimes& due_ns, double percent) {
  return queue_open_loop<Reading::field>(events, count, cores, due_ns, percent);
}

Sample queue_simdjson_attributes_open_loop(const Events& events, std::size_t count,
                                           const Cores& cores, const DueTimes& due_ns,
                                           double percent) {
  return queue_open_loop<Reading::attributes>(events, count, cores, due_ns, percent);
}

}  // namespace penstock::bench
