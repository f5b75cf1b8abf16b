// SPDX-License-Identifier: Apache-2.0
// Blocks for events that do not fit into an arena, within one budget for all rings.
// 1. The budget is taken before the claim and given back if the claim fails.
// 2. A block is made by the producer's thread and freed by the last runner's (mimalloc allows
//    that).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <penstock/runtime/base/budget.hpp>

namespace penstock {

class Spill {
 public:
  explicit Spill(std::uint64_t bytes_max) noexcept : budget_(bytes_max) {}

  /// A block for an event of `length` and its 64 bytes of padding, which are filled with newlines;
  /// null if the budget or the memory does not allow it. Any thread.
  [[nodiscard]] char* try_allocate(std::uint32_t length) noexcept;
  /// Any thread. Requires: from try_allocate with this length.
  void free(const char* block, std::uint32_t length) noexcept;
  /// True if an event of `length` could ever be taken.
  [[nodiscard]] bool could_hold(std::uint64_t length) const noexcept {
    return cost(length) <= budget_.most();
  }
  [[nodiscard]] std::uint64_t bytes_used() const noexcept { return budget_.used(); }

 private:
  static std::uint64_t cost(std::uint64_t length) noexcept;

  // Used by producers and last runners. The blocks travel by the stamps.
  Budget budget_;
};

}  // namespace penstock
