// SPDX-License-Identifier: Apache-2.0
// The colder half of Event: extensions, data, and counted copies.
#include <penstock/pipeline/event/event.hpp>

#include <cstring>
#include <new>
#include <utility>

#include <mimalloc.h>

#include <penstock/runtime/base/holders.hpp>

namespace penstock {

std::optional<std::string_view> Event::extension(std::string_view name) const noexcept {
  ValueKind kind{};
  const Extension found = place_.decoder->find_extension(bytes(), *place_.envelope, name, kind);
  if (!found.value.present()) return std::nullopt;
  return text(found.value);
}

Data Event::data() const noexcept {
  if (place_.envelope->data_kind != DataKind::json) return Data(DataError::absent);
  if (place_.index.offsets == nullptr) {
    ++*place_.indexed_again;
    if (!place_.decoder->index(bytes(), place_.index)) return Data(DataError::invalid_json);
  }
  return Data::of_event(bytes(), place_.index, *place_.envelope, *place_.decoder);
}

struct HeldEvent::Block {
  static constexpr std::size_t kPaddingBytes = 64;  // as in the arena

  // Used by any holder.
  Holders holders;
  // Fixed after construction.
  std::uint32_t length = 0;
  std::uint32_t partition = 0;
  std::uint64_t sequence = 0;
  Envelope envelope;

  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
};

HeldEvent Event::hold() const {
  void* const memory =
      mi_malloc(sizeof(HeldEvent::Block) + place_.length + HeldEvent::Block::kPaddingBytes);
  if (memory == nullptr) throw std::bad_alloc();
  auto* const block = new (memory) HeldEvent::Block;
  block->length = place_.length;
  block->partition = place_.partition;
  block->sequence = place_.sequence;
  block->envelope = *place_.envelope;
  std::memcpy(block->bytes(), place_.bytes, place_.length);
  std::memset(block->bytes() + place_.length, '\n', HeldEvent::Block::kPaddingBytes);
  HeldEvent held;
  held.block_ = block;
  return held;
}

HeldEvent::HeldEvent(const HeldEvent& other) noexcept : block_(other.block_) {
  if (block_ != nullptr) block_->holders.add();
}

HeldEvent::HeldEvent(HeldEvent&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}

HeldEvent& HeldEvent::operator=(HeldEvent other) noexcept {
  std::swap(block_, other.block_);
  return *this;
}

HeldEvent::~HeldEvent() {
  if (block_ == nullptr || !block_->holders.leave()) return;
  block_->~Block();
  mi_free(block_);
}

std::string_view HeldEvent::bytes() const noexcept { return {block_->bytes(), block_->length}; }
const Envelope& HeldEvent::envelope() const noexcept { return block_->envelope; }
std::uint64_t HeldEvent::sequence() const noexcept { return block_->sequence; }
unsigned HeldEvent::partition() const noexcept { return block_->partition; }

}  // namespace penstock
