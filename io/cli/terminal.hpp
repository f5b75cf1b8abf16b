// SPDX-License-Identifier: Apache-2.0
// Where the program's words go: results on standard output, everything else on standard error;
// progress and colour only on a terminal. The main thread only.
#pragma once

#include <string>
#include <string_view>

#include <penstock/runtime/base/result.hpp>

namespace penstock::cli {

/// Writes a result on standard output. Returns an exit code: 0, or 74 if it could not be written.
[[nodiscard]] int print_result(std::string_view text);
/// Writes a line on standard error; above a progress line, which it ends.
void tell(std::string_view line);
/// Tells an error; returns its exit code.
[[nodiscard]] int fail(const Error& error);

/// One line on a terminal's standard error that is drawn again and again. Elsewhere it is not
/// there.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  [[nodiscard]] bool shown() const noexcept { return shown_; }
  void draw(std::string_view text);
  void clear();

 private:
  // Fixed after construction.
  bool shown_;
  // The main thread only.
  bool drawn_ = false;
};

/// True if colours are welcome on standard error (a terminal, no NO_COLOR: https://no-color.org).
[[nodiscard]] bool colours_welcome() noexcept;

// Numbers for people.
[[nodiscard]] std::string with_commas(std::uint64_t number);      ///< 1,204,331
[[nodiscard]] std::string in_short(double number);                ///< 3.2 M, 612 k, 14
[[nodiscard]] std::string duration_in_short(double duration_ns);  ///< 1.9 µs, 4 ms, 0.31 s

}  // namespace penstock::cli
