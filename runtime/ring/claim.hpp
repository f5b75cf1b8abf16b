// SPDX-License-Identifier: Apache-2.0
// A Claim: one slot of a ring, and arena bytes if the event is to lie inline, held by the thread
// that took it until it is published. A claim that is left in any other way (return, exception,
// cancellation, pthread_exit) publishes a tombstone, which runners skip: a half-filled event is
// never visible, and nobody waits for it.
#pragma once

#include <cstring>

#include <penstock/runtime/ring/event_ring.hpp>

namespace penstock {

template <class Atomics, class Position>
class BasicEventRing<Atomics, Position>::Claim {
 public:
  Claim() noexcept = default;
  Claim(Claim&& other) noexcept { take_from(other); }
  Claim& operator=(Claim&& other) noexcept {
    if (this != &other) {
      abandon();
      take_from(other);
    }
    return *this;
  }
  ~Claim() { abandon(); }

  explicit operator bool() const noexcept { return ring_ != nullptr; }
  /// Where the event's bytes go: room for what was asked, and 64 bytes of padding. Null for a slot
  /// alone.
  [[nodiscard]] char* data() const noexcept { return data_; }
  [[nodiscard]] std::uint32_t sequence() const noexcept { return sequence_; }
  [[nodiscard]] std::uint32_t slot_index() const noexcept { return ring_->slot_index(sequence_); }

  /// Publishes a copy of `bytes`, and one of `annex` behind the padding.
  /// Requires: bytes_with_annex() of both is not more than was claimed.
  void publish_copy(std::string_view bytes, const SlotFields& fields,
                    std::string_view annex = {}) noexcept {
    Atomics::plain_write(data_, units_for(bytes.size()) * kUnitBytes + annex.size());
    copy_with_padding(data_, bytes.data(), bytes.size());
    if (!annex.empty())
      std::memcpy(data_ + units_for(bytes.size()) * kUnitBytes, annex.data(), annex.size());
    publish_at(SlotKind::inline_bytes, data_, static_cast<std::uint32_t>(bytes.size()), nullptr,
               fields, static_cast<std::uint32_t>(annex.size()));
  }
  /// Publishes the first `length` bytes of data(), written in place.
  void publish(std::uint32_t length, const SlotFields& fields) noexcept {
    Atomics::plain_write(data_, length + kPaddingBytes);
    pad(data_ + length);
    publish_at(SlotKind::inline_bytes, data_, length, nullptr, fields);
  }
  /// Publishes bytes that lie elsewhere, with 64 newlines behind; the last runner frees them.
  void publish_spilled(const char* bytes, std::uint32_t length, const SlotFields& fields) noexcept {
    publish_at(SlotKind::spilled, bytes, length, nullptr, fields);
  }
  /// Publishes bytes of a lender; the last runner gives them back.
  void publish_lent(const char* bytes, std::uint32_t length, Lender& lender,
                    const SlotFields& fields) noexcept {
    publish_at(SlotKind::lent, bytes, length, &lender, fields);
  }
  /// Publishes a tombstone.
  void abandon() noexcept {
    if (ring_ != nullptr) publish_at(SlotKind::tombstone, data_, 0, nullptr, {});
  }

 private:
  friend class BasicEventRing;

  void take_from(Claim& other) noexcept {
    ring_ = std::exchange(other.ring_, nullptr);
    data_ = other.data_;
    sequence_ = other.sequence_;
    end_units_ = other.end_units_;
    wakes_ = other.wakes_;
  }
  void publish_at(SlotKind kind, const char* bytes, std::uint32_t length, Lender* lender,
                  const SlotFields& fields, std::uint32_t annex_bytes = 0) noexcept {
    PENSTOCK_DCHECK(ring_ != nullptr);
    Slot& slot = ring_->slot_to_write(sequence_);
    Atomics::plain_write(&slot.length, sizeof(Slot) - offsetof(Slot, length));
    slot.length = length;
    slot.bytes = bytes;
    slot.fields = fields;
    slot.fields.annex_bytes = annex_bytes;
    slot.end_units = end_units_;
    slot.kind = kind;
    slot.lender = lender;
    std::exchange(ring_, nullptr)->publish(slot, sequence_, wakes_);
  }

  BasicEventRing* ring_ = nullptr;
  char* data_ = nullptr;
  std::uint32_t sequence_ = 0;
  std::uint32_t end_units_ = 0;
  bool wakes_ = false;
};

}  // namespace penstock
