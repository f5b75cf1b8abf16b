// SPDX-License-Identifier: Apache-2.0
// Splits a stream of bytes into lines, in place, in one buffer.
//   room() -> the caller reads into it -> filled(count) -> next() until it has no more -> room() ..
// 1. A line is handed out where it lies, without its newline and a carriage return before that; at
//    least kPaddingBytes readable bytes stand behind it. It is valid until the next call of room().
// 2. A line longer than the limit keeps its first bytes up to the limit; what follows is counted
//    and forgotten, so that memory stays within memory_bytes().
// 3. Lines without a byte other than white space are skipped, but counted.
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <penstock/runtime/ring/position.hpp>

namespace penstock {

struct InputLine {
  std::string_view bytes;
  std::uint64_t number = 0;       ///< from 1
  std::uint64_t bytes_total = 0;  ///< more than bytes.size() if the line was too long
  [[nodiscard]] bool too_long() const noexcept { return bytes_total > bytes.size(); }
};

class LineReader {
 public:
  /// Large enough that a read costs little beside what is done with its lines, and inside an L2
  /// cache.
  static constexpr std::size_t kReadBytes = 256 * 1024;

  /// The most that a reader of such lines uses: while it grows, the old buffer is there beside the
  /// new one.
  static constexpr std::size_t memory_bytes(std::size_t line_bytes_max) noexcept {
    return 2 * (line_bytes_max + 1 + kReadBytes + kPaddingBytes);
  }

  explicit LineReader(std::size_t line_bytes_max);

  /// Where the next bytes belong; never empty. Lines handed out before are gone.
  [[nodiscard]] std::span<char> room();
  /// Requires: count <= room().size() of the last call.
  void filled(std::size_t count) noexcept;
  /// No byte will follow: what stands behind the last newline is a line too.
  void end() noexcept { ended_ = true; }

  /// False if there is no whole line left.
  [[nodiscard]] bool next(InputLine& line) noexcept;

 private:
  [[nodiscard]] bool take(std::size_t line_end, std::size_t next_begin, InputLine& line) noexcept;
  void cut() noexcept;
  void grow(std::size_t capacity);

  // Fixed after construction.
  std::size_t line_bytes_max_;
  // The reading thread only. The bytes are begin_ .. end_; up to scanned_ there is no newline.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t scanned_ = 0;
  std::size_t end_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t forgotten_ = 0;  ///< bytes of the present line that were cut off
  bool last_forgotten_is_cr_ = false;
  bool ended_ = false;
};

}  // namespace penstock
