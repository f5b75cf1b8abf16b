// SPDX-License-Identifier: Apache-2.0
// ^C, SIGTERM and SIGHUP: the first one is remembered, so that the main thread drains; a second one
// ends the process at once with the exit code of a drain that timed out. A handler may run on any
// thread; it only touches lock-free atomics and calls write(2) and _exit(2) (signal-safety(7)).
#pragma once

namespace penstock::cli {

/// Writes to a pipe that nobody reads fail with their reason, instead of killing the process.
void ignore_broken_pipes();
/// From here on ^C, SIGTERM and SIGHUP are remembered.
void watch_signals();
/// True once one came.
[[nodiscard]] bool asked_to_stop() noexcept;

}  // namespace penstock::cli
