// SPDX-License-Identifier: Apache-2.0
// Steps of the event ring, on one thread: its cursor and claim word stay in the first cache.
#include <array>
#include <cstdlib>
#include <string>

#include <penstock/runtime/machine/memory.hpp>
#include <penstock/runtime/ring/event_ring.hpp>

#include "step.hpp"

namespace penstock::bench {
namespace {

constexpr std::uint32_t kSlots = 512;
constexpr std::uint64_t kArenaBytes = 512 * 1024;
constexpr std::size_t kEventBytes = 500;
constexpr std::size_t kBatch = 16;

/// A ring with one reader and perhaps more cursors that producers gate on.
class RingStep : public Step {
 public:
  explicit RingStep(std::size_t cursors = 1)
      : slots_(std::make_unique<EventRing::Slot[]>(kSlots)),
        cursors_(std::make_unique<EventRing::Cursor[]>(cursors)) {
    Result<Mapping> memory = Mapping::reserve({.bytes = kArenaBytes});
    if (!memory) std::abort();
    arena_ = std::move(*memory);
    ring_ = std::make_unique<EventRing>(
        EventRing::Memory{.slots = slots_.get(),
                          .slots_count = kSlots,
                          .arena = reinterpret_cast<char*>(arena_.data()),
                          .arena_bytes = kArenaBytes});
    for (std::size_t i = 0; i < cursors; ++i) {
      cursors_[i].reset({});
      ring_->add_gate(cursors_[i]);
    }
    ring_->prepare();
    for (std::size_t i = 0; i < cursors; ++i)
      readers_.push_back(std::make_unique<EventRing::Reader>(*ring_, cursors_[i]));
  }

 protected:
  void claim_all(std::size_t bytes = kEventBytes) {
    for (EventRing::Claim& claim : claims_)
      if (ring_->try_claim(bytes, false, claim) != ClaimResult::claimed) std::abort();
  }
  void publish_all() {
    for (EventRing::Claim& claim : claims_) claim.publish_copy(event_, {.line = 1});
  }
  void advance_all(std::uint32_t count = kEventsOfTurn) {
    for (auto& reader : readers_) reader->advance(count);
  }

  std::unique_ptr<EventRing::Slot[]> slots_;
  Mapping arena_;
  std::unique_ptr<EventRing::Cursor[]> cursors_;
  std::unique_ptr<EventRing> ring_;
  std::vector<std::unique_ptr<EventRing::Reader>> readers_;
  std::array<EventRing::Claim, kEventsOfTurn> claims_;
  std::string event_ = std::string(kEventBytes, 'x');
};

class ClaimStep final : public RingStep {
  void timed() override { claim_all(); }
  void after() override {
    publish_all();
    advance_all();
  }
};

class ClaimBatchStep final : public RingStep {
  void timed() override {
    for (std::size_t i = 0; i < kEventsOfTurn; i += kBatch)
      if (ring_->try_claim_batch(lengths_, false, std::span(&claims_[i], kBatch)) !=
          ClaimResult::claimed)
        std::abort();
  }
  void after() override {
    publish_all();
    advance_all();
  }
  std::array<std::uint32_t, kBatch> lengths_ = [] {
    std::array<std::uint32_t, kBatch> lengths{};
    lengths.fill(kEventBytes);
    return lengths;
  }();
};

class PublishStep final : public RingStep {
  void before() override { claim_all(); }
  void timed() override { publish_all(); }
  void after() override { advance_all(); }
};

class PollStep final : public RingStep {
  void before() override {
    claim_all();
    publish_all();
  }
  void timed() override {
    std::uint64_t sum = 0;
    const EventRing::Reader& reader = *readers_[0];
    for (std::uint32_t i = 0; i < kEventsOfTurn && reader.is_there(i); ++i)
      sum += reader.slot_at(i).fields.line + reader.slot_at(i).length;
    keep(sum);
  }
  void after() override { advance_all(); }
};

class AdvanceStep final : public RingStep {
  void before() override {
    claim_all();
    publish_all();
  }
  void timed() override {
    for (std::size_t i = 0; i < kEventsOfTurn; ++i) advance_all(1);
  }
};

/// A ring so full that each claim has to look for the slowest cursor first.
class GateStep final : public RingStep {
 public:
  explicit GateStep(std::size_t cursors) : RingStep(cursors) {
    EventRing::Claim claim;
    while (ring_->try_claim(1, false, claim) == ClaimResult::claimed) claim.publish_copy("x", {});
  }

 private:
  void timed() override {
    for (EventRing::Claim& claim : claims_) {
      advance_all(1);
      if (ring_->try_claim(1, false, claim) != ClaimResult::claimed) std::abort();
    }
  }
  void after() override {
    for (EventRing::Claim& claim : claims_) claim.publish_copy("x", {});
  }
};

template <class Made>
NamedStep named(std::string name, std::string what) {
  return {std::move(name), std::move(what), [] { return std::make_unique<Made>(); }};
}

NamedStep gate(std::string name, std::string what, std::size_t cursors) {
  return {std::move(name), std::move(what),
          [cursors] { return std::make_unique<GateStep>(cursors); }};
}

}  // namespace

void add_ring_steps(std::vector<NamedStep>& to) {
  to.push_back(named<ClaimStep>("claim", "take a slot and 500 bytes of the event ring"));
  to.push_back(named<ClaimBatchStep>("claim_batch_16", "the same for sixteen at a time"));
  to.push_back(named<PublishStep>("publish", "copy 500 bytes with padding, fill the slot, stamp"));
  to.push_back(named<PollStep>("poll", "see the stamp, read the slot"));
  to.push_back(
      named<AdvanceStep>("advance", "give one place back (a runner does it once a batch)"));
  to.push_back(gate("gate", "give one place back, claim it through the gate of 1 cursor", 1));
  to.push_back(gate("gate_8", "the same with 8 cursors, all of them given back", 8));
}

}  // namespace penstock::bench
