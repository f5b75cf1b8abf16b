// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/scratch.hpp>

#include <algorithm>
#include <cstdint>
#include <new>

#include <penstock/pipeline/decode/escapes.hpp>

namespace penstock::decoding {

Scratch::Scratch(std::size_t first_block_bytes) noexcept
    : block_bytes_(first_block_bytes), first_(new (std::nothrow) char[first_block_bytes]) {
  if (ok()) clear();
}

void Scratch::clear() noexcept {
  while (more_ != nullptr) {
    Block* const next = more_->next;
    ::operator delete(more_);
    more_ = next;
  }
  free_ = first_.get();
  end_ = free_ + block_bytes_;
  if (used_) remembered_ = {};
  used_ = false;
}

bool Scratch::make_room(std::size_t bytes) noexcept {
  if (static_cast<std::size_t>(end_ - free_) >= bytes) return true;
  const std::size_t wanted = std::max(bytes, block_bytes_);
  void* const memory = ::operator new(sizeof(Block) + wanted, std::nothrow);
  if (memory == nullptr) return false;
  more_ = new (memory) Block{more_};
  free_ = more_->bytes();
  end_ = free_ + wanted;
  return true;
}

std::string_view Scratch::unescape(std::string_view raw) noexcept {
  // Texts are short and at least two bytes apart.
  const std::size_t place = reinterpret_cast<std::uintptr_t>(raw.data()) / 2 % kRememberedCount;
  Remembered& remembered = remembered_[place];
  if (remembered.raw == raw.data() && remembered.raw_bytes == raw.size()) return remembered.text;
  if (!make_room(raw.size() + 1)) return {};
  const char* const stop = decoding::unescape(raw, free_);
  if (stop == nullptr) return {};
  const std::string_view text(free_, static_cast<std::size_t>(stop - free_));
  free_ += text.size() + 1;
  used_ = true;
  remembered = {raw.data(), raw.size(), text};
  return text;
}

}  // namespace penstock::decoding
