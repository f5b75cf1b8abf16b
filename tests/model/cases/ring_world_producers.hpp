// SPDX-License-Identifier: Apache-2.0
// What the producers of a RingWorld do: claim, fill, wait for room, give up; as the pipeline does.
#pragma once

#include "ring_world.hpp"

namespace penstock::model {

template <class Position>
typename RingWorld<Position>::Block* RingWorld<Position>::take_block() {
  for (unsigned i = 0; i < kBlocks; ++i)
    if (!parts_->taken[i].exchange(true, std::memory_order_acquire)) return &blocks_[i];
  check(false, "there are no more blocks than the budget allows");
  return nullptr;
}

template <class Position>
void RingWorld<Position>::free_block(const Block& block) {
  ModelAtomics::plain_write(&block, sizeof block);
  check(parts_->taken[static_cast<std::size_t>(&block - blocks_.data())].exchange(
            false, std::memory_order_release),
        "a block is freed once");
}

/// As PipelineCore::publish_spilled(): the budget before the claim, and back if that fails.
template <class Position>
ClaimResult RingWorld<Position>::try_offer(const Offer& offer, Claims& claims, Block*& block) {
  Ring& ring = parts_->ring;
  if (offer.how == How::batch || holds(offer)) {
    const std::array<std::uint32_t, 3> lengths{offer.bytes, offer.bytes, offer.bytes};
    return ring.try_claim_batch(std::span(lengths).first(offer.batch), offer.use_reserve, claims);
  }
  if (offer.how != How::spilled) return ring.try_claim(offer.bytes, offer.use_reserve, claims[0]);
  if (!parts_->spill.try_take(1)) {
    reached_.note(Point::spill_refused);
    return ring.closed() ? ClaimResult::closed : ClaimResult::full;
  }
  block = take_block();
  const ClaimResult result = ring.try_claim_slot(offer.use_reserve, claims[0]);
  if (result != ClaimResult::claimed) {
    free_block(*block);
    parts_->spill.give_back(1);
    reached_.note(Point::spill_returned);
  }
  return result;
}

template <class Position>
void RingWorld<Position>::check_place(const Offer& offer, const Claim& claim) const {
  if (offer.how == How::spilled) return;
  check(claim.data() >= arena_.data() && claim.data() + offer.bytes + kPaddingBytes <=
                                             arena_.data() + shape_.arena_units * kUnitBytes,
        "a claim lies within the arena");
}

template <class Position>
void RingWorld<Position>::fill(unsigned producer, unsigned number, const Offer& offer, Claim& claim,
                               Block* block) {
  if (shape_.watched) parts_->accepted[producer].add(1);
  if (offer.how == How::abandon) {
    ++tombstones_[producer];
    claim = Claim();
    return;
  }
  accepted_[producer][number] = true;
  const std::uint64_t mark = tag(producer, number);
  Line& envelope = envelopes_[claim.slot_index()];
  ModelAtomics::plain_write(&envelope, sizeof envelope);
  envelope.value = mark;
  const SlotFields fields{.key_hash = mark, .line = number, .source = std::uint16_t(producer)};
  std::array<char, 192> text;
  std::memset(text.data(), static_cast<char>(mark), offer.bytes);
  if (offer.how == How::in_place) {
    ModelAtomics::plain_write(claim.data(), offer.bytes);
    std::memcpy(claim.data(), text.data(), offer.bytes);
    claim.publish(offer.bytes, fields);
  } else if (offer.how == How::spilled) {
    ModelAtomics::plain_write(block->bytes, sizeof block->bytes);
    std::memcpy(block->bytes, text.data(), offer.bytes);
    pad(block->bytes + offer.bytes);
    claim.publish_spilled(block->bytes, offer.bytes, fields);
  } else {
    claim.publish_copy({text.data(), offer.bytes}, fields);
  }
}

template <class Position>
void RingWorld<Position>::idle(unsigned producer, How how) {
  Explorer::current().await([&] {
    if (how == How::await_first) return places_[0] != 0;
    for (unsigned other = 0; other < producers(); ++other)
      if (other != producer && !Explorer::current().ended(other + 1)) return false;
    return true;
  });
}

template <class Position>
void RingWorld<Position>::accept(unsigned producer, const Offer& offer, Claims& claims,
                                 Block* block) {
  note_claimed(producer, offer);
  holds_[producer] |= holds(offer);
  for (unsigned i = 0; i < count_of(offer); ++i) {
    const unsigned number = numbers_[producer]++;
    ++places_[producer];
    check_place(offer, claims[i]);
    if (!holds(offer) || (offer.how == How::hold_rest && i == 0))
      fill(producer, number, offer, claims[i], block);
  }
}

/// As RoomWait::again() of the pipeline; false if the time ran out.
template <class Position>
bool RingWorld<Position>::wait_for_room(unsigned producer, const Offer& offer, bool budget_lacks) {
  if (count_of(offer) > 1 || budget_lacks) {
    ModelAtomics::pause();  // nobody is woken for a batch, or for the budget of spilled events
    return true;
  }
  Ring& ring = parts_->ring;
  const std::uint64_t timeout_ns = shape_.timeouts ? 1 : 0;
  const bool was_open = in_truth([&] { return !ring.closed(); });
  BasicCounter<ModelAtomics>* const late = &parts_->wakes_late[producer];
  producer_asleep_[producer] = true;
  const bool in_time = offer.how == How::spilled
                           ? ring.wait_for_slot(offer.use_reserve, timeout_ns, late)
                           : ring.wait_for_room(offer.bytes, offer.use_reserve, timeout_ns, late);
  producer_asleep_[producer] = false;
  note_waited(producer, in_time, was_open);
  return in_time;
}

/// False once the ring is closed.
template <class Position>
bool RingWorld<Position>::offer(unsigned producer, const Offer& offer, Claims& claims) {
  if (offer.how == How::await_first || offer.how == How::await_others) {
    idle(producer, offer.how);
    return true;
  }
  for (;;) {
    Block* block = nullptr;
    const ClaimResult result = try_offer(offer, claims, block);
    if (result == ClaimResult::claimed) {
      accept(producer, offer, claims, block);
      return true;
    }
    if (result == ClaimResult::closed) {
      reached_.note(unopened() ? Point::refused_unopened : Point::refused_closed);
      if (!shape_.runner_prepares || shape_.closing == Closing::any_time) return false;
      ModelAtomics::pause();  // not yet opened
      continue;
    }
    const bool budget_lacks = offer.how == How::spilled && block == nullptr;
    if (!budget_lacks) note_full(offer);
    if (!offer.waits) {
      reached_.note(Point::refused);
      return true;
    }
    if (wait_for_room(producer, offer, budget_lacks) || !offer.gives_up) continue;
    reached_.note(Point::producer_gave_up);
    return true;
  }
}

template <class Position>
void RingWorld<Position>::produce(unsigned producer) {
  Claims claims;
  Claims held;
  unsigned first_held = 0;
  for (const Offer& next : shape_.producers[producer]) {
    if (holds(next)) first_held = numbers_[producer];
    if (!offer(producer, next, holds(next) ? held : claims)) break;
  }
  for (unsigned i = 0; i < held.size(); ++i)
    if (held[i]) fill(producer, first_held + i, {}, held[i], nullptr);
}

}  // namespace penstock::model
