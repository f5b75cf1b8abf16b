// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/files/output_file.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace penstock {
namespace {

constexpr mode_t kNewFileMode = 0666;  // less what the process's umask takes

}  // namespace

int descriptor_named_by(std::string_view path) noexcept {
  constexpr std::array<std::pair<std::string_view, int>, 3> kStreams{
      {{"/dev/stdin", STDIN_FILENO},
       {"/dev/stdout", STDOUT_FILENO},
       {"/dev/stderr", STDERR_FILENO}}};
  for (const auto& [name, number] : kStreams)
    if (path == name) return number;
  constexpr std::string_view kFolder = "/dev/fd/";
  if (!path.starts_with(kFolder)) return -1;
  path.remove_prefix(kFolder.size());
  int number = -1;
  const auto [end, failure] = std::from_chars(path.data(), path.data() + path.size(), number);
  const bool whole = failure == std::errc{} && end == path.data() + path.size();
  return whole && number >= 0 ? number : -1;
}

Status OutputFile::open() {
  const int given = descriptor_named_by(path_);
  is_ours_ = given < 0;
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append_ ? O_APPEND : 0);
  const int number =
      is_ours_ ? ::open(path_.c_str(), flags, kNewFileMode) : ::fcntl(given, F_DUPFD_CLOEXEC, 0);
  if (number < 0) return open_error(path_, errno);
  file_ = Descriptor(number);
  // As open() would: nothing begins if it is not for writing.
  if (!is_ours_ && (::fcntl(number, F_GETFL) & O_ACCMODE) == O_RDONLY)
    return system_error(ErrorCode::unavailable, path_, EBADF);
  return {};
}

Status OutputFile::begin() {
  struct stat status {};
  if (::fstat(number(), &status) != 0) return system_error(ErrorCode::storage, path_, errno);
  if (!is_ours_ || !S_ISREG(status.st_mode)) return {};
  if (append_) return ends_within_a_line() ? write_all(number(), "\n", path_) : Status{};
  if (::ftruncate(number(), 0) != 0) return system_error(ErrorCode::storage, path_, errno);
  return {};
}

/// As far as that can be seen: who may write a file may not always read it.
bool OutputFile::ends_within_a_line() const {
  const Descriptor reader(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  const off_t end = ::lseek(reader.number(), 0, SEEK_END);
  char last = '\n';
  return end > 0 && ::pread(reader.number(), &last, 1, end - 1) == 1 && last != '\n';
}

}  // namespace penstock
