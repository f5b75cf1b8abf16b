// SPDX-License-Identifier: Apache-2.0
// A file descriptor that is closed once, why it could not be opened, and writing all of something
// to one.
// A Descriptor belongs to one thread; write_all may be called by any that holds the file's lock.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <penstock/runtime/base/result.hpp>

struct iovec;

namespace penstock {

class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  [[nodiscard]] int number() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  /// What was written may fail as late as here. Errors: storage, with `name`.
  Status close(std::string_view name);

 private:
  int number_ = -1;
};

/// Why a file could not be opened; if it is not there, with the folder that a relative path began
/// at.
[[nodiscard]] tl::unexpected<Error> open_error(const std::string& path, int errno_value);

/// Writes all of it, across short writes, interrupts and full pipes, and changes `parts` meanwhile.
/// Requires: at most 1024 parts (IOV_MAX). Errors: storage, with `name`. Waits for a full pipe.
Status write_all(int descriptor, std::span<iovec> parts, std::string_view name);
Status write_all(int descriptor, std::string_view bytes, std::string_view name);

}  // namespace penstock
