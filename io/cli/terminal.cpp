// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/terminal.hpp>

#include <sstream>
#include <string>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/files/descriptor.hpp>

namespace penstock::cli {
namespace {

/// Characters count one column each: none of ours is wider.
std::string_view first_characters(std::string_view text, std::size_t count) noexcept {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool begins_one = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (begins_one && count-- == 0) break;
  }
  return text.substr(0, end);
}

}  // namespace

void hold_standard_streams() noexcept {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // open() takes the lowest free number, which is this one.
    [[maybe_unused]] const int held =
        ::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int print_result(std::string_view text) {
  const Status written = write_all(STDOUT_FILENO, text, "stdout");
  return written ? kFine : fail(written.error());
}

void tell(std::string_view line) {
  std::string text(line);
  text += '\n';
  // Where standard error is gone there is nobody left to tell.
  static_cast<void>(write_all(STDERR_FILENO, text, "stderr"));
}

int fail(const Error& error) {
  // Problems of a config begin with their place, as compilers have it, so that editors can jump
  // there.
  tell(error.code == ErrorCode::invalid_config ? error.message : "penstock: " + error.message);
  return exit_code(error.code);
}

int fail(const Error& error, std::string_view config) {
  if (error.code != ErrorCode::invalid_config) return fail(error);
  std::istringstream lines(error.message);
  for (std::string line; std::getline(lines, line);)
    tell(line.starts_with(config) ? line : std::string(config).append(": ").append(line));
  return exit_code(error.code);
}

ProgressLine::ProgressLine(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::draw(std::string_view text) {
  if (!shown_) return;
  std::string line = "\r\x1b[K";
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  line += known ? first_characters(text, size.ws_col - 1U) : text;
  static_cast<void>(write_all(STDERR_FILENO, line, "stderr"));
  drawn_ = true;
}

void ProgressLine::clear() {
  if (drawn_) static_cast<void>(write_all(STDERR_FILENO, "\r\x1b[K", "stderr"));
  drawn_ = false;
}

}  // namespace penstock::cli
