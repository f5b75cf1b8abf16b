// SPDX-License-Identifier: Apache-2.0
// From the bytes of NDJSON events to the sum of a field of their data: Penstock, and what people
// glue together by hand. Every way finds the lines in the same bytes and `data.totalAmount` in each
// with its own reader of JSON, and must come to the sum that the events were made of.
//   source core: find the line, hand it over   ->   consumer core: decode it, add its amount
// 1. Each way passes kWarmUpEvents before the clock starts, and then others, that no cache holds.
// 2. Neighbours have different amounts: so one that is lost, doubled or exchanged changes the sum.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../machine/start_line.hpp"
#include "../queues/item.hpp"
#include "../scenario.hpp"

namespace penstock::bench {

/// Two laps of a default ring, and of the rivals' queues, which hold as many.
inline constexpr std::size_t kWarmUpEvents = 8192;

/// Orders of about 500 bytes that outlive every run, with 64 readable bytes behind the last.
class Events {
 public:
  explicit Events(std::size_t count);
  [[nodiscard]] const std::vector<std::string_view>& lines() const noexcept { return lines_; }
  /// `data.totalAmount` of each, as its maker knows it.
  [[nodiscard]] const std::vector<double>& amounts() const noexcept { return amounts_; }
  [[nodiscard]] std::size_t bytes_per_event() const noexcept {
    return text_.size() / lines_.size();
  }
  /// The bytes of the events first .. first + count - 1 with their newlines.
  [[nodiscard]] std::string_view text(std::size_t first, std::size_t count) const noexcept {
    const std::string_view last = lines_[first + count - 1];
    const char* const begin = lines_[first].data();
    return {begin, static_cast<std::size_t>(last.data() + last.size() + 1 - begin)};
  }
  /// What a reader of the bytes has to do: look for the end of the line.
  [[nodiscard]] std::string_view find_line(std::size_t index) const noexcept {
    const char* const line = lines_[index].data();
    const auto* const end =
        static_cast<const char*>(std::memchr(line, '\n', lines_[index].size() + 1));
    return {line, static_cast<std::size_t>(end - line)};
  }

 private:
  std::string text_;
  std::vector<std::string_view> lines_;
  std::vector<double> amounts_;
};

/// The sum of the field, and the amounts by their places.
class AmountSum {
 public:
  void add(double amount) noexcept {
    sum_ += amount;
    places_.add(std::bit_cast<std::uint64_t>(amount));
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return places_.count(); }
  [[nodiscard]] std::uint64_t checksum() const noexcept {
    return places_.sum() ^ std::bit_cast<std::uint64_t>(sum_);
  }

 private:
  double sum_ = 0;
  Checksum places_;
};

/// One core, no queue. pass(first, count, sum) adds the amounts of those events.
template <class Pass>
Sample on_one_core(std::size_t count, const Cores& cores, Pass pass) {
  Sample run;
  std::thread thread([&] {
    pin_or_give_up(cores.consumer);
    AmountSum sum;
    pass(0, kWarmUpEvents, sum);
    sum = {};
    const WaitedForCpu waited;
    const auto begin = SteadyTime::now();
    pass(kWarmUpEvents, count, sum);
    run.ns_per_item = ns_between(begin, SteadyTime::now()) / double(count);
    run.waited_ns = waited.ns();
    run.checksum = sum.checksum();
  });
  thread.join();
  return run;
}

// The sum over the first `count` events behind the warm-up. One core, no queue:
Sample bare_penstock(const Events& events, std::size_t count, const Cores& cores);
Sample bare_simdjson(const Events& events, std::size_t count, const Cores& cores);
Sample bare_simdjson_attributes(const Events& events, std::size_t count, const Cores& cores);
Sample bare_simdjson_many(const Events& events, std::size_t count, const Cores& cores);
// Two cores:
Sample penstock_pipeline(const Events& events, std::size_t count, const Cores& cores);
Sample queue_simdjson(const Events& events, std::size_t count, const Cores& cores);
Sample queue_simdjson_bulk(const Events& events, std::size_t count, const Cores& cores);
Sample queue_simdjson_attributes(const Events& events, std::size_t count, const Cores& cores);
Sample queue_simdjson_mimalloc(const Events& events, std::size_t count, const Cores& cores);
Sample queue_nlohmann(const Events& events, std::size_t count, const Cores& cores);
Sample mutex_nlohmann(const Events& events, std::size_t count, const Cores& cores);
// By an open loop: its percentile `percent` of latencies.
using DueTimes = std::vector<std::uint64_t>;  ///< ns since the begin, of each event
Sample penstock_open_loop(const Events& events, std::size_t count, const Cores& cores,
                          const DueTimes& due_ns, double percent);
Sample penstock_latency_open_loop(const Events& events, std::size_t count, const Cores& cores,
                                  const DueTimes& due_ns, double percent);
Sample queue_simdjson_open_loop(const Events& events, std::size_t count, const Cores& cores,
                                const DueTimes& due_ns, double percent);
Sample queue_simdjson_attributes_open_loop(const Events& events, std::size_t count,
                                           const Cores& cores, const DueTimes& due_ns,
                                           double percent);

}  // namespace penstock::bench
