// SPDX-License-Identifier: Apache-2.0
#include "scenarios.hpp"

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "end_to_end.hpp"
#include "open_loop.hpp"
#include "transport.hpp"

namespace penstock::bench {
namespace {

/// 20 MB: more than the caches hold, as from a file.
constexpr std::size_t kEvents = 40'000;

std::function<std::uint64_t(std::uint64_t)> amounts_of(std::shared_ptr<const Events> events) {
  return [events = std::move(events)](std::uint64_t count) {
    AmountSum sum;
    for (std::size_t i = 0; i < count; ++i) sum.add(events->amounts()[kWarmUpEvents + i]);
    return sum.checksum();
  };
}

std::vector<Case> end_to_end_cases(const Cores& cores) {
  const auto events = std::make_shared<const Events>(kWarmUpEvents + kEvents);
  Case made;
  made.name = "end_to_end";
  made.title = "from NDJSON bytes to the sum of data.totalAmount, events of " +
               std::to_string(events->bytes_per_event()) + " bytes";
  made.item = "event";
  made.expected = amounts_of(events);
  const auto add = [&](const char* name, bool ours, bool sleeps, auto run) {
    made.implementations.push_back(
        {.name = name,
         .ours = ours,
         .run = [cores, events, run](std::uint64_t count) { return run(*events, count, cores); },
         .count_max = kEvents,
         .sleeps = sleeps});
  };
  add("penstock pipeline", true, false, penstock_pipeline);
  add("bare loop, simdjson", false, false, bare_simdjson);
  add("bare loop, simdjson, attributes too", false, false, bare_simdjson_attributes);
  add("bare loop, simdjson iterate_many", false, false, bare_simdjson_many);
  add("bare loop, penstock's decoder", false, false, bare_penstock);
  add("ConcurrentQueue + simdjson", false, false, queue_simdjson);
  add("ConcurrentQueue + simdjson, bulk 16", false, false, queue_simdjson_bulk);
  add("ConcurrentQueue + simdjson, attributes too", false, false, queue_simdjson_attributes);
  add("ConcurrentQueue + simdjson, mimalloc", false, false, queue_simdjson_mimalloc);
  add("ConcurrentQueue + nlohmann::json", false, false, queue_nlohmann);
  add("mutex + cv + nlohmann::json", false, true, mutex_nlohmann);
  return {std::move(made)};
}

/// Half of what the queue of strings takes when it is sent all that it takes.
double open_loop_rate(const Events& events, const Cores& cores) {
  constexpr int kRuns = 7;
  std::vector<double> ns;
  for (int i = 0; i < kRuns; ++i) ns.push_back(queue_simdjson(events, kEvents, cores).ns_per_item);
  return 1e9 / median(ns) / 2;
}

Case open_loop_case(const Cores& cores, const std::shared_ptr<const Events>& events, double rate,
                    const char* name, double percent) {
  constexpr double kBeyond = 10;  ///< events that a percentile needs beyond it
  const auto due_ns = std::make_shared<const DueTimes>(due_times_ns(rate, kEvents));
  Case made;
  made.name = std::string("open_loop/") + name;
  made.title = fmt::format(
      "latency from when an event was due to its sum, Poisson arrivals of {:.0f} a second: half of "
      "what ConcurrentQueue + simdjson took",
      rate);
  made.item = "event";
  made.latency = name;
  made.expected = amounts_of(events);
  const auto add = [&](const char* way, bool ours, auto run) {
    made.implementations.push_back(
        {.name = way,
         .ours = ours,
         .run = [cores, events, due_ns, percent,
                 run](std::uint64_t count) { return run(*events, count, cores, *due_ns, percent); },
         .count_min = static_cast<std::uint64_t>(std::llround(kBeyond * 100 / (100 - percent))),
         .count_max = kEvents});
  };
  add("penstock, latency profile", true, penstock_latency_open_loop);
  add("penstock, balanced profile", true, penstock_open_loop);
  add("ConcurrentQueue + simdjson", false, queue_simdjson_open_loop);
  add("ConcurrentQueue + simdjson, attributes too", false, queue_simdjson_attributes_open_loop);
  return made;
}

std::vector<Case> open_loop_cases(const Cores& cores) {
  const auto events = std::make_shared<const Events>(kWarmUpEvents + kEvents);
  const double rate = open_loop_rate(*events, cores);
  std::vector<Case> cases;
  cases.push_back(open_loop_case(cores, events, rate, "p99", 99));
  cases.push_back(open_loop_case(cores, events, rate, "p99.9", 99.9));
  return cases;
}

}  // namespace

std::vector<Scenario> event_scenarios() {
  return {{.name = "transport",
           .summary = "500-byte events through the event ring, against a bare ring of bytes",
           .cases = transport_cases},
          {.name = "end_to_end",
           .summary =
               "NDJSON bytes to the sum of a field, against queues of strings with JSON libraries",
           .cases = end_to_end_cases},
          {.name = "open_loop",
           .summary = "the latency of the same events, sent by a plan, at half of a queue's rate",
           .cases = open_loop_cases}};
}

}  // namespace penstock::bench
