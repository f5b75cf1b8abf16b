// SPDX-License-Identifier: Apache-2.0
// What a load was, and what came of it: plain values that the reports are made of.
// docs/benchmarking.md says what each number means.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <penstock/io/load/schedule.hpp>
#include <penstock/pipeline/flow/options.hpp>
#include <penstock/pipeline/flow/stats.hpp>
#include <penstock/runtime/base/histogram.hpp>
#include <penstock/runtime/machine/facts.hpp>
#include <penstock/runtime/machine/usage.hpp>

namespace penstock {

struct LoadOptions {
  double rate = 100'000;  ///< events a second, of all sources together
  LoadShape shape = LoadShape::constant;
  std::uint32_t burst = 100;
  std::uint64_t seed = 1;
  std::chrono::nanoseconds warmup = std::chrono::seconds(1);  ///< under the same load, not measured
  std::chrono::nanoseconds duration = std::chrono::seconds(5);
};

/// A part of the measured time.
struct LoadInterval {
  std::uint64_t begin_ns = 0;  ///< since the end of the warm-up
  std::uint64_t length_ns = 0;
  std::uint64_t ended = 0;       ///< events that came to an end, whichever
  HistogramSnapshot latency_ns;  ///< of those that were due after the warm-up
  HistogramSnapshot hiccups_ns;
};

/// One run: a pipeline built, warmed up, measured, drained.
struct LoadRun {
  double rate_asked = 0;
  std::int64_t began_ms = 0;  ///< of Unix time: the end of the warm-up
  // The whole run, warm-up included.
  Report report;
  std::uint64_t sent = 0;
  std::uint64_t unsent = 0;  ///< due, but never sent: the pipeline had no room for them in time
  // At a single moment.
  std::uint64_t backlog = 0;  ///< in flight when the last event was sent
  /// What a pipeline that keeps up may have in flight at any moment: a batch of each partition, a
  /// burst, and what becomes due in a hiccup of 10 ms.
  std::uint64_t in_hand = 0;
  // From the end of the warm-up until the last event was sent.
  std::uint64_t measured_ns = 0;
  std::uint64_t overrun_ns = 0;  ///< by which the last event was sent later than it was due
  std::uint64_t ended = 0;       ///< events that came to an end in that time
  std::uint64_t spun_ns = 0;     ///< CPU time that load sources spent waiting for the next event
  std::uint64_t blocked_ns = 0;  ///< time that load sources waited for room, summed
  std::vector<ThreadUsage> threads;          ///< of the pipeline, its load sources included
  std::optional<std::uint64_t> allocations;  ///< of the process, without the measuring thread's
  // Of the events that were due after the warm-up, whenever they ended, and of no other.
  HistogramSnapshot latency_ns;   ///< from when an event was due to its end; what has none included
  HistogramSnapshot lateness_ns;  ///< of the load: from when an event was due to its publishing
  HistogramSnapshot own_lateness_ns;  ///< of it what waits for room do not explain
  std::vector<SegmentStats> segments;
  // From the end of the warm-up until the pipeline was drained.
  HistogramSnapshot hiccups_ns;         ///< of the machine
  std::optional<unsigned> hiccups_cpu;  ///< where they were measured; none: anywhere
  bool hiccups_shared = false;          ///< with the pipeline: its own work is in them
  std::vector<LoadInterval> intervals;

  [[nodiscard]] double rate_achieved() const noexcept;
  /// Events that had not ended when the drain did.
  [[nodiscard]] std::uint64_t unfinished() const noexcept { return report.stats.in_flight; }
  /// The pipeline took the load: everything was sent, the last of it hardly later than it was due
  /// and with no more in flight then than 2 % of the events and what is in hand at any moment; and
  /// all of it came to an end.
  [[nodiscard]] bool kept_up() const noexcept;
  /// What of it failed, in words; empty if it kept up.
  [[nodiscard]] std::string fell_behind_by() const;
  /// It did not keep up because the load source did not: what was sent came to its end in time, and
  /// waits for room explain neither most of the lateness nor half of the overrun. Then nothing is
  /// known of what the pipeline can do.
  [[nodiscard]] bool load_was_the_limit() const noexcept;
  /// CPU time of the pipeline's threads, without what sources spun for the next event.
  [[nodiscard]] std::uint64_t cpu_ns() const noexcept;
  /// What a reader should know before he believes its figures, in sentences.
  [[nodiscard]] std::vector<std::string> doubts() const;
  [[nodiscard]] double cpu_s_per_million() const noexcept;
  [[nodiscard]] std::uint64_t voluntary_switches() const noexcept;
  [[nodiscard]] std::uint64_t involuntary_switches() const noexcept;
  [[nodiscard]] std::optional<double> allocations_per_event() const noexcept;

 private:
  [[nodiscard]] std::uint64_t overrun_max_ns() const noexcept;
  [[nodiscard]] std::uint64_t backlog_max() const noexcept;
  [[nodiscard]] bool sent_in_time() const noexcept;
  [[nodiscard]] bool ended_in_time() const noexcept;
  [[nodiscard]] std::optional<std::string> doubt_of_lateness() const;
};

struct LoadResult {
  std::string command;        ///< that began it; empty: a program's own call
  std::string config;         ///< path
  std::string pipeline;       ///< name
  std::int64_t began_ms = 0;  ///< of Unix time
  LoadOptions asked;
  std::string events;  ///< where they came from
  double event_bytes_mean = 0;
  unsigned partitions = 0;
  std::vector<std::string> plan;     ///< the plan's reasons
  std::vector<std::string> remarks;  ///< what a reader should know before he believes the figures
  MachineFacts machine;
  std::vector<LoadRun> runs;  ///< at least one
  bool interrupted = false;   ///< there are fewer runs, or searches, than were asked for

  /// The run whose p99 is the median of all, of an even number the upper one: what single figures
  /// and plots are taken from.
  [[nodiscard]] const LoadRun& typical() const noexcept;
};

}  // namespace penstock
