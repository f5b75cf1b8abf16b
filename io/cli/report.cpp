// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/report.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/json_writer.hpp>

namespace penstock::cli {
namespace {

constexpr double kSecondNs = 1e9;

double seconds_of(const Stats& stats) { return static_cast<double>(stats.elapsed_ns) / kSecondNs; }

double per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

std::uint64_t percentile(const Stats& stats, double percent) {
  return stats.latency_ns.percentile(percent);
}

std::string latency(const Stats& stats, double percent) {
  return duration_in_short(percentile(stats, percent));
}

/// The fullest partition, by slots or by arena.
double fill(const Stats& stats) {
  double most = 0;
  for (const PartitionStats& partition : stats.partitions) {
    if (partition.slots > 0)
      most = std::max(most, static_cast<double>(partition.slots_used) / partition.slots);
    if (partition.arena_bytes > 0)
      most = std::max(most, static_cast<double>(partition.arena_bytes_used) /
                                static_cast<double>(partition.arena_bytes));
  }
  return most;
}

void write_partition(JsonWriter& json, const PartitionStats& partition) {
  json.begin_object().member("accepted", partition.accepted);
  json.member("completed", partition.completed).member("in_flight", partition.in_flight);
  json.member("indexed_again", partition.indexed_again).end_object();
}

void write_stage(JsonWriter& json, const StageStats& stage) {
  json.begin_object().member("name", stage.name).member("dropped", stage.dropped);
  json.member("dead", stage.dead).member("thrown", stage.thrown).end_object();
}

void write_counts(JsonWriter& json, const Stats& stats) {
  json.member("offered", stats.offered).member("accepted", stats.accepted);
  json.key("refused").begin_object();
  for (std::size_t i = 0; i < kRefuseReasons; ++i)
    if (stats.refused[i] > 0)
      json.member(to_string(static_cast<RefuseReason>(i)), stats.refused[i]);
  json.end_object().member("completed", stats.completed);
  json.key("dropped").begin_object();
  for (const StageStats& stage : stats.stages)
    if (stage.dropped > 0) json.member(stage.name, stage.dropped);
  json.end_object().member("dead", stats.dead).member("parked", stats.parked);
  json.member("in_flight", stats.in_flight).member("redelivered", stats.redelivered);
}

void write_speeds(JsonWriter& json, const Report& report) {
  const Stats& stats = report.stats;
  const double seconds = seconds_of(stats);
  json.member("seconds", seconds).member("events_per_s", per_second(stats.accepted, seconds));
  json.member("bytes_per_s", per_second(stats.bytes_accepted, seconds));
  json.key("latency_ns").begin_object().member("p50", percentile(stats, 50));
  json.member("p99", percentile(stats, 99)).member("p999", percentile(stats, 99.9));
  json.member("max", stats.latency_ns.max()).end_object();
  json.key("allocations_per_event");
  if (report.allocations && stats.accepted > 0)
    json.value(static_cast<double>(*report.allocations) / static_cast<double>(stats.accepted));
  else
    json.null();
  json.member("blocked_s", static_cast<double>(stats.blocked_ns) / kSecondNs);
}

}  // namespace

std::string live_line(const Stats& stats, const Stats& before) {
  const double seconds = seconds_of(stats) - seconds_of(before);
  std::array<char, 32> share{};
  std::snprintf(share.data(), share.size(), "%.0f", fill(stats) * 100);
  std::string line = with_commas(stats.accepted) + " events  " +
                     in_short(per_second(stats.accepted - before.accepted, seconds)) + "/s  fill " +
                     share.data() + " %  p99 " + latency(stats, 99);
  if (const std::uint64_t refused = stats.refused_total(); refused > 0)
    line += "  refused " + with_commas(refused);
  if (stats.dead > 0) line += "  dead " + with_commas(stats.dead);
  return line;
}

std::string conservation_line(const Stats& stats) {
  std::string line =
      with_commas(stats.offered) + " in = " + with_commas(stats.completed) + " completed";
  const auto add = [&line](std::uint64_t count, const char* what) {
    if (count > 0) line += " + " + with_commas(count) + ' ' + what;
  };
  add(stats.dropped, "dropped");
  add(stats.dead, "dead");
  add(stats.parked, "parked");
  add(stats.in_flight, "left in flight");
  add(stats.refused_total(), "refused");
  std::string reasons;
  for (std::size_t i = 0; i < kRefuseReasons; ++i)
    if (stats.refused[i] > 0)
      reasons.append(reasons.empty() ? " (" : ", ")
          .append(to_string(static_cast<RefuseReason>(i)))
          .append(" ")
          .append(with_commas(stats.refused[i]));
  return line + reasons + (reasons.empty() ? "" : ")");
}

std::string speed_line(const Report& report) {
  const Stats& stats = report.stats;
  const double seconds = seconds_of(stats);
  std::string line = in_short(per_second(stats.accepted, seconds)) + " events/s · " +
                     bytes_in_short(per_second(stats.bytes_accepted, seconds)) + "/s · p50 " +
                     latency(stats, 50) + " · p99 " + latency(stats, 99) + " · p99.9 " +
                     latency(stats, 99.9) + " · max " + duration_in_short(stats.latency_ns.max());
  if (stats.blocked_ns > 0) line += " · sources blocked " + duration_in_short(stats.blocked_ns);
  if (report.allocations) line += " · " + with_commas(*report.allocations) + " allocations";
  return line;
}

std::string report_json(const Report& report) {
  const Stats& stats = report.stats;
  JsonWriter json;
  json.begin_object();
  write_counts(json, stats);
  write_speeds(json, report);
  json.member("spilled", stats.spilled).member("drained", report.drained).key("failure");
  if (report.failure)
    json.value(report.failure->message);
  else
    json.null();
  json.member("problems", report.problems).key("stages").begin_array();
  for (const StageStats& stage : stats.stages) write_stage(json, stage);
  json.end_array().key("partitions").begin_array();
  for (const PartitionStats& partition : stats.partitions) write_partition(json, partition);
  json.end_array().end_object();
  return std::move(json).text();
}

}  // namespace penstock::cli
