// SPDX-License-Identifier: Apache-2.0
#include "scenarios.hpp"

#include <memory>
#include <string>
#include <utility>

#include "end_to_end.hpp"
#include "transport.hpp"

namespace penstock::bench {
namespace {

/// 20 MB: more than the caches hold, as from a file.
constexpr std::size_t kEvents = 40'000;

std::vector<Case> end_to_end_cases(const Cores& cores) {
  const auto events = std::make_shared<const Events>(kWarmUpEvents + kEvents);
  Case made;
  made.name = "end_to_end";
  made.title = "from NDJSON bytes to the sum of data.totalAmount, events of " +
               std::to_string(events->bytes_per_event()) + " bytes";
  made.item = "event";
  made.expected = [events](std::uint64_t count) {
    AmountSum sum;
    for (std::size_t i = 0; i < count; ++i) sum.add(events->amounts()[kWarmUpEvents + i]);
    return sum.checksum();
  };
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

}  // namespace

std::vector<Scenario> event_scenarios() {
  return {{.name = "transport",
           .summary = "500-byte events through the event ring, against a bare ring of bytes",
           .cases = transport_cases},
          {.name = "end_to_end",
           .summary =
               "NDJSON bytes to the sum of a field, against queues of strings with JSON libraries",
           .cases = end_to_end_cases}};
}

}  // namespace penstock::bench
