// SPDX-License-Identifier: Apache-2.0
// Memory for decoded texts that live until the end of a batch.
// 1. Texts do not move.
// 2. A first block is kept for good; more is allocated only while a batch needs it, and given back
//    by clear().
// 3. The texts made last are remembered, so that a handler that asks for one attribute again and
//    again does not fill the memory.
// One thread uses it.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace penstock::decoding {

class Scratch {
 public:
  /// Requires: first_block_bytes > 0. Throws nothing: ok() is false where memory is missing.
  explicit Scratch(std::size_t first_block_bytes) noexcept;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { clear(); }

  [[nodiscard]] bool ok() const noexcept { return first_ != nullptr; }

  /// Gives all texts up.
  void clear() noexcept;

  /// The decoded raw contents of a string. A text without data() if an escape is broken, or if
  /// memory is missing.
  std::string_view unescape(std::string_view raw) noexcept;

 private:
  struct Block {
    Block* next = nullptr;
    [[nodiscard]] char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  };
  struct Remembered {
    const char* raw = nullptr;
    std::size_t raw_bytes = 0;
    std::string_view text;
  };
  static constexpr std::size_t kRememberedCount =
      16;  ///< a power of two, about an event's attributes

  /// `bytes` free bytes at free_, or false.
  bool make_room(std::size_t bytes) noexcept;

  // Fixed after construction.
  std::size_t block_bytes_;
  std::unique_ptr<char[]> first_;
  // The decoder's thread only.
  char* free_ = nullptr;
  char* end_ = nullptr;
  Block* more_ = nullptr;
  bool used_ = false;
  std::array<Remembered, kRememberedCount> remembered_{};
};

}  // namespace penstock::decoding
