// SPDX-License-Identifier: Apache-2.0
// A file, FIFO or device that lines are written to. Opening and beginning are apart, so that a
// pipeline that cannot start leaves what was there before as it was.
// Used by one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <penstock/io/files/descriptor.hpp>

namespace penstock {

class OutputFile {
 public:
  /// `append`: keeps what the file holds and writes behind it.
  OutputFile(std::string path, bool append) : path_(std::move(path)), append_(append) {}

  /// Creates it if need be, and changes nothing in it. /dev/stdout, /dev/stderr and /dev/fd/N are
  /// what this process has under that number, not opened anew: nothing of it is truncated. Waits
  /// where a FIFO has no reader yet. Errors: unavailable.
  Status open();
  /// Empties a regular file, or, to append, ends a last line that somebody left unfinished.
  /// Errors: storage.
  Status begin();
  Status close() { return file_.close(path_); }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] int number() const noexcept { return file_.number(); }

 private:
  [[nodiscard]] bool ends_within_a_line() const;

  // Fixed after construction.
  std::string path_;
  bool append_;
  // Fixed after open().
  Descriptor file_;
  bool is_ours_ = true;  ///< false: one of the descriptors that this process was started with
};

/// N for /dev/stdin (0), /dev/stdout (1), /dev/stderr (2) and /dev/fd/N; -1 for any other path.
[[nodiscard]] int descriptor_named_by(std::string_view path) noexcept;

}  // namespace penstock
