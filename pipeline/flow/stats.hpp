// SPDX-License-Identifier: Apache-2.0
// What a pipeline tells of itself: live statistics, health, and the report of a stop.
// Plain values, copied out of counters that their threads alone write.
// At any quiet point (GUARANTEES.md G8):
//   offered  = accepted + sum(refused)
//   accepted = completed + sum(dropped) + dead + parked + in_flight
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/runtime/base/histogram.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

enum class RefuseReason : std::uint8_t {
  full,         ///< no room, under `reject` or after the time-out of `block`
  dropped,      ///< no room, under `drop_newest`
  closed,       ///< after stop
  too_large,    ///< longer than ring.event_bytes_max
  invalid,      ///< not a valid CloudEvent, wherever that was found
  missing_key,  ///< no routing key, under on_missing_key = "refuse"
  abandoned,    ///< a claim that was left without commit
};
inline constexpr std::size_t kRefuseReasons = 7;
[[nodiscard]] std::string_view to_string(RefuseReason reason) noexcept;

struct StageStats {
  std::string name;
  std::uint64_t dropped = 0;
  std::uint64_t dead = 0;
  std::uint64_t thrown = 0;  ///< of these (dead or dropped), how many because the handler threw
};

struct PartitionStats {
  std::uint64_t accepted = 0;  ///< also what is claimed and not yet published
  std::uint64_t completed = 0;
  std::uint64_t in_flight = 0;
  std::uint32_t slots_used = 0;
  std::uint32_t slots = 0;
  std::uint64_t arena_bytes_used = 0;
  std::uint64_t arena_bytes = 0;
  std::uint64_t oldest_age_ns = 0;  ///< of the oldest event in the ring
  bool pressure_high = false;
  std::uint64_t indexed_again = 0;  ///< events whose data was read where their index was gone
};

/// What one step of a segment took, of all partitions together.
struct StepStats {
  std::string name;  ///< "decode" or "collect", a stage's name, "sinks"
  /// By event: the time that the step took for the batch that the event was in. An event waits for
  /// its whole batch, so that means add up to the mean latency.
  HistogramSnapshot service_ns;
  std::uint64_t busy_ns = 0;  ///< time spent in the step; by service_ns.count(): an event's share
};

/// Where the time of events went in one segment (PipelineBuilder::measure_stages).
struct SegmentStats {
  std::string name;
  /// By event, until its batch began: since its acceptance, or since the segments before had it
  /// done.
  HistogramSnapshot wait_ns;
  std::vector<StepStats> steps;
};

/// Of all runner threads together; wakes_late of producers, too.
struct WaitStats {
  std::uint64_t parks = 0;
  /// Parks that ended by their safety time-out with work, or for a producer room, that nobody woke
  /// for within another tenth of a second: suspected lost wake-ups. Stays 0 unless a waker was kept
  /// off its CPU for that long.
  std::uint64_t wakes_late = 0;
  std::uint64_t unpublished_waits = 0;  ///< waits behind a claim that was not yet published
};

struct Stats {
  std::uint64_t offered = 0;
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, kRefuseReasons> refused{};  ///< by RefuseReason
  std::uint64_t completed = 0;
  std::uint64_t dropped = 0;  ///< by reason: stages[i].dropped
  std::uint64_t dead = 0;
  std::uint64_t parked = 0;  ///< always 0 in this version
  std::uint64_t in_flight = 0;
  std::uint64_t redelivered = 0;  ///< always 0 in this version
  std::uint64_t bytes_accepted = 0;
  std::uint64_t blocked_ns = 0;     ///< time that producers waited for room, summed
  std::uint64_t spilled = 0;        ///< events that did not fit inline
  std::uint64_t indexed_ahead = 0;  ///< events that a source indexed for runners that lagged behind
  std::uint64_t decoded_ahead = 0;  ///< events that a source decoded for them
  std::uint64_t spill_bytes = 0;    ///< in use
  std::uint64_t callbacks_thrown =
      0;                         ///< calls of the pressure callback that ended by an exception
  std::uint64_t elapsed_ns = 0;  ///< since start, until stop
  HistogramSnapshot latency_ns;  ///< from acceptance to completion
  /// In flight, and will count in latency_ns if they complete (Pipeline::count_from). 0 unless
  /// stages are measured.
  std::uint64_t counted_in_flight = 0;
  std::vector<StageStats> stages;
  std::vector<PartitionStats> partitions;
  WaitStats waits;
  std::vector<SegmentStats> segments;  ///< empty unless stages are measured

  [[nodiscard]] std::uint64_t refused_total() const noexcept;
  /// True if the law holds: offered = accepted + refused; accepted = completed + dropped + dead +
  /// parked + in flight.
  [[nodiscard]] bool is_conserved() const noexcept;
};

/// One thing that keeps the pipeline from working, in a sentence.
struct Health {
  bool ready = true;
  std::vector<std::string> problems;
};

struct Report {
  Stats stats;
  bool drained = false;  ///< false: stats.in_flight events were left when the deadline passed
  std::optional<Error> failure;       ///< of a sink, the rejects or a source: the first one
  std::vector<std::string> problems;  ///< why it was not drained; warnings, such as a denied pin
  /// Heap allocations between start and stop, if the program counts them
  /// (PipelineBuilder::allocations).
  std::optional<std::uint64_t> allocations;
};

}  // namespace penstock
