// SPDX-License-Identifier: Apache-2.0
#include "scenarios.hpp"

#include <memory>
#include <string>
#include <utility>

#include <penstock/io/load/order_generator.hpp>

#include "end_to_end.hpp"
#include "transport.hpp"

namespace penstock::bench {
namespace {

constexpr std::size_t kEvents = 40'000;  ///< 20 MB: more than the caches hold, as from a file

std::vector<Case> end_to_end_cases(const Cores& cores) {
  const auto events = std::make_shared<const Events>(make_orders(kEvents));
  Case made;
  made.name = "end_to_end";
  made.title = "from NDJSON bytes to a sum over the attributes, events of " +
               std::to_string(events->bytes_per_event()) + " bytes";
  made.item = "event";
  // The rivals' parsers have to find the same.
  made.expected = [cores, events](std::uint64_t count) {
    return bare_penstock(*events, count, cores).checksum;
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
  add("bare loop, penstock's decoder", false, false, bare_penstock);
  add("bare loop, simdjson get_string", false, false, bare_simdjson);
  add("ConcurrentQueue + simdjson", false, false, queue_simdjson);
  add("the same, strings by mimalloc", false, false, queue_simdjson_mimalloc);
  add("ConcurrentQueue + nlohmann::json", false, false, queue_nlohmann);
  add("mutex + cv + nlohmann::json", false, true, mutex_nlohmann);
  return {std::move(made)};
}

}  // namespace

std::string make_orders(std::size_t count) {
  OrderGenerator generator({});
  std::string ndjson;
  for (std::size_t i = 0; i < count; ++i) {
    generator.append(ndjson);
    ndjson += '\n';
  }
  return ndjson;
}

std::vector<Scenario> event_scenarios() {
  return {{.name = "transport",
           .summary = "500-byte events through the event ring, against a bare ring of bytes",
           .cases = transport_cases},
          {.name = "end_to_end",
           .summary = "NDJSON bytes to a sum, against queues of strings with JSON libraries",
           .cases = end_to_end_cases}};
}

}  // namespace penstock::bench
