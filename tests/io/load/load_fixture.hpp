// SPDX-License-Identifier: Apache-2.0
// A result as a load gives it, with round numbers, for tests of reports.
#pragma once

#include <cstdint>
#include <string>

#include <penstock/io/load/load_result.hpp>

namespace penstock::test {

/// Values from `low_ns` in steps of 3 %.
inline HistogramSnapshot some_latencies(std::uint64_t low_ns, std::size_t count) {
  Histogram histogram;
  double value = static_cast<double>(low_ns);
  for (std::size_t i = 0; i < count; ++i, value *= 1.03)
    histogram.record(static_cast<std::uint64_t>(value));
  return histogram.snapshot();
}

inline LoadRun some_run(std::uint64_t low_ns) {
  LoadRun run;
  run.rate_asked = 1000;
  run.sent = 250;
  run.measured_ns = 200'000'000;
  run.ended = 200;
  run.spun_ns = 50'000'000;
  run.allocations = 10;
  run.latency_ns = some_latencies(low_ns, 200);
  run.lateness_ns = some_latencies(20, 200);
  run.own_lateness_ns = some_latencies(2, 200);
  run.blocked_ns = 1'500'000;
  run.hiccups_ns = some_latencies(50, 200);
  run.hiccups_cpu = 3;
  run.threads = {{.name = "p0 main",
                  .id = 11,
                  .cpu_ns = 90'000'000,
                  .voluntary_switches = 7,
                  .involuntary_switches = 2},
                 {.name = "load", .id = 12, .cpu_ns = 60'000'000}};
  run.segments = {
      {.name = "main",
       .wait_ns = some_latencies(low_ns / 2, 200),
       .steps = {
           {.name = "decode", .service_ns = some_latencies(low_ns / 4, 200), .busy_ns = 100'000},
           {.name = "a < b & \"c\"",
            .service_ns = some_latencies(low_ns / 4, 200),
            .busy_ns = 50'000}}}};
  run.intervals = {{.begin_ns = 0,
                    .length_ns = 100'000'000,
                    .ended = 100,
                    .latency_ns = some_latencies(low_ns, 100),
                    .hiccups_ns = some_latencies(50, 100)},
                   {.begin_ns = 100'000'000,
                    .length_ns = 100'000'000,
                    .ended = 100,
                    .latency_ns = some_latencies(low_ns * 2, 100),
                    .hiccups_ns = some_latencies(60, 100)}};
  run.report.drained = true;
  run.report.stats.offered = run.report.stats.accepted = run.report.stats.completed = 250;
  return run;
}

inline LoadResult some_result() {
  LoadResult result;
  result.command = "penstock bench 'a < b.toml'";
  result.config = "orders.toml";
  result.pipeline = "orders <&>";
  result.began_ms = 1'767'225'600'000;
  result.asked = {.rate = 1000, .shape = LoadShape::poisson};
  result.events = "20,000 generated orders";
  result.event_bytes_mean = 500;
  result.partitions = 1;
  result.plan = {"one partition"};
  result.remarks = {"a remark"};
  result.machine = {.cpu = "Turbine 9000",
                    .cpus_online = 2,
                    .cpus_ours = "2 effective CPUs",
                    .kernel = "Linux",
                    .governor = "unknown",
                    .compiler = "gcc",
                    .build = "Release",
                    .revision = "abc"};
  result.runs = {some_run(1'000), some_run(3'000), some_run(2'000)};
  return result;
}

}  // namespace penstock::test
