// SPDX-License-Identifier: Apache-2.0
// The report for programs.
#include <utility>

#include <penstock/io/json_writer.hpp>

#include "report.hpp"
#include "spread.hpp"

namespace penstock::bench {
namespace {

void append_spread(JsonWriter& json, std::string_view name, const Spread& spread) {
  json.key(name).begin_object();
  json.member("median", spread.middle).member("min", spread.min).member("max", spread.max);
  json.member("samples", spread.count).end_object();
}

/// No figures where they are too few to be quoted.
void append_ratio(JsonWriter& json, std::string_view name, const Spread& ratio) {
  if (ratio.count >= kSamplesMin) return append_spread(json, name, ratio);
  json.key(name).begin_object().key("median").null();
  json.member("samples", ratio.count).end_object();
}

void append_implementation(JsonWriter& json, const CaseResult& result, std::size_t index) {
  const Implementation& implementation = result.made->implementations[index];
  const Measured& measured = result.measured[index];
  if (!measured.gone.empty()) return;
  json.begin_object().member("name", implementation.name).member("ours", implementation.ours);
  json.member("items_per_sample", measured.count);
  json.member("dropped_distance", measured.dropped_distance);
  json.member("dropped_speed", measured.dropped_speed);
  json.member("dropped_waited_for_cpu", measured.dropped_waited);
  if (implementation.settles)
    json.member("warm_up_s", measured.settled_after_s).member("rate_stood", measured.settled);
  for (const Distance distance : kAllDistances) {
    const Spread ns = spread_of(measured.ns_at(distance));
    if (ns.count == 0) continue;
    json.key(to_string(distance)).begin_object();
    append_spread(json, result.made->latency.empty() ? "ns_per_item" : "latency_ns", ns);
    if (!result.made->latency.empty())
      append_spread(json, "source_held_up_ns",
                    spread_of(measured.ns_at(distance, &Kept::held_up_ns)));
    if (!implementation.ours) {
      json.key(result.made->latency.empty() ? "rate_of_ours_against_it" : "its_latency_by_ours")
          .begin_object();
      for (const std::size_t mine : ours_of(*result.made))
        append_ratio(json, result.made->implementations[mine].name,
                     spread_of(paired_ratios(result.measured[mine], measured, distance)));
      json.end_object();
    }
    json.end_object();
  }
  json.end_object();
}

void append_case(JsonWriter& json, const CaseResult& result) {
  json.begin_object().member("name", result.made->name).member("title", result.made->title);
  json.member("item", result.made->item).member("latency", result.made->latency);
  append_spread(json, "round_trip_ns", spread_of(result.round_trips_ns));
  json.key("implementations").begin_array();
  for (std::size_t i = 0; i < result.measured.size(); ++i) append_implementation(json, result, i);
  json.end_array().key("not_measured").begin_array();
  for (const Absent& absent : absent_of(result))
    json.begin_object().member("name", absent.name).member("reason", absent.reason).end_object();
  json.end_array().end_object();
}

void append_facts(JsonWriter& json, const RunFacts& facts) {
  const MachineFacts& machine = facts.machine;
  const RoundOptions& options = facts.options;
  json.key("machine").begin_object().member("cpu", machine.cpu);
  json.member("cpus_online", machine.cpus_online).member("cpus", machine.cpus_ours);
  json.member("virtual", machine.virtual_machine).member("kernel", machine.kernel);
  json.member("governor", machine.governor).member("compiler", machine.compiler);
  json.member("build", machine.build).member("dchecks", facts.dchecks);
  json.member("revision", machine.revision).end_object();
  json.member("command", facts.command);
  json.member("cpu_consumer", options.cores.consumer).member("cpu_source", options.cores.source);
  json.member("rounds", options.rounds).member("seconds_per_sample", options.seconds);
  json.member("near_from_ns", options.distances.near_from_ns);
  json.member("far_from_ns", options.distances.far_from_ns);
  json.member("not_a_measurement", facts.not_a_measurement);
  json.member("remarks", facts.remarks);
}

}  // namespace

std::string to_json(const RunFacts& facts, const std::vector<CaseResult>& results, bool complete) {
  JsonWriter json;
  json.begin_object();
  append_facts(json, facts);
  json.key("cases").begin_array();
  for (const CaseResult& result : results) append_case(json, result);
  json.end_array();
  // The last one: a file without it is cut off.
  return std::move(json.member("complete", complete).end_object()).text();
}

}  // namespace penstock::bench
