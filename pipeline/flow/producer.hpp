// SPDX-License-Identifier: Apache-2.0
// The producing side of a pipeline.
// A Producer and the claims it gave belong to one thread; take one per thread. They may outlive the
// pipeline: ring memory is kept until the last handle is gone, and publishing answers `closed`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <penstock/pipeline/flow/stats.hpp>
#include <penstock/runtime/ring/event_ring.hpp>

namespace penstock {

class PipelineCore;
struct Offer;
struct ProducerState;
struct RoomPolicy;

enum class PublishResult : std::uint8_t {
  accepted,     ///< in its ring; with one partition the runner may yet find it invalid
  full,         ///< no room: under `reject`, after the time-out of `block`, or inside a handler
  dropped,      ///< no room, under `drop_newest`
  closed,       ///< before start(), after stop(), or after a failure
  too_large,    ///< longer than ring.event_bytes_max, or than the spill budget can hold
  invalid,      ///< no valid CloudEvent, where this thread decodes: with several partitions
  missing_key,  ///< no routing key, under on_missing_key = "refuse"; likewise
};
[[nodiscard]] std::string_view to_string(PublishResult result) noexcept;

/// Room in a ring that waits to be filled: write the event's bytes to data(), then commit().
/// Left in any other way (return, exception, cancellation, pthread_exit) the event never happened;
/// runners skip its place, and it is counted as refused{abandoned}.
class ProducerClaim {
 public:
  ProducerClaim() noexcept = default;
  ProducerClaim(ProducerClaim&& other) noexcept;
  ProducerClaim& operator=(ProducerClaim&& other) noexcept;
  ~ProducerClaim();

  /// False if nothing was claimed; then result() says why.
  explicit operator bool() const noexcept { return static_cast<bool>(claim_); }
  [[nodiscard]] PublishResult result() const noexcept { return result_; }
  [[nodiscard]] std::span<char> data() const noexcept { return {claim_.data(), capacity_}; }
  /// Publishes the first `length` bytes of data(). Requires: length <= data().size(), not yet
  /// committed. Returns accepted; where this thread decodes also invalid, missing_key, or, for a
  /// key other than the one claimed for, what try_publish() answers.
  PublishResult commit(std::size_t length) noexcept;

 private:
  friend class Producer;
  void abandon() noexcept;

  std::shared_ptr<PipelineCore> core_;
  ProducerState* state_ = nullptr;
  EventRing::Claim claim_;
  std::size_t capacity_ = 0;
  unsigned partition_ = 0;
  PublishResult result_ = PublishResult::closed;
};

class Producer {
 public:
  Producer() noexcept = default;
  Producer(Producer&&) noexcept;
  Producer& operator=(Producer&&) noexcept;
  ~Producer();

  /// Publishes a copy of one CloudEvent in JSON. Waits for room as `admission.when_full` says, at
  /// most admission.timeout; on a thread that runs handlers of this pipeline it never waits.
  PublishResult publish(std::string_view event) noexcept;
  /// The same with another time limit; with any policy, it waits so long for room.
  PublishResult publish(std::string_view event, std::chrono::nanoseconds timeout) noexcept;
  /// Never waits.
  PublishResult try_publish(std::string_view event) noexcept;

  /// Publishes an event without copying it; waits as publish() does. Its bytes must not change, and
  /// 64 bytes behind them must be readable, until `lender` gets them back: once, if the answer is
  /// `accepted`, by the thread that ends the event or, of a pipeline that left it in flight, by the
  /// one that destroys the last handle. On any other answer they stay the caller's.
  PublishResult publish_lent(std::string_view event, Lender& lender) noexcept;

  /// Claims room for an event of at most `bytes` to be written in place; never waits. With more
  /// than one partition `key` (the value that the routing key will have) chooses the ring. The
  /// claim is empty where result() is full, closed, or too_large (more than fits inline).
  [[nodiscard]] ProducerClaim try_claim(std::size_t bytes, std::string_view key = {}) noexcept;

 private:
  friend class Pipeline;
  friend class SegmentRunner;
  explicit Producer(std::shared_ptr<PipelineCore> core);
  PublishResult offer(const Offer& offer) noexcept;
  [[nodiscard]] RoomPolicy configured() const noexcept;

  std::shared_ptr<PipelineCore> core_;
  ProducerState* state_ = nullptr;
};

/// What a Source publishes through; what is refused goes to the rejects with its line.
class SourcePort {
 public:
  /// Waits for room as long as it takes, whatever admission.when_full says to producers. False once
  /// the pipeline stops, though this event may have been accepted: the source returns
  /// SourceState::end.
  bool publish(std::string_view event, std::uint64_t line) noexcept;
  /// For an event that was due at a time of the pipeline's clock: its age and its latency count
  /// from then, whatever it waited for before it was accepted (docs/benchmarking.md). Waits for
  /// room at most `timeout`; then the answer is `full`. Whether the pipeline stops, closed() says.
  /// Requires: planned_ns > 0.
  PublishResult publish_planned(std::string_view event, std::uint64_t planned_ns,
                                std::chrono::nanoseconds timeout) noexcept;
  /// Reports an event that the source itself has to refuse, such as a line longer than
  /// event_bytes_max(), of which `bytes` is the beginning.
  void refuse(RefuseReason reason, std::string_view detail, std::uint64_t line,
              std::string_view bytes, std::uint64_t bytes_total) noexcept;
  [[nodiscard]] std::uint32_t event_bytes_max() const noexcept;
  /// How long its publishes have waited for room so far.
  [[nodiscard]] std::uint64_t blocked_ns() const noexcept;
  /// True once the pipeline closes or failed.
  [[nodiscard]] bool closed() const noexcept;

 private:
  friend class SourceThread;
  SourcePort(PipelineCore& core, ProducerState& state) noexcept : core_(&core), state_(&state) {}
  PipelineCore* core_;
  ProducerState* state_;
};

}  // namespace penstock
