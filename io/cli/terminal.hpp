// SPDX-License-Identifier: Apache-2.0
// Where the program's words go: results on standard output, everything else on standard error;
// progress only on a terminal. The main thread only.
#pragma once

#include <string>
#include <string_view>

#include <penstock/io/in_words.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock::cli {

/// Before anything is opened: a standard stream that was closed by whoever started us gets a place
/// holder that fails with EBADF, so that no file of ours is taken for it.
void hold_standard_streams() noexcept;

/// Writes a result on standard output. Returns an exit code: 0, or 74 if it could not be written.
[[nodiscard]] int print_result(std::string_view text);
/// Writes a line on standard error. Requires: no progress line is drawn (ProgressLine::clear).
void tell(std::string_view line);
/// Tells an error; returns its exit code.
[[nodiscard]] int fail(const Error& error);
/// The same for what is wrong with the config in this file: each line names it.
[[nodiscard]] int fail(const Error& error, std::string_view config);

/// One line on a terminal's standard error that is drawn again and again. Elsewhere it is not
/// there.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  [[nodiscard]] bool shown() const noexcept { return shown_; }
  /// Cuts what would not fit into the terminal's width, so that there is one line to redraw.
  void draw(std::string_view text);
  void clear();

 private:
  // Fixed after construction.
  bool shown_;
  // The main thread only.
  bool drawn_ = false;
};

}  // namespace penstock::cli
