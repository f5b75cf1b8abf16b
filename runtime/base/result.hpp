// SPDX-License-Identifier: Apache-2.0
// Errors as values on cold paths: what data, disks, peers or users can cause.
// Result<T> is always tl::expected<T, Error>, whatever the language mode, so that an embedder's
// objects agree with ours. Hot paths return small enums instead.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace penstock {

/// What kind of remedy an error needs. The command line maps each to an exit code
/// (io/cli/exit_code.hpp).
enum class ErrorCode : unsigned char {
  invalid_config,  ///< options or a config file that cannot work
  usage,           ///< a call that the caller must change: wrong order, wrong argument
  unavailable,     ///< something needed is missing or unreachable: a file, a permission, a thread
  storage,         ///< reading or writing failed underway
  timed_out,       ///< a deadline passed first
};

/// A message names the place and the remedy. Several problems stand on several lines.
struct Error {
  ErrorCode code = ErrorCode::usage;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

/// The result of what has no value.
using Status = tl::expected<void, Error>;

[[nodiscard]] inline tl::unexpected<Error> error(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// An error of the operating system: "what: strerror(errno_value)".
[[nodiscard]] tl::unexpected<Error> system_error(ErrorCode code, std::string_view what,
                                                 int errno_value);

}  // namespace penstock
