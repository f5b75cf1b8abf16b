// SPDX-License-Identifier: Apache-2.0
// Drives one segment of one partition: a step function, called by the one thread that owns it.
//   collect what the producers or the segments before have published -> decode -> stages -> sinks
//   -> end or record fates -> advance the cursor once for the whole batch -> wake who waits
// 1. The cursor is advanced only after everything above was done for every event of the batch.
// 2. Only the last segment ends events: it counts, hands dead events to the rejects, and frees
//    blocks.
// 3. After a failure it returns without advancing: those events stay in flight.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/pipeline/flow/core.hpp>
#include <penstock/pipeline/flow/partition.hpp>
#include <penstock/pipeline/flow/producer.hpp>
#include <penstock/pipeline/flow/stage.hpp>
#include <penstock/pipeline/flow/step_times.hpp>
#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/base/histogram.hpp>

namespace penstock {

/// Written by one runner, read by stats() and health().
struct RunnerCounters {
  struct OfStage {
    Counter dropped;
    Counter dead;
    Counter thrown;
  };
  Counter handled;  ///< places of the ring passed: events and tombstones
  Counter tombstones;
  Counter invalid;
  Counter missing_key;
  Counter bytes_refused;
  Counter completed;
  Counter dropped;
  Counter dead;
  Counter counted;  ///< events that ended, whichever, if they count (Pipeline::count_from)
  Counter indexed_again;
  Counter callbacks_thrown;
  std::vector<OfStage> stages;  ///< by number in the layout
  Histogram latency_ns;
};

/// What a runner is at, for health().
struct alignas(kControlBytes) RunnerActivity {
  static constexpr std::uint64_t kIdle = 0xFF;
  static constexpr std::uint64_t kInSinks = 0xFE;
  static constexpr std::uint64_t kStageMask = 0xFF;
  static_assert(kStagesMax <= kInSinks);
  // Written by the runner, read by health() and stats().
  /// Since when the batch has been handled, to 256 ns, and in the last byte the stage's number or
  /// one of the marks above. In one word, so that nobody pairs a stage with the begin of another
  /// batch, in whatever order a CPU stores and loads.
  std::atomic<std::uint64_t> at{kIdle};
  std::atomic<std::uint64_t> oldest_ns{0};  ///< acceptance of the oldest event; 0: none
  std::atomic<std::uint64_t> unpublished_since_ns{0};
  std::atomic<bool> pressure_high{false};
};

class alignas(kControlBytes) SegmentRunner {
 public:
  static Result<std::unique_ptr<SegmentRunner>> create(PipelineCore& core, unsigned partition,
                                                       std::size_t segment);
  SegmentRunner(const SegmentRunner&) = delete;
  SegmentRunner& operator=(const SegmentRunner&) = delete;

  // Before start.
  /// Threads whose runners gate on this one.
  void add_follower(Parker& parker) { reader_.add_follower(parker); }
  /// A runner of the same partition that this one gates on, for what it tells of times.
  void add_upstream(const SegmentRunner& upstream) {
    if (step_times_ != nullptr) step_times_->add_upstream(*upstream.step_times_);
  }

  // The owning thread.
  /// Before all else: makes the ring ready, if this runner is the one that does it.
  void prepare() noexcept;
  /// Handles at most `budget` events; returns how many places of the ring it passed.
  std::size_t poll(std::size_t budget);
  /// Registers for the next wake-up, or tells why not.
  [[nodiscard]] ParkAnswer arm() noexcept;
  /// Looks for a claim that hangs; from time to time while idle.
  void watch_claims() noexcept;
  [[nodiscard]] bool drained() const noexcept { return reader_.drained(); }

  // Whoever destroys the pipeline, once no other thread has it.
  /// Frees or gives back the memory of events that were left in flight.
  void release_rest() noexcept;

  // Any thread.
  [[nodiscard]] const RunnerCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const RunnerActivity& activity() const noexcept { return activity_; }
  [[nodiscard]] Partition& partition() const noexcept { return *partition_; }
  [[nodiscard]] const LayoutSegment& segment() const noexcept { return *segment_; }
  /// Nothing unless stages are measured.
  [[nodiscard]] const StepTimes* step_times() const noexcept { return step_times_.get(); }
  /// Whether the next place of the ring is claimed and not published, as far as can be seen now.
  [[nodiscard]] bool waits_for_claim() const noexcept { return reader_.waits_for_claim(); }

 private:
  SegmentRunner(PipelineCore& core, unsigned partition, std::size_t segment, Decoder decoder);

  std::uint32_t collect(std::uint32_t limit);
  void place(const EventRing::Slot& slot, std::uint32_t offset, Batch::Entry& entry);
  void decode(const EventRing::Slot& slot, Envelope& envelope, Batch::Entry& entry,
              EventPlace& event);
  void refuse(const EventRing::Slot& slot, RefuseReason reason, std::string_view detail);
  [[nodiscard]] Fate fate_before(std::uint32_t slot_index, std::uint32_t offset,
                                 std::uint8_t& stage) noexcept;
  void be_at(std::uint64_t stage) noexcept;
  void run_stages();
  bool write_sinks();
  void note_waits();
  void end_events(std::uint64_t now_ns);
  bool end_unfinished(std::uint32_t index, const EventRing::Slot& slot);
  void release(const EventRing::Slot& slot) noexcept;
  void record_fates();
  void advance(std::uint32_t count);
  void note_unpublished(bool unpublished) noexcept;
  [[nodiscard]] Position filled_to(std::uint32_t count, std::uint32_t limit) const noexcept;
  void watch_pressure(std::uint64_t now_ns, Position claimed);

  // Fixed after construction.
  PipelineCore* core_;
  Partition* partition_;
  const LayoutSegment* segment_;
  std::size_t number_;
  EventRing* ring_;
  std::vector<std::unique_ptr<Stage>> stages_;

  // The owning thread only.
  Decoder decoder_;
  EventRing::Reader reader_;
  std::uint64_t sequence_ = 0;  ///< the reader's place in 64 bits
  std::uint64_t since_ns_ = 0;  ///< begin of the batch
  std::uint32_t ended_ = 0;  ///< places of a batch that failed whose events were ended all the same
  std::uint64_t indexed_again_ = 0;
  Producer inner_;
  Context context_;
  std::vector<Batch::Entry> entries_;
  std::unique_ptr<Outcome[]> reasons_;
  std::vector<std::string_view> views_;
  Batch batch_;

  // Written by the owning thread, read by stats() and health().
  RunnerCounters counters_;
  RunnerActivity activity_;
  std::unique_ptr<StepTimes> step_times_;  ///< only if stages are measured
};

}  // namespace penstock
