// SPDX-License-Identifier: Apache-2.0
// What goes through the queues: items of 8, 64 or 512 bytes. The producer writes every word of an
// item, the consumer reads every word, whichever queue is between them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace penstock::bench {

inline constexpr std::uint64_t kWordStep = 0x9E3779B97F4A7C15;

template <std::size_t bytes>
struct Item {
  static_assert(bytes % sizeof(std::uint64_t) == 0);
  std::array<std::uint64_t, bytes / sizeof(std::uint64_t)> words;
};

template <std::size_t bytes>
void fill(Item<bytes>& item, std::uint64_t value) noexcept {
  for (std::size_t i = 0; i < item.words.size(); ++i) item.words[i] = value + i * kWordStep;
}

template <std::size_t bytes>
[[nodiscard]] std::uint64_t total_of(const Item<bytes>& item) noexcept {
  std::uint64_t total = 0;
  for (const std::uint64_t word : item.words) total += word;
  return total;
}

/// Tells lost, doubled, torn and exchanged items: each counts by its place.
class Checksum {
 public:
  void add(std::uint64_t total) noexcept { sum_ += total * (2 * count_++ + 1); }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

 private:
  std::uint64_t sum_ = 0;
  std::uint64_t count_ = 0;
};

/// Of `count` items with the values first, first + 1, ...
template <std::size_t bytes>
[[nodiscard]] std::uint64_t checksum_of(std::uint64_t first, std::uint64_t count) noexcept {
  Checksum sum;
  Item<bytes> item;
  fill(item, 0);
  const std::uint64_t of_zero = total_of(item);
  for (std::uint64_t i = 0; i < count; ++i) sum.add(of_zero + (first + i) * item.words.size());
  return sum.sum();
}

/// Calls `use` with the size as a constant: use.template operator()<64>().
template <class Use>
auto with_item_bytes(std::size_t bytes, Use&& use) {
  switch (bytes) {
    case 8: return use.template operator()<8>();
    case 64: return use.template operator()<64>();
    default: return use.template operator()<512>();
  }
}

}  // namespace penstock::bench
