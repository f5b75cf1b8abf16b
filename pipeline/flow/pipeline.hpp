// SPDX-License-Identifier: Apache-2.0
// The pipeline and its builder: what a program that embeds Penstock holds.
//   auto pipeline = PipelineBuilder(options).stage("price", handler).build();
//   pipeline->start(); auto producer = pipeline->producer(); ... pipeline->stop(2s);
// 1. build() checks everything and reserves the memory; start() starts threads, or none in host
//    mode.
// 2. stats() and health() may be called from any thread at any time; the others from one thread.
// 3. Destruction without stop() stops with a deadline of options.drain_timeout.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <penstock/pipeline/flow/options.hpp>
#include <penstock/pipeline/flow/plan.hpp>
#include <penstock/pipeline/flow/ports.hpp>
#include <penstock/pipeline/flow/producer.hpp>
#include <penstock/pipeline/flow/stage.hpp>
#include <penstock/pipeline/flow/stats.hpp>
#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/machine/cpu.hpp>

namespace penstock {

class PipelineCore;

/// What crossed a water mark of a partition.
struct Pressure {
  unsigned partition = 0;
  bool high = false;       ///< false: all three are under their low marks again
  double slots_share = 0;  ///< 0 to 1
  double arena_share = 0;
  std::uint64_t oldest_age_ns = 0;
};
using PressureCallback = std::function<void(const Pressure&)>;
/// Called on the thread that waits, with how long it may still wait. What it throws ends the wait:
/// a publish answers `full`, a stop() drains no further.
using WhileFull = std::function<void(std::chrono::nanoseconds)>;

class Pipeline {
 public:
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;
  ~Pipeline();

  /// Opens sinks, rejects and sources, then starts the threads. Errors: unavailable (a file, a
  /// thread), storage, usage (started twice). After an error the pipeline can only be destroyed.
  Status start();

  /// A handle for one producing thread. Before start() and after stop() it answers `closed`.
  [[nodiscard]] Producer producer();

  [[nodiscard]] Stats stats() const;
  [[nodiscard]] Health health() const;
  [[nodiscard]] const Plan& plan() const noexcept;

  /// Leaves events that were accepted, or due (SourcePort::publish_planned), before `at_ns` of the
  /// pipeline's clock out of what stats() says of time: latency_ns and segments. So a warm-up can
  /// be left out exactly. Counts are of all events. Requires: called, if at all, before the first
  /// event is published.
  void count_from(std::uint64_t at_ns) noexcept;

  /// Waits until every source has ended, or something failed, or the time ran out (false).
  [[nodiscard]] bool wait_for_sources(std::chrono::nanoseconds timeout);

  /// Refuses new events, drains what was accepted, ends the threads. What is not drained at the
  /// deadline is left and told. A thread whose handler does not return is left behind with the
  /// memory it uses.
  Report stop(std::chrono::nanoseconds deadline);

  /// Ends the drain of a stop() that is underway, or keeps a later one from draining. Any thread.
  void abandon() noexcept;

  /// Host mode. Does at most `budget` events' work on every segment of a partition; returns how
  /// much was done; from inside a handler nothing. One thread at a time per partition.
  std::size_t poll(unsigned partition, std::size_t budget);
  /// Host mode. Readable when work came after arm() returned true. One for all partitions.
  [[nodiscard]] int event_fd() const noexcept;
  /// Host mode. True if there is nothing to do and the next event will make event_fd() readable;
  /// false if there is work: poll again. Resets the descriptor. Not while another thread polls, and
  /// neither is stop().
  [[nodiscard]] bool arm();

 private:
  friend class PipelineBuilder;
  explicit Pipeline(std::shared_ptr<PipelineCore> core) noexcept;
  std::shared_ptr<PipelineCore> core_;
};

class PipelineBuilder {
 public:
  explicit PipelineBuilder(PipelineOptions options);
  PipelineBuilder(PipelineBuilder&&) noexcept;
  PipelineBuilder& operator=(PipelineBuilder&&) noexcept;
  ~PipelineBuilder();

  /// Adds a stage, or fills the one that the config gives this name. Each partition gets its own
  /// copy of `handler`, called as Outcome(Event&, Context&) by one thread at a time.
  template <class Handler>
  PipelineBuilder& stage(const std::string& name, Handler handler) {
    static_assert(std::is_invocable_r_v<Outcome, Handler&, Event&, Context&>,
                  "a handler is called as Outcome(Event&, Context&)");
    static_assert(std::is_copy_constructible_v<Handler>,
                  "a handler is copied for each partition; use add_stage() to make each one");
    return add_stage(name, [handler = std::move(handler)](unsigned) {
      return std::unique_ptr<Stage>(new HandlerStage<Handler>(handler));
    });
  }
  /// The same for a Stage of one's own, made once per partition.
  PipelineBuilder& add_stage(std::string name,
                             std::function<std::unique_ptr<Stage>(unsigned partition)> make);
  /// Stages added after this belong to this segment, which gates on the named ones.
  PipelineBuilder& segment(std::string name, std::vector<std::string> after = {});
  PipelineBuilder& source(std::unique_ptr<Source> source);
  PipelineBuilder& sink(std::unique_ptr<Sink> sink);
  PipelineBuilder& rejects(std::unique_ptr<RejectSink> rejects);
  PipelineBuilder& on_pressure(PressureCallback callback);
  /// No threads: the host calls Pipeline::poll. With `while_full`, a publish that waits for room
  /// calls it instead of parking, again and again, and the host may poll there, or run something
  /// else. So does a stop() that waits for a claim which somebody holds. Time-outs and the deadline
  /// of stop() then go by the pipeline's clock, which may be one that only moves in there.
  PipelineBuilder& host_driven(WhileFull while_full = nullptr);
  /// Another clock than the system's, which must outlive every handle.
  PipelineBuilder& clock(const Clock& clock);
  /// Other CPU limits than those of the process, for tests and plans.
  PipelineBuilder& cpus(CpuLimits limits);
  /// A function that returns how many heap allocations the process has made, for the report.
  PipelineBuilder& allocations(std::uint64_t (*count)());
  /// Measures where the time goes: Stats::segments. Costs two readings of the clock for each batch
  /// and segment, one more for each stage, and some 20 KiB for each of those and each partition.
  PipelineBuilder& measure_stages();

  /// Errors: invalid_config, with every problem on a line of its own; usage (a null pointer, or
  /// after build()).
  [[nodiscard]] Result<Plan> plan() const;
  /// Takes sources and sinks along: once for each builder, also if it fails for want of memory.
  /// Errors: as plan(); unavailable if memory cannot be reserved; usage.
  [[nodiscard]] Result<Pipeline> build();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace penstock
