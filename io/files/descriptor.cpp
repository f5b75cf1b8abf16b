// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/files/descriptor.hpp>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

namespace penstock {
namespace {

/// Advances over `count` written bytes; returns the parts that are left.
std::span<iovec> skip(std::span<iovec> parts, std::size_t count) noexcept {
  while (!parts.empty() && count >= parts.front().iov_len) {
    count -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (parts.empty()) return parts;
  parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + count;
  parts.front().iov_len -= count;
  return parts;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (number_ >= 0) ::close(number_);
  number_ = std::exchange(other.number_, -1);
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Status Descriptor::close(std::string_view name) {
  if (number_ < 0) return {};
  // After EINTR the descriptor is closed all the same on Linux: to repeat could close another's.
  if (::close(std::exchange(number_, -1)) != 0 && errno != EINTR)
    return system_error(ErrorCode::storage, name, errno);
  return {};
}

tl::unexpected<Error> open_error(const std::string& path, int errno_value) {
  tl::unexpected<Error> answer = system_error(ErrorCode::unavailable, path, errno_value);
  std::error_code unknown;
  const std::filesystem::path folder = std::filesystem::current_path(unknown);
  if (errno_value == ENOENT && !path.starts_with('/') && !unknown)
    answer.value().message += " (in the working directory " + folder.string() + ")";
  return answer;
}

Status write_all(int descriptor, std::span<iovec> parts, std::string_view name) {
  while (!parts.empty()) {
    const ssize_t count = ::writev(descriptor, parts.data(), static_cast<int>(parts.size()));
    if (count >= 0) {
      parts = skip(parts, static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd wait{descriptor, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return system_error(ErrorCode::storage, name, errno);
    }
  }
  return {};
}

Status write_all(int descriptor, std::string_view bytes, std::string_view name) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  return write_all(descriptor, {&part, 1}, name);
}

}  // namespace penstock
