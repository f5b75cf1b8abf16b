// SPDX-License-Identifier: Apache-2.0
// Publishing: from an event's bytes to a stamped slot. Runs on the producing thread.
#include <penstock/pipeline/flow/producer.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <penstock/pipeline/flow/carried_index.hpp>
#include <penstock/pipeline/flow/core.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

constexpr unsigned kRoomSpins = 64;                    // about 2 us: a batch of a fast consumer
constexpr std::uint64_t kSpillPollNs = 200'000;        // nobody wakes for spill room, it is rare
constexpr std::uint64_t kRoomParkNsMax = 500'000'000;  // a bound on the harm of a lost wake-up
constexpr std::uint64_t kForeverNs = UINT64_MAX;
constexpr std::uint16_t kPublishesPerLook = 16;  // a look takes cache lines that runners write

std::uint64_t to_ns(std::chrono::nanoseconds duration) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
}

/// Counts the time that a publish waited for room, if it waited.
class BlockedTime {
 public:
  BlockedTime(const Clock& clock, Counter& blocked_ns) noexcept
      : clock_(&clock), blocked_ns_(&blocked_ns) {}
  BlockedTime(const BlockedTime&) = delete;
  BlockedTime& operator=(const BlockedTime&) = delete;
  ~BlockedTime() {
    if (begin_ns_ != 0) blocked_ns_->add(elapsed_ns());
  }
  void begin() noexcept {
    if (begin_ns_ == 0) begin_ns_ = std::max<std::uint64_t>(clock_->now_ns(), 1);
  }
  [[nodiscard]] std::uint64_t elapsed_ns() const noexcept { return clock_->now_ns() - begin_ns_; }

 private:
  const Clock* clock_;
  Counter* blocked_ns_;
  std::uint64_t begin_ns_ = 0;
};

/// One publish's waiting for room.
class RoomWait {
 public:
  RoomWait(PipelineCore& core, ProducerState& state, const RoomPolicy& policy) noexcept
      : core_(&core),
        policy_(policy),
        blocked_(core.waiting_clock(), state.blocked_ns),
        wakes_late_(&state.wakes_late) {}

  enum class For : std::uint8_t { bytes, slot, spill };

  /// Waits a little. False if the publish must give up and answer gave_up().
  bool again(EventRing& ring, For what, std::uint64_t bytes, bool use_reserve) noexcept {
    if (policy_.when_full != AdmissionPolicy::block) return false;
    blocked_.begin();
    if (rounds_++ < kRoomSpins && !core_->while_full) {
      StdAtomics::pause();
      return true;
    }
    std::uint64_t left_ns = kForeverNs;
    if (!policy_.forever) {
      const std::uint64_t elapsed_ns = blocked_.elapsed_ns();
      if (elapsed_ns >= policy_.timeout_ns) return false;
      left_ns = policy_.timeout_ns - elapsed_ns;
    }
    const std::uint64_t park_ns = std::min(left_ns, kRoomParkNsMax);
    if (core_->while_full) return core_->host_waits(park_ns);
    if (core_->layout.options.threads.wait == WaitKind::busy_spin && rounds_ % kRoomSpins != 0) {
      StdAtomics::pause();
    } else if (what == For::spill) {
      if (ring.closed()) return true;  // the next try answers `closed`
      StdAtomics::sleep_ns(std::min(kSpillPollNs, park_ns));
    } else {
      // Looks twice only where the caller's limit leaves the time for it.
      Counter* const late = left_ns - park_ns >= EventRing::kLateLookNs ? wakes_late_ : nullptr;
      what == For::slot ? ring.wait_for_slot(use_reserve, park_ns, late)
                        : ring.wait_for_room(bytes, use_reserve, park_ns, late);
    }
    return true;
  }
  [[nodiscard]] PublishResult gave_up() const noexcept {
    return policy_.when_full == AdmissionPolicy::drop_newest ? PublishResult::dropped
                                                             : PublishResult::full;
  }

 private:
  PipelineCore* core_;
  RoomPolicy policy_;
  BlockedTime blocked_;
  Counter* wakes_late_;
  unsigned rounds_ = 0;
};

}  // namespace

std::string_view to_string(PublishResult result) noexcept {
  switch (result) {
    case PublishResult::accepted: return "accepted";
    case PublishResult::full: return "full";
    case PublishResult::dropped: return "dropped";
    case PublishResult::closed: return "closed";
    case PublishResult::too_large: return "too_large";
    case PublishResult::invalid: return "invalid";
    case PublishResult::missing_key: return "missing_key";
  }
  return "unknown";
}

std::optional<RefuseReason> refuse_reason(PublishResult result) noexcept {
  switch (result) {
    case PublishResult::accepted: return std::nullopt;
    case PublishResult::full: return RefuseReason::full;
    case PublishResult::dropped: return RefuseReason::dropped;
    case PublishResult::closed: return RefuseReason::closed;
    case PublishResult::too_large: return RefuseReason::too_large;
    case PublishResult::invalid: return RefuseReason::invalid;
    case PublishResult::missing_key: return RefuseReason::missing_key;
  }
  return std::nullopt;
}

// ---- PipelineCore: the way from bytes to a slot

PublishResult PipelineCore::publish(ProducerState& state, const Offer& offer) noexcept {
  state.offered.add(1);
  PublishResult result = PublishResult::too_large;
  Prepared prepared;
  if (offer.event.size() <= layout.options.ring.event_bytes_max) {
    prepared.fields = {
        .line = offer.line, .source = state.source, .decoded = layout.source_decodes};
    result = prepare(state, offer.event, prepared);
    if (result == PublishResult::accepted) result = enter(state, offer, prepared);
  }
  if (result != PublishResult::accepted) [[unlikely]] {
    // Whatever else is wrong with it: there is nobody to take it, and no rejects to write it to.
    if (refuses_all()) result = PublishResult::closed;
    refuse_at_door(state, offer, *refuse_reason(result), prepared.detail);
  }
  return result;
}

/// What this thread does for the runners before the claim. `accepted` if nothing is wrong.
PublishResult PipelineCore::prepare(ProducerState& state, std::string_view event,
                                    Prepared& prepared) noexcept {
  if (layout.source_decodes) return route(state, event, prepared);
  if (state.source == 0) return PublishResult::accepted;
  const Ahead ahead = works_ahead(state, 0);
  if (ahead == Ahead::nothing) return PublishResult::accepted;
  // An event that cannot be indexed or decoded is left to the runner, which finds out what is wrong
  // with it.
  state.decoder->clear();
  DocumentIndex index;
  if (ahead == Ahead::decode) {
    prepared.fields.decoded = state.decoder->decode(event, prepared.envelope, index).ok();
    if (!prepared.fields.decoded) [[unlikely]]
      return PublishResult::accepted;
  } else if (!state.decoder->index(event, index)) [[unlikely]] {
    return PublishResult::accepted;
  }
  prepared.annex = annex_for(index, event.size());
  return PublishResult::accepted;
}

/// What this thread takes from the runners of a partition that lag behind, rather than wait for
/// room later: the more, the further they lag. Where they do not, it would only keep them waiting.
/// So both sides have enough to do, whichever is the slower one at the moment. A sample: the
/// partition of one event in kPublishesPerLook answers for all until the next.
Ahead PipelineCore::works_ahead(ProducerState& state, unsigned partition) const noexcept {
  if (state.until_next_look-- == 0) {
    state.until_next_look = kPublishesPerLook - 1;
    const std::uint32_t backlog = partitions[partition]->ring().backlog();
    state.ahead = backlog >= layout.decode_ahead_backlog  ? Ahead::decode
                  : backlog >= layout.index_ahead_backlog ? Ahead::index
                                                          : Ahead::nothing;
  }
  return state.ahead;
}

/// The claim, in the arena or beside it.
PublishResult PipelineCore::enter(ProducerState& state, const Offer& offer,
                                  Prepared& prepared) noexcept {
  if (offer.lender != nullptr) return publish_lent(state, offer, prepared);
  return offer.event.size() <= layout.options.ring.inline_bytes_max
             ? publish_inline(state, offer, prepared)
             : publish_spilled(state, offer, prepared);
}

PublishResult PipelineCore::route(ProducerState& state, std::string_view event,
                                  Prepared& prepared) noexcept {
  Decoder& decoder = *state.decoder;
  decoder.clear();
  DocumentIndex index;
  const DecodeAnswer answer = decoder.decode(event, prepared.envelope, index);
  if (!answer.ok()) [[unlikely]] {
    prepared.detail = describe(answer, event);
    return PublishResult::invalid;
  }
  std::optional<std::string_view> key = layout.key.read(event, prepared.envelope, index, decoder);
  if (!key) [[unlikely]] {
    if (layout.options.on_missing_key == OnMissingKey::refuse) {
      prepared.detail = layout.options.key;
      return PublishResult::missing_key;
    }
    key = decoder.text(event, prepared.envelope.source);
  }
  prepared.fields.key_hash = partitioner.hash(*key);
  prepared.partition = partitioner.partition_of(prepared.fields.key_hash);
  // Behind this thread only handlers look at data.
  if (!layout.stages.empty() && works_ahead(state, prepared.partition) != Ahead::nothing)
    prepared.annex = annex_for(index, event.size());
  return PublishResult::accepted;
}

PublishResult PipelineCore::publish_inline(ProducerState& state, const Offer& offer,
                                           Prepared& prepared) noexcept {
  EventRing& ring = partitions[prepared.partition]->ring();
  std::uint64_t bytes = bytes_with_annex(offer.event.size(), prepared.annex.size());
  if (bytes > ring.inline_bytes_max()) [[unlikely]] {
    prepared.annex = {};
    bytes = offer.event.size();
  }
  const bool inner = on_runner_thread();
  RoomWait wait(*this, state, inner ? RoomPolicy{} : offer.policy);
  EventRing::Claim claim;
  for (;;) {
    const ClaimResult result = ring.try_claim(bytes, inner, claim);
    if (result == ClaimResult::claimed) [[likely]]
      break;
    if (result == ClaimResult::closed) return PublishResult::closed;
    if (!wait.again(ring, RoomWait::For::bytes, bytes, inner)) return wait.gave_up();
  }
  enter_slot(state, offer, claim, prepared);
  if (!prepared.annex.empty()) state.indexed_ahead.add(1);
  claim.publish_copy(offer.event, prepared.fields, prepared.annex);
  return PublishResult::accepted;
}

PublishResult PipelineCore::publish_spilled(ProducerState& state, const Offer& offer,
                                            Prepared& prepared) noexcept {
  const auto length = static_cast<std::uint32_t>(offer.event.size());
  if (!spill.could_hold(length)) return PublishResult::too_large;
  EventRing& ring = partitions[prepared.partition]->ring();
  const bool inner = on_runner_thread();
  RoomWait wait(*this, state, inner ? RoomPolicy{} : offer.policy);
  EventRing::Claim claim;
  char* block = nullptr;
  for (;;) {
    block = spill.try_allocate(length);
    const ClaimResult result = block == nullptr
                                   ? (ring.closed() ? ClaimResult::closed : ClaimResult::full)
                                   : ring.try_claim_slot(inner, claim);
    if (result == ClaimResult::claimed) break;
    const bool no_block = block == nullptr;
    if (!no_block) spill.free(block, length);
    if (result == ClaimResult::closed) return PublishResult::closed;
    const auto what = no_block ? RoomWait::For::spill : RoomWait::For::slot;
    if (!wait.again(ring, what, 0, inner)) return wait.gave_up();
  }
  std::memcpy(block, offer.event.data(), length);
  enter_slot(state, offer, claim, prepared);
  state.spilled.add(1);
  claim.publish_spilled(block, length, prepared.fields);
  return PublishResult::accepted;
}

PublishResult PipelineCore::publish_lent(ProducerState& state, const Offer& offer,
                                         Prepared& prepared) noexcept {
  EventRing& ring = partitions[prepared.partition]->ring();
  const bool inner = on_runner_thread();
  RoomWait wait(*this, state, inner ? RoomPolicy{} : offer.policy);
  EventRing::Claim claim;
  for (;;) {
    const ClaimResult result = ring.try_claim_slot(inner, claim);
    if (result == ClaimResult::claimed) break;
    if (result == ClaimResult::closed) return PublishResult::closed;
    if (!wait.again(ring, RoomWait::For::slot, 0, inner)) return wait.gave_up();
  }
  enter_slot(state, offer, claim, prepared);
  claim.publish_lent(offer.event.data(), static_cast<std::uint32_t>(offer.event.size()),
                     *offer.lender, prepared.fields);
  return PublishResult::accepted;
}

/// What stands beside the bytes, before the stamp.
void PipelineCore::enter_slot(ProducerState& state, const Offer& offer,
                              const EventRing::Claim& claim, Prepared& prepared) noexcept {
  prepared.fields.accepted_ns = offer.planned_ns != 0 ? offer.planned_ns : clock.now_ns();
  if (prepared.fields.decoded) {
    partitions[prepared.partition]->envelope(claim.slot_index()) = prepared.envelope;
    if (!layout.source_decodes) state.decoded_ahead.add(1);
  }
  count_accepted(state, offer.event.size(), prepared.fields);
}

/// Before the stamp, so that no runner ever counts an event as completed before it was counted
/// here.
void PipelineCore::count_accepted(ProducerState& state, std::uint64_t bytes,
                                  const SlotFields& fields) const noexcept {
  state.accepted.add(1);
  state.bytes_accepted.add(bytes);
  if (measures_stages && fields.accepted_ns >= counts_from_ns()) state.counted.add(1);
}

void PipelineCore::refuse_at_door(ProducerState& state, const Offer& offer, RefuseReason reason,
                                  std::string_view detail) noexcept {
  // What the caller of a producer hears at once and can try again is his; what is wrong with the
  // event, or was refused to a source, goes to the rejects.
  const bool for_caller =
      state.source == 0 && (reason == RefuseReason::full || reason == RefuseReason::dropped ||
                            reason == RefuseReason::closed);
  const bool safe =
      for_caller ||
      reject({.dead = false,
              .source = source_name(state.source),
              .line = offer.line,
              .partition = 0,
              .stage = reason == RefuseReason::invalid || reason == RefuseReason::missing_key
                           ? std::string_view("decode")
                           : std::string_view(),
              .reason = to_string(reason),
              .detail = detail,
              .bytes = offer.event.substr(0, layout.options.ring.event_bytes_max),
              .bytes_total = offer.bytes_total == 0 ? offer.event.size() : offer.bytes_total});
  static_cast<void>(
      safe);  // If not, the pipeline failed and says so; the event was refused either way.
  state.refused[static_cast<std::size_t>(reason)].add(1);
}

// ---- Producer

Producer::Producer(std::shared_ptr<PipelineCore> core)
    : core_(std::move(core)), state_(&core_->take_producer_state(0)) {}
Producer::Producer(Producer&& other) noexcept
    : core_(std::move(other.core_)), state_(std::exchange(other.state_, nullptr)) {}
Producer& Producer::operator=(Producer&& other) noexcept {
  std::swap(core_, other.core_);
  std::swap(state_, other.state_);
  return *this;
}
Producer::~Producer() {
  // An open claim still counts in the state: then it is not handed to anybody else.
  if (state_ != nullptr && state_->open_claims == 0) core_->give_back(*state_);
}

/// A handle that was moved from, or never came from a pipeline, answers as one whose pipeline is
/// gone.
PublishResult Producer::offer(const Offer& offer) noexcept {
  return core_ == nullptr ? PublishResult::closed : core_->publish(*state_, offer);
}

RoomPolicy Producer::configured() const noexcept {
  if (core_ == nullptr) return {};
  const AdmissionOptions& admission = core_->layout.options.admission;
  return {.when_full = admission.when_full, .timeout_ns = to_ns(admission.timeout)};
}

PublishResult Producer::publish(std::string_view event) noexcept {
  return offer({.event = event, .policy = configured()});
}

PublishResult Producer::publish(std::string_view event, std::chrono::nanoseconds timeout) noexcept {
  return offer({.event = event,
                .policy = {.when_full = AdmissionPolicy::block, .timeout_ns = to_ns(timeout)}});
}

PublishResult Producer::try_publish(std::string_view event) noexcept {
  return offer({.event = event, .policy = {}});
}

PublishResult Producer::publish_lent(std::string_view event, Lender& lender) noexcept {
  return offer({.event = event, .policy = configured(), .lender = &lender});
}

ProducerClaim Producer::try_claim(std::size_t bytes, std::string_view key) noexcept {
  ProducerClaim claim;
  if (core_ == nullptr) return claim;  // closed
  const PipelineOptions& options = core_->layout.options;
  const auto refuse = [&](PublishResult result) {
    state_->offered.add(1);
    state_->refused[static_cast<std::size_t>(*refuse_reason(result))].add(1);
    claim.result_ = result;
  };
  if (bytes > options.ring.inline_bytes_max || bytes > options.ring.event_bytes_max) {
    refuse(PublishResult::too_large);
    return claim;
  }
  const unsigned partition = core_->partitions.size() == 1
                                 ? 0
                                 : core_->partitioner.partition_of(core_->partitioner.hash(key));
  switch (core_->partitions[partition]->ring().try_claim(bytes, core_->on_runner_thread(),
                                                         claim.claim_)) {
    case ClaimResult::full: refuse(PublishResult::full); break;
    case ClaimResult::closed: refuse(PublishResult::closed); break;
    case ClaimResult::claimed:
      claim.core_ = core_;
      claim.state_ = state_;
      ++state_->open_claims;
      claim.capacity_ = bytes;
      claim.partition_ = partition;
      claim.result_ = PublishResult::accepted;
  }
  return claim;
}

// ---- ProducerClaim

ProducerClaim::ProducerClaim(ProducerClaim&&) noexcept = default;
ProducerClaim& ProducerClaim::operator=(ProducerClaim&& other) noexcept {
  std::swap(core_, other.core_);
  std::swap(state_, other.state_);
  std::swap(claim_, other.claim_);
  std::swap(capacity_, other.capacity_);
  std::swap(partition_, other.partition_);
  std::swap(result_, other.result_);
  return *this;
}

ProducerClaim::~ProducerClaim() { abandon(); }

void ProducerClaim::abandon() noexcept {
  if (!claim_) return;
  state_->offered.add(1);
  state_->refused[static_cast<std::size_t>(RefuseReason::abandoned)].add(1);
  --state_->open_claims;
  claim_.abandon();
}

PublishResult ProducerClaim::commit(std::size_t length) noexcept {
  PENSTOCK_CHECK(claim_ && length <= capacity_);
  --state_->open_claims;
  const Offer offer{.event = {claim_.data(), length}, .policy = {}};
  Prepared prepared{.fields = {.source = state_->source, .decoded = core_->layout.source_decodes}};
  if (prepared.fields.decoded) {
    PublishResult routed = core_->route(*state_, offer.event, prepared);
    if (routed != PublishResult::accepted && core_->refuses_all()) routed = PublishResult::closed;
    if (routed == PublishResult::accepted && prepared.partition != partition_) {
      // Claimed for another key: publish a copy where it belongs, leave this place empty.
      result_ = core_->publish(*state_, offer);
      claim_.abandon();
      return result_;
    }
    if (routed != PublishResult::accepted) {
      state_->offered.add(1);
      core_->refuse_at_door(*state_, offer, *refuse_reason(routed), prepared.detail);
      claim_.abandon();
      return result_ = routed;
    }
    core_->partitions[partition_]->envelope(claim_.slot_index()) = prepared.envelope;
  }
  prepared.fields.accepted_ns = core_->clock.now_ns();
  state_->offered.add(1);
  core_->count_accepted(*state_, length, prepared.fields);
  claim_.publish(static_cast<std::uint32_t>(length), prepared.fields);
  return result_ = PublishResult::accepted;
}

// ---- SourcePort

bool SourcePort::publish(std::string_view event, std::uint64_t line) noexcept {
  const PublishResult result =
      core_->publish(*state_, {.event = event,
                               .line = line,
                               .policy = {.when_full = AdmissionPolicy::block, .forever = true}});
  return result != PublishResult::closed && !core_->stopping();
}

PublishResult SourcePort::publish_planned(std::string_view event, std::uint64_t planned_ns,
                                          std::chrono::nanoseconds timeout) noexcept {
  const auto timeout_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
  return core_->publish(*state_,
                        {.event = event,
                         .policy = {.when_full = AdmissionPolicy::block, .timeout_ns = timeout_ns},
                         .planned_ns = planned_ns});
}

void SourcePort::refuse(RefuseReason reason, std::string_view detail, std::uint64_t line,
                        std::string_view bytes, std::uint64_t bytes_total) noexcept {
  state_->offered.add(1);
  core_->refuse_at_door(*state_, {.event = bytes, .line = line, .bytes_total = bytes_total}, reason,
                        detail);
}

std::uint32_t SourcePort::event_bytes_max() const noexcept {
  return core_->layout.options.ring.event_bytes_max;
}

std::uint64_t SourcePort::blocked_ns() const noexcept { return state_->blocked_ns.get(); }

bool SourcePort::closed() const noexcept { return core_->stopping(); }

}  // namespace penstock
