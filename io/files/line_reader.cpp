// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/files/line_reader.hpp>

#include <algorithm>
#include <cstring>

#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

bool is_blank(std::string_view text) noexcept {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

LineReader::LineReader(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {
  PENSTOCK_CHECK(line_bytes_max > 0);
  grow(2 * kReadBytes);
}

std::span<char> LineReader::room() {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    scanned_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  // A beginning that is half the buffer will probably grow: doubling keeps the copies linear.
  const std::size_t most = line_bytes_max_ + 1 + kReadBytes;  // 1: a carriage return
  if (capacity_ - end_ < kReadBytes / 2 && capacity_ < most) grow(std::min(2 * capacity_, most));
  PENSTOCK_CHECK(end_ < capacity_);
  return {buffer_.get() + end_, std::min(capacity_ - end_, kReadBytes)};
}

void LineReader::grow(std::size_t capacity) {
  auto larger = std::make_unique_for_overwrite<char[]>(capacity + kPaddingBytes);
  if (buffer_ != nullptr) std::memcpy(larger.get(), buffer_.get(), end_);
  std::memset(larger.get() + end_, '\n', capacity + kPaddingBytes - end_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

void LineReader::filled(std::size_t count) noexcept {
  PENSTOCK_CHECK(count <= capacity_ - end_);
  end_ += count;
}

bool LineReader::next(InputLine& line) noexcept {
  while (scanned_ < end_) {
    const char* from = buffer_.get() + scanned_;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', end_ - scanned_));
    if (newline == nullptr) {
      scanned_ = end_;
      break;
    }
    const auto line_end = static_cast<std::size_t>(newline - buffer_.get());
    if (take(line_end, line_end + 1, line)) return true;
  }
  if (ended_) return (begin_ < end_ || forgotten_ > 0) && take(end_, end_, line);
  if (end_ - begin_ > line_bytes_max_ + 1) cut();
  return false;
}

/// The bytes from begin_ to line_end are a line, the last of it where some were forgotten.
bool LineReader::take(std::size_t line_end, std::size_t next_begin, InputLine& line) noexcept {
  std::string_view bytes(buffer_.get() + begin_, line_end - begin_);
  std::uint64_t total = bytes.size() + forgotten_;
  const bool ends_in_cut = forgotten_ > 0 && bytes.size() <= line_bytes_max_;
  const bool has_cr = ends_in_cut ? last_forgotten_is_cr_ : bytes.ends_with('\r');
  if (has_cr) --total;
  line.bytes = bytes.substr(0, std::min<std::uint64_t>(total, line_bytes_max_));
  line.bytes_total = total;
  line.number = ++number_;
  begin_ = scanned_ = next_begin;
  forgotten_ = 0;
  return line.too_long() || !is_blank(line.bytes);
}

/// Forgets what stands behind the limit.
void LineReader::cut() noexcept {
  const std::size_t kept_end = begin_ + line_bytes_max_;
  forgotten_ += end_ - kept_end;
  last_forgotten_is_cr_ = buffer_[end_ - 1] == '\r';
  scanned_ = end_ = kept_end;
}

}  // namespace penstock
