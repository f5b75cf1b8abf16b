// SPDX-License-Identifier: Apache-2.0
// Everything that the threads and handles of one pipeline share. Inside pipeline/flow only.
// Held by shared_ptr: by the Pipeline, by each producer and claim, and by each thread, so that
// memory outlives whoever may still touch it, also a handler that never returns.
// 1. After start() its containers do not change, but for the list of producer states (guarded by a
//    lock that only producer() and ~Producer take).
// 2. State that several threads touch: the atomics below, and counters with one writer each.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/pipeline/flow/layout.hpp>
#include <penstock/pipeline/flow/partition.hpp>
#include <penstock/pipeline/flow/partitioner.hpp>
#include <penstock/pipeline/flow/ports.hpp>
#include <penstock/pipeline/flow/stats.hpp>
#include <penstock/runtime/base/counter.hpp>
#include <penstock/runtime/ring/spill.hpp>
#include <penstock/runtime/wait/countdown.hpp>

namespace penstock {

class SegmentRunner;
class RunnerThread;
class SourceThread;
class HostLoop;

/// What a source's thread does of the runners' work before the claim.
enum class Ahead : std::uint8_t { nothing, index, decode };

/// What one producer handle counts and needs; used by one thread at a time.
struct alignas(kControlBytes) ProducerState {
  explicit ProducerState(std::optional<Decoder> own_decoder) : decoder(std::move(own_decoder)) {}

  // The producing thread only.
  std::optional<Decoder> decoder;     ///< where it decodes or indexes
  std::uint16_t source = 0;           ///< number of its source; 0: the host's
  std::uint16_t until_next_look = 0;  ///< publishes before it looks at the backlog again
  Ahead ahead = Ahead::nothing;       ///< what it decided when it looked
  std::uint32_t open_claims = 0;
  // Written by the producing thread, read by stats().
  Counter offered;
  Counter accepted;
  Counter counted;  ///< of the accepted ones those that count, where stages are measured
  Counter bytes_accepted;
  Counter blocked_ns;
  Counter wakes_late;  ///< waits for room that timed out where somebody should have woken
  Counter spilled;
  Counter indexed_ahead;
  Counter decoded_ahead;
  std::array<Counter, kRefuseReasons> refused;
  // Guarded by PipelineCore::lock_.
  bool in_use = true;
};

/// How long and in what way a publish waits for room.
struct RoomPolicy {
  AdmissionPolicy when_full = AdmissionPolicy::reject;
  std::uint64_t timeout_ns = 0;  ///< of block
  bool forever = false;          ///< block without limit: sources
};

/// Where an event comes from and how it may wait.
struct Offer {
  std::string_view event;
  std::uint64_t line = 0;
  std::uint64_t bytes_total = 0;  ///< of a line that was cut; 0: event.size()
  RoomPolicy policy;
  Lender* lender = nullptr;      ///< of bytes that are not to be copied
  std::uint64_t planned_ns = 0;  ///< when it was due; 0: as it is accepted
};

/// What is known of an event before its claim.
struct Prepared {
  SlotFields fields;
  unsigned partition = 0;
  Envelope envelope;       ///< if fields.decoded
  std::string_view annex;  ///< for publish_copy()
  std::string detail;      ///< why it was refused
};

class PipelineCore : public std::enable_shared_from_this<PipelineCore> {
 public:
  struct Parts {
    Layout layout;
    std::vector<std::unique_ptr<Source>> sources;
    std::vector<std::unique_ptr<Sink>> sinks;
    std::unique_ptr<RejectSink> rejects;
    PressureCallback on_pressure;
    WhileFull while_full;
    const Clock* clock = nullptr;
    std::uint64_t (*allocations)() = nullptr;
    bool measure_stages = false;
  };

  static Result<std::shared_ptr<PipelineCore>> create(Parts parts);
  PipelineCore(const PipelineCore&) = delete;
  PipelineCore& operator=(const PipelineCore&) = delete;
  ~PipelineCore();

  // The host's thread.
  Status start();
  Report stop(std::chrono::nanoseconds deadline);
  bool wait_for_sources(std::chrono::nanoseconds timeout);
  std::size_t poll(unsigned partition, std::size_t budget);
  [[nodiscard]] HostLoop* host() noexcept { return host_.get(); }

  // Any thread.
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] Health health() const;
  /// Stops everything because of a storage failure; the first one is told. Nothing more is
  /// completed.
  void fail(Error failure) noexcept;
  void abandon() noexcept;
  /// Hands a refused or dead event to the rejects, if there are any. False if that failed, and with
  /// it the pipeline, or if the pipeline has stopped: the event then stays in flight.
  [[nodiscard]] bool reject(const Reject& reject) noexcept;
  [[nodiscard]] std::string_view source_name(std::uint16_t source) const noexcept;
  /// True once runners should return without finishing.
  [[nodiscard]] bool abandoned() const noexcept {
    // relaxed: hands over nothing, and whoever waits is woken after it is set.
    return abandoned_.load(std::memory_order_relaxed);
  }
  /// True once sources should end.
  [[nodiscard]] bool stopping() const noexcept {
    // relaxed: as abandoned().
    return stopping_.load(std::memory_order_relaxed);
  }
  /// True before start() and once the rings were closed: every publish answers `closed`.
  [[nodiscard]] bool refuses_all() const noexcept { return partitions[0]->ring().closed(); }
  /// True once the rings were closed.
  [[nodiscard]] bool closing() const noexcept {
    // relaxed: says only that it is worth asking the rings, which tell by their own words.
    return closing_.load(std::memory_order_relaxed);
  }
  /// Events that were accepted before this time count in no latency (Pipeline::count_from).
  void count_from(std::uint64_t at_ns) noexcept {
    // relaxed: ordered by what makes the first producer publish; its stamp takes it to runners.
    counts_from_ns_.store(at_ns, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t counts_from_ns() const noexcept {
    // relaxed: ordered by the event that it is asked for, as above.
    return counts_from_ns_.load(std::memory_order_relaxed);
  }
  void source_ended() noexcept;

  // Producers (producer.cpp).
  ProducerState& take_producer_state(std::uint16_t source);
  void give_back(ProducerState& state) noexcept;
  PublishResult publish(ProducerState& state, const Offer& offer) noexcept;
  /// Decodes and finds the partition, where this happens before the claim.
  PublishResult route(ProducerState& state, std::string_view event, Prepared& prepared) noexcept;
  void count_accepted(ProducerState& state, std::uint64_t bytes,
                      const SlotFields& fields) const noexcept;
  void refuse_at_door(ProducerState& state, const Offer& offer, RefuseReason reason,
                      std::string_view detail) noexcept;
  /// The host's turn, on the thread that waits. False if its function threw.
  [[nodiscard]] bool host_waits(std::uint64_t left_ns) const noexcept;
  /// True on a thread that is running this pipeline's handlers.
  [[nodiscard]] bool on_runner_thread() const noexcept;
  /// What time-outs go by: the system's clock, unless the host does the waiting.
  [[nodiscard]] const Clock& waiting_clock() const noexcept {
    return while_full ? clock : steady_clock();
  }

  // Fixed after construction.
  const Layout layout;
  const Clock& clock;
  const Partitioner partitioner;
  const std::vector<std::unique_ptr<Partition>> partitions;
  const std::vector<std::unique_ptr<Source>> sources;
  const std::vector<std::unique_ptr<Sink>> sinks;
  const std::unique_ptr<RejectSink> rejects;
  const PressureCallback on_pressure;
  const WhileFull while_full;
  const bool measures_stages;
  Spill spill;

 private:
  PipelineCore(Parts parts, std::vector<std::unique_ptr<Partition>> memory);

  Status wire();
  Status open_ports();
  Status start_threads();
  template <class AnyThread>
  void warn_of_denied_pin(const AnyThread& thread);
  void close_rings() noexcept;
  void tell_sources() noexcept;
  void wake_runners() noexcept;
  void drain_host(std::uint64_t deadline_ns);
  void leave_threads() noexcept;
  [[nodiscard]] bool drained() const noexcept;
  [[nodiscard]] std::size_t layout_index(const LayoutSegment& segment) const noexcept;
  void add_runner(const SegmentRunner& runner, Stats& stats,
                  std::vector<std::uint64_t>& ended) const;
  void add_producers(Stats& stats) const;
  void add_step_times(Stats& stats) const;
  bool join_runners(std::uint64_t deadline_ns) noexcept;
  bool join_sources(std::uint64_t deadline_ns) noexcept;
  Status close_ports();
  Report make_report(const Health& health_at_deadline);
  PublishResult prepare(ProducerState& state, std::string_view event, Prepared& prepared) noexcept;
  [[nodiscard]] Ahead works_ahead(ProducerState& state, unsigned partition) const noexcept;
  PublishResult enter(ProducerState& state, const Offer& offer, Prepared& prepared) noexcept;
  PublishResult publish_inline(ProducerState& state, const Offer& offer,
                               Prepared& prepared) noexcept;
  PublishResult publish_spilled(ProducerState& state, const Offer& offer,
                                Prepared& prepared) noexcept;
  PublishResult publish_lent(ProducerState& state, const Offer& offer, Prepared& prepared) noexcept;
  void enter_slot(ProducerState& state, const Offer& offer, const EventRing::Claim& claim,
                  Prepared& prepared) noexcept;

  std::uint64_t (*allocations_)() = nullptr;

  // Fixed after start.
  std::vector<std::unique_ptr<SegmentRunner>> runners_;
  std::vector<std::unique_ptr<RunnerThread>> threads_;
  std::vector<std::unique_ptr<SourceThread>> source_threads_;
  std::unique_ptr<HostLoop> host_;
  int stop_fd_ = -1;  ///< an eventfd, readable once sources should end
  std::uint64_t allocations_at_start_ = 0;

  // The host's thread only.
  bool started_ = false;
  bool host_drains_ = false;  ///< a stop() has begun to drain
  std::optional<Report> report_;
  std::vector<std::string> warnings_;
  std::size_t sinks_open_ = 0;  ///< so many of the first
  bool rejects_open_ = false;

  // Written by the host's thread and by whoever fails, read by all threads.
  alignas(kControlBytes) std::atomic<bool> abandoned_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> closing_{false};
  // Written by the host's thread before the first event, read by runners and producers.
  std::atomic<std::uint64_t> counts_from_ns_{0};
  // Written by the host's thread at both ends, read by stats().
  std::atomic<std::uint64_t> started_ns_{0};
  std::atomic<std::uint64_t> stopped_ns_{0};
  // Counted down by source threads, woken by fail(), waited for by the host's thread.
  Countdown sources_running_;

  // Cold: a failure, a new or a finished producer.
  mutable std::mutex lock_;
  std::optional<Error> failure_;
  std::vector<std::unique_ptr<ProducerState>> producers_;

  // Guards the rejects against being written before they begin, and while or after they close.
  std::mutex rejects_lock_;
  bool rejects_take_ = false;
};

/// The refusal that a publish result counts as.
[[nodiscard]] std::optional<RefuseReason> refuse_reason(PublishResult result) noexcept;

}  // namespace penstock
