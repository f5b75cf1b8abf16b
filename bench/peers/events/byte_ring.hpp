// SPDX-License-Identifier: Apache-2.0
// The least that hands variable lengths from one thread to another: a ring of bytes, written by
// hand, with a length before each event and nothing else. No slots, no claims by others, no
// padding, no waking, no closing.
//   | length 8 | bytes, rounded up to 8 | length 8 | ... | kWrap | (begin again)
// 1. Both positions only grow; each side keeps what it saw of the other's until that is used up.
// 2. One producer, one consumer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace penstock::bench {

class ByteRing {
 public:
  /// `bytes`: a power of two.
  explicit ByteRing(std::size_t bytes)
      : mask_(bytes - 1), memory_(static_cast<char*>(std::aligned_alloc(64, bytes))) {}

  /// The producer: writes, and hands over with publish(). False if there is no room.
  bool try_write(std::string_view event) noexcept {
    const std::uint64_t need = 8 + ((event.size() + 7) & ~std::uint64_t{7});
    const std::uint64_t rest = mask_ + 1 - (written_ & mask_);
    const std::uint64_t take = need <= rest ? need : rest + need;
    if (written_ + take - read_seen_ > mask_ + 1) {
      // acquire: pairs with the release in poll(): the consumer has left those bytes.
      read_seen_ = read_.load(std::memory_order_acquire);
      if (written_ + take - read_seen_ > mask_ + 1) return false;
    }
    if (need > rest) {
      std::memcpy(memory_.get() + (written_ & mask_), &kWrap, 8);
      written_ += rest;
    }
    char* const at = memory_.get() + (written_ & mask_);
    const std::uint64_t length = event.size();
    std::memcpy(at, &length, 8);
    std::memcpy(at + 8, event.data(), event.size());
    written_ += need;
    return true;
  }

  void publish() noexcept {
    // release: pairs with the acquire in poll(): the events before it.
    published_.store(written_, std::memory_order_release);
  }

  /// The consumer: calls handle(std::string_view) for each event that is there, at most `limit`.
  template <class Handle>
  std::size_t poll(Handle&& handle, std::size_t limit) {
    if (at_ == published_seen_) {
      // acquire: pairs with the release in publish().
      published_seen_ = published_.load(std::memory_order_acquire);
    }
    std::size_t count = 0;
    while (at_ != published_seen_ && count < limit) {
      const char* const from = memory_.get() + (at_ & mask_);
      std::uint64_t length = 0;
      std::memcpy(&length, from, 8);
      if (length == kWrap) {
        at_ += mask_ + 1 - (at_ & mask_);
        continue;
      }
      handle(std::string_view(from + 8, length));
      at_ += 8 + ((length + 7) & ~std::uint64_t{7});
      ++count;
    }
    // release: pairs with the acquire in try_write(): the last access to those bytes.
    if (count != 0) read_.store(at_, std::memory_order_release);
    return count;
  }

 private:
  static constexpr std::uint64_t kWrap = ~std::uint64_t{0};

  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  // Fixed after construction.
  std::uint64_t mask_;
  std::unique_ptr<char, Free> memory_;
  // Producer thread only.
  alignas(128) std::uint64_t written_ = 0;
  std::uint64_t read_seen_ = 0;
  // Consumer thread only.
  alignas(128) std::uint64_t at_ = 0;
  std::uint64_t published_seen_ = 0;
  // Written by the producer, read by the consumer.
  alignas(128) std::atomic<std::uint64_t> published_{0};
  // Written by the consumer, read by the producer.
  alignas(128) std::atomic<std::uint64_t> read_{0};
};

}  // namespace penstock::bench
