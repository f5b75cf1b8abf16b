// SPDX-License-Identifier: Apache-2.0
// The events of a load, ready in memory before it begins, so that sending one costs no more than
// publishing it. When all were sent it begins again: ids repeat.
// Fixed after construction; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/io/load/order_generator.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

class EventPool {
 public:
  /// Enough to be larger than an L2 cache, as events that come from outside would be.
  static constexpr std::size_t kEvents = 20'000;
  static constexpr std::size_t kBytesMax = 256 << 20;  ///< of a file so much is taken

  [[nodiscard]] static EventPool of_orders(const OrderOptions& options,
                                           std::size_t events = kEvents);
  /// The lines of a regular file, as a file source reads them; lines longer than `event_bytes_max`
  /// are left out. Errors: unavailable (no such file; a pipe; no event in it), storage.
  [[nodiscard]] static Result<EventPool> of_file(const std::string& path,
                                                 std::uint32_t event_bytes_max);

  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  /// Requires: index < size().
  [[nodiscard]] std::string_view operator[](std::size_t index) const noexcept {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }
  [[nodiscard]] double bytes_mean() const noexcept {
    return static_cast<double>(bytes_.size()) / static_cast<double>(ends_.size());
  }
  /// "20,000 generated orders", "the first 71,204 events of orders.ndjson".
  [[nodiscard]] const std::string& origin() const noexcept { return origin_; }

 private:
  void add(std::string_view event);

  // Fixed after construction.
  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::string origin_;
};

}  // namespace penstock
