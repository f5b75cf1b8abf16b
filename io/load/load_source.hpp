// SPDX-License-Identifier: Apache-2.0
// Publishes the events of a pool when they are due: the source of a pipeline under open-loop load.
// 1. It never looks at how the pipeline is doing. Where there is no room it waits for it, as any
//    source does, and then sends what is overdue at once; each event carries the time at which it
//    was due, so that this waiting is part of its latency and nothing is omitted.
// 2. What is due before `counted_from_ns` is sent and counted, but stands in no histogram.
// 3. Beyond the end of the schedule it goes on for `overrun_ns` at most, the wait for room
//    included. What it could not send by then is counted, each with the time since it was due: its
//    latency is at least that.
// Its own thread calls it; the thread that runs the load reads its counters at any time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <penstock/io/load/event_pool.hpp>
#include <penstock/io/load/schedule.hpp>
#include <penstock/pipeline/flow/ports.hpp>
#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/base/histogram.hpp>
#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/wait/countdown.hpp>

namespace penstock {

/// Counted down once by each load source; waited for by the thread that runs the load.
struct LoadPhases {
  Countdown sending;   ///< everything was sent or given up
  Countdown counting;  ///< what was given up is counted
};

/// What of a source's lateness is its own: what its waits for room do not explain. Such a wait
/// excuses the events behind it, until the source has caught up.
class OwnLateness {
 public:
  /// Of an event that is published so much later than it was due.
  [[nodiscard]] std::uint64_t of(std::uint64_t late_ns) noexcept {
    excused_ns_ = std::min(excused_ns_, late_ns);
    return late_ns - excused_ns_;
  }
  void waited_for_room(std::uint64_t waited_ns) noexcept { excused_ns_ += waited_ns; }

 private:
  std::uint64_t excused_ns_ = 0;
};

class LoadSource final : public Source {
 public:
  struct Options {
    std::string name = "load";
    ScheduleOptions schedule;
    std::uint64_t duration_ns = 0;  ///< events that are due later are not part of the load
    std::uint64_t overrun_ns = 0;
    std::uint64_t counted_from_ns = 0;  ///< since the begin: until then it warms up
    std::size_t first_event = 0;        ///< of the pool; then every event_step-th
    std::size_t event_step = 1;
    /// At the end of both the source stays, idle, until the pipeline stops, so that its thread can
    /// still be asked what it used. Without them it ends.
    std::shared_ptr<LoadPhases> phases;
  };

  /// Requires: `pool` and `clock` outlive it.
  LoadSource(Options options, const EventPool& pool, const Clock& clock);

  [[nodiscard]] std::string_view name() const noexcept override { return options_.name; }
  Status open() override { return {}; }
  Result<SourceState> poll(SourcePort& port, std::size_t budget) override;

  // The thread that runs the load.
  /// Before it begins: whether it spins until an event is due, or sleeps and is later.
  void set_spins(bool spins) noexcept { spins_ = spins; }
  /// The schedule begins at this time of the clock; before that nothing is sent.
  void begin_at(std::uint64_t begin_ns) noexcept {
    // release: pairs with poll(); what the pipeline was told before (count_from) is seen by whoever
    // handles an event.
    begin_ns_.store(begin_ns, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_.get(); }
  /// By how much each counted event was published later than it was due.
  [[nodiscard]] HistogramSnapshot lateness_ns() const { return lateness_ns_.snapshot(); }
  /// The same without what its waits for room explain.
  [[nodiscard]] HistogramSnapshot own_lateness_ns() const { return own_lateness_ns_.snapshot(); }
  /// Time that it spun until an event was due.
  [[nodiscard]] std::uint64_t spun_ns() const noexcept { return spun_ns_.get(); }
  /// Events that were due and could not be sent.
  [[nodiscard]] std::uint64_t unsent() const noexcept { return unsent_.get(); }
  /// Those of them that are counted, by the time since they were due.
  [[nodiscard]] HistogramSnapshot unsent_ns() const { return unsent_ns_.snapshot(); }

 private:
  /// The next event was due after the warm-up.
  [[nodiscard]] bool counts() const noexcept { return due_ns_ >= options_.counted_from_ns; }
  [[nodiscard]] bool wait_until(std::uint64_t due_ns, std::uint64_t& now_ns);
  /// Of the event that was just published.
  void note_lateness(std::uint64_t late_ns, const SourcePort& port) noexcept;
  SourceState give_up();
  void all_sent();
  SourceState done();

  // Fixed after construction.
  Options options_;
  const EventPool* pool_;
  const Clock* clock_;
  // Fixed before start.
  bool spins_ = true;
  // The source's thread only.
  Schedule schedule_;
  std::uint64_t due_ns_;  ///< of the next event, since the begin
  std::size_t event_;
  OwnLateness own_lateness_;
  std::uint64_t blocked_ns_ = 0;  ///< of all publishes so far
  bool timer_is_sharp_ = false;
  std::optional<std::uint64_t> given_up_ns_;  ///< since the begin; none: still sending
  bool told_all_sent_ = false;
  bool done_ = false;
  // Written by the thread that runs the load, read by the source's.
  std::atomic<std::uint64_t> begin_ns_{0};
  // Written by the source's thread, read by the one that runs the load.
  Counter sent_;
  Counter unsent_;
  Counter spun_ns_;
  Histogram lateness_ns_;
  Histogram own_lateness_ns_;
  Histogram unsent_ns_;
};

}  // namespace penstock
