// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/report/load_json.hpp>

#include <array>
#include <chrono>
#include <ctime>
#include <utility>

#include <penstock/io/json_writer.hpp>

namespace penstock {
namespace {

constexpr std::array<std::pair<const char*, double>, 5> kPercentiles{
    {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p999", 99.9}, {"p9999", 99.99}}};

double seconds(std::uint64_t duration_ns) { return static_cast<double>(duration_ns) / 1e9; }

void write_histogram(JsonWriter& json, const char* name, const HistogramSnapshot& histogram) {
  json.key(name).begin_object().member("count", histogram.count());
  json.member("mean", histogram.mean()).member("min", histogram.min());
  for (const auto& [key, percent] : kPercentiles) json.member(key, histogram.percentile(percent));
  json.member("max", histogram.max()).end_object();
}

void write_counts(JsonWriter& json, const LoadRun& run) {
  const Stats& stats = run.report.stats;
  json.key("counts").begin_object().member("sent", run.sent).member("unsent", run.unsent);
  json.member("offered", stats.offered).member("accepted", stats.accepted);
  json.member("completed", stats.completed).key("refused").begin_object();
  for (std::size_t i = 0; i < kRefuseReasons; ++i)
    if (stats.refused[i] > 0)
      json.member(to_string(static_cast<RefuseReason>(i)), stats.refused[i]);
  json.end_object().member("dropped", stats.dropped).member("dead", stats.dead);
  json.member("in_flight", stats.in_flight).end_object();
}

void write_segments(JsonWriter& json, const LoadRun& run) {
  json.key("segments").begin_array();
  for (const SegmentStats& segment : run.segments) {
    json.begin_object().member("name", segment.name);
    write_histogram(json, "wait_ns", segment.wait_ns);
    json.key("steps").begin_array();
    for (const StepStats& step : segment.steps) {
      json.begin_object().member("name", step.name);
      write_histogram(json, "service_ns", step.service_ns);
      json.member("busy_s", seconds(step.busy_ns)).key("ns_per_event");
      if (step.service_ns.count() == 0)
        json.null();
      else
        json.value(static_cast<double>(step.busy_ns) /
                   static_cast<double>(step.service_ns.count()));
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

void write_costs(JsonWriter& json, const LoadRun& run) {
  json.key("cpu").begin_object().member("seconds", seconds(run.cpu_ns()));
  json.member("s_per_million_events", run.cpu_s_per_million());
  json.member("load_spun_s", seconds(run.spun_ns)).end_object();
  json.key("allocations_per_event");
  if (const auto each = run.allocations_per_event())
    json.value(*each);
  else
    json.null();
  json.key("context_switches").begin_object().member("voluntary", run.voluntary_switches());
  json.member("involuntary", run.involuntary_switches()).end_object();
  json.key("threads").begin_array();
  for (const ThreadUsage& thread : run.threads) {
    json.begin_object().member("name", thread.name).member("cpu_s", seconds(thread.cpu_ns));
    json.member("voluntary_switches", thread.voluntary_switches);
    json.member("involuntary_switches", thread.involuntary_switches).end_object();
  }
  json.end_array();
}

void write_intervals(JsonWriter& json, const LoadRun& run) {
  json.key("intervals").begin_array();
  for (const LoadInterval& interval : run.intervals) {
    const HistogramSnapshot& latency = interval.latency_ns;
    json.begin_object().member("at_s", seconds(interval.begin_ns));
    json.member("seconds", seconds(interval.length_ns)).member("events", interval.ended);
    json.member("p50_ns", latency.percentile(50)).member("p99_ns", latency.percentile(99));
    json.member("max_ns", latency.max());
    json.member("hiccup_max_ns", interval.hiccups_ns.max()).end_object();
  }
  json.end_array();
}

void write_run(JsonWriter& json, const LoadRun& run) {
  json.begin_object().member("rate_asked", run.rate_asked);
  json.member("rate_achieved", run.rate_achieved()).member("kept_up", run.kept_up());
  json.member("measured_s", seconds(run.measured_ns)).member("overrun_s", seconds(run.overrun_ns));
  json.member("events", run.ended).member("drained", run.report.drained);
  json.member("backlog", run.backlog);
  write_counts(json, run);
  write_histogram(json, "latency_ns", run.latency_ns);
  write_histogram(json, "load_lateness_ns", run.lateness_ns);
  write_histogram(json, "load_own_lateness_ns", run.own_lateness_ns);
  json.member("load_blocked_s", seconds(run.blocked_ns));
  json.member("load_was_the_limit", run.load_was_the_limit());
  write_histogram(json, "hiccups_ns", run.hiccups_ns);
  json.key("hiccup_meter").begin_object().key("cpu");
  if (run.hiccups_cpu)
    json.value(std::uint64_t{*run.hiccups_cpu});
  else
    json.null();
  json.member("shared", run.hiccups_shared).end_object();
  write_segments(json, run);
  write_costs(json, run);
  json.member("problems", run.report.problems);
  write_intervals(json, run);
  json.end_object();
}

void write_machine(JsonWriter& json, const MachineFacts& machine) {
  json.key("machine").begin_object().member("cpu", machine.cpu);
  json.member("cpus_online", machine.cpus_online).member("cpus", machine.cpus_ours);
  json.member("virtual", machine.virtual_machine).member("kernel", machine.kernel);
  json.member("governor", machine.governor).member("compiler", machine.compiler);
  json.member("build", machine.build).member("revision", machine.revision).end_object();
}

void write_asked(JsonWriter& json, const LoadOptions& asked) {
  const auto in_seconds = [](std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
  };
  json.key("asked").begin_object().member("rate", asked.rate);
  json.member("shape", to_string(asked.shape)).member("burst", asked.burst);
  json.member("seed", asked.seed).member("warmup_s", in_seconds(asked.warmup));
  json.member("seconds", in_seconds(asked.duration)).end_object();
}

/// All runs of a search at a rate; null if there is no such rate.
void write_rung(JsonWriter& json, const char* name, const Search& search, double rate) {
  json.key(name);
  if (rate <= 0) {
    json.null();
    return;
  }
  const Rung rung = rung_at(search, rate);
  json.begin_object().member("rate", rate).member("runs", std::uint64_t{rung.runs});
  json.member("held", std::uint64_t{rung.held}).member("failed_by", rung.failed_by);
  json.key("slo").begin_array();
  for (const Rung::Value& value : rung.slo) {
    json.begin_object().member("name", value.name).member("limit_ns", value.limit_ns);
    json.member("least_ns", value.least_ns).member("most_ns", value.most_ns).end_object();
  }
  json.end_array().end_object();
}

void write_search(JsonWriter& json, const Search* search) {
  json.key("search");
  if (search == nullptr) {
    json.null();
    return;
  }
  json.begin_object().member("slo", search->slo).key("rate");
  if (search->rate > 0)
    json.value(search->rate);
  else
    json.null();
  json.key("rates").begin_array();
  if (search->rates.empty() && !search->interrupted) json.value(search->rate);
  for (const double rate : search->rates) json.value(rate);
  json.end_array();
  write_rung(json, "highest", *search, search->rate);
  write_rung(json, "next_failed", *search, search->next_failed);
  json.key("trials").begin_array();
  for (const Trial& trial : search->trials) {
    const HistogramSnapshot& latency = trial.run.latency_ns;
    json.begin_object().member("step", to_string(trial.step));
    json.member("rate_asked", trial.rate_asked);
    json.member("rate_achieved", trial.run.rate_achieved());
    json.member("held", trial.failed_by.empty()).member("failed_by", trial.failed_by);
    for (const auto& [key, percent] : kPercentiles)
      json.member(std::string(key) + "_ns", latency.percentile(percent));
    json.member("max_ns", latency.max());
    json.member("hiccups_p999_ns", trial.run.hiccups_ns.percentile(99.9)).end_object();
  }
  json.end_array().end_object();
}

}  // namespace

std::string utc_text(std::int64_t unix_ms) {
  const std::time_t at = unix_ms / 1000;
  std::tm date{};
  ::gmtime_r(&at, &date);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &date);
  return {text.data(), length};
}

std::string load_json(const LoadResult& result, const Search* search) {
  JsonWriter json;
  json.begin_object().member("penstock_bench", kLoadJsonVersion);
  json.member("command", result.command).member("config", result.config);
  json.member("pipeline", result.pipeline).member("began", utc_text(result.began_ms));
  write_asked(json, result.asked);
  json.key("events").begin_object().member("from", result.events);
  json.member("bytes_mean", result.event_bytes_mean).end_object();
  json.key("plan").begin_object().member("partitions", result.partitions);
  json.member("reasons", result.plan);
  json.end_object();
  write_machine(json, result.machine);
  json.member("remarks", result.remarks);
  json.key("runs").begin_array();
  for (const LoadRun& run : result.runs) write_run(json, run);
  json.end_array();
  write_search(json, search);
  json.member("interrupted", result.interrupted);
  // The last one: a file without it is cut off.
  return std::move(json.member("complete", true).end_object()).text();
}

}  // namespace penstock
