// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/files/sources.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <penstock/io/files/descriptor.hpp>
#include <penstock/io/files/line_reader.hpp>
#include <penstock/pipeline/flow/producer.hpp>

namespace penstock {
namespace {

enum class Readable : std::uint8_t { yes, not_yet, ended };

/// Asks without waiting.
Readable readable(int descriptor) noexcept {
  pollfd wait{descriptor, POLLIN, 0};
  if (::poll(&wait, 1, 0) <= 0) return Readable::not_yet;
  if ((wait.revents & (POLLIN | POLLERR)) != 0) return Readable::yes;
  // A FIFO that no writer has opened yet has no POLLHUP, though read() would say "end".
  return (wait.revents & (POLLHUP | POLLNVAL)) != 0 ? Readable::ended : Readable::not_yet;
}

class LineSource final : public Source {
 public:
  /// Without a path: standard input.
  explicit LineSource(std::optional<std::string> path)
      : path_(std::move(path)), name_(path_ ? *path_ : "stdin") {}

  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  Status open() override;
  Result<SourceState> poll(SourcePort& port, std::size_t budget) override;
  Status finish(SourcePort& port) override;
  [[nodiscard]] std::uint64_t memory_bytes(std::uint32_t event_bytes_max) const noexcept override {
    return LineReader::memory_bytes(event_bytes_max);
  }
  [[nodiscard]] int wait_fd() const noexcept override { return is_regular_ ? -1 : descriptor(); }

 private:
  Result<SourceState> read_more();
  static void refuse(SourcePort& port, const InputLine& line);
  [[nodiscard]] int descriptor() const noexcept { return path_ ? file_.number() : STDIN_FILENO; }

  // Fixed after open().
  std::optional<std::string> path_;
  std::string name_;
  Descriptor file_;
  bool is_regular_ = false;
  // The source's thread only.
  std::optional<LineReader> lines_;
  bool ended_ = false;
};

Status LineSource::open() {
  if (path_) {
    // O_NONBLOCK: to open a FIFO must not wait for its writer. The description is ours alone.
    const int number = ::open(path_->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (number < 0) return open_error(name_, errno);
    file_ = Descriptor(number);
  }
  struct stat status {};
  if (::fstat(descriptor(), &status) != 0)
    return system_error(ErrorCode::unavailable, name_, errno);
  if (!path_ && (::fcntl(STDIN_FILENO, F_GETFL) & O_ACCMODE) == O_WRONLY)
    return system_error(ErrorCode::unavailable, name_, EBADF);
  if (S_ISDIR(status.st_mode)) return system_error(ErrorCode::unavailable, name_, EISDIR);
  is_regular_ = S_ISREG(status.st_mode);
  if (is_regular_) ::posix_fadvise(descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return {};
}

Result<SourceState> LineSource::poll(SourcePort& port, std::size_t budget) {
  if (!lines_) lines_.emplace(port.event_bytes_max());
  InputLine line;
  for (std::size_t done = 0; done < budget;) {
    if (lines_->next(line)) {
      ++done;
      if (line.too_long())
        refuse(port, line);
      else if (!port.publish(line.bytes, line.number))
        return SourceState::end;
      continue;
    }
    if (ended_ || port.closed()) return SourceState::end;
    auto state = read_more();
    if (!state || *state == SourceState::idle) return state;
  }
  return SourceState::more;
}

/// A file still has what was read from it; a pipe has not. Its whole lines are published, and what
/// came of the next one is refused.
Status LineSource::finish(SourcePort& port) {
  if (is_regular_ || !lines_) return {};
  InputLine line;
  while (lines_->next(line)) {
    if (line.too_long())
      refuse(port, line);
    else
      port.publish(line.bytes, line.number);
  }
  if (ended_) return {};
  lines_->end();
  if (lines_->next(line))
    port.refuse(RefuseReason::closed, "stopped before the line was complete", line.number,
                line.bytes, line.bytes_total);
  return {};
}

Result<SourceState> LineSource::read_more() {
  if (!is_regular_) {
    const Readable answer = readable(descriptor());
    if (answer == Readable::not_yet) return SourceState::idle;
    ended_ = answer == Readable::ended;
  }
  ssize_t count = 0;
  if (!ended_) {
    const auto room = lines_->room();
    do count = ::read(descriptor(), room.data(), room.size());
    while (count < 0 && errno == EINTR);
  }
  if (count < 0 && errno == EAGAIN) return SourceState::idle;
  if (count < 0) return system_error(ErrorCode::storage, name_, errno);
  lines_->filled(static_cast<std::size_t>(count));
  ended_ = count == 0;
  if (ended_) lines_->end();
  return SourceState::more;
}

void LineSource::refuse(SourcePort& port, const InputLine& line) {
  std::array<char, 96> detail{};
  std::snprintf(detail.data(), detail.size(),
                "line of %llu bytes, longer than event_bytes_max = %u",
                static_cast<unsigned long long>(line.bytes_total), port.event_bytes_max());
  port.refuse(RefuseReason::too_large, detail.data(), line.number, line.bytes, line.bytes_total);
}

}  // namespace

std::unique_ptr<Source> make_file_source(std::string path) {
  return std::make_unique<LineSource>(std::move(path));
}

std::unique_ptr<Source> make_stdin_source() { return std::make_unique<LineSource>(std::nullopt); }

}  // namespace penstock
