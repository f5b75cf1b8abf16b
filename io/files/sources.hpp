// SPDX-License-Identifier: Apache-2.0
// Sources that read lines of JSON: a file by its path, and standard input.
// A source's thread alone polls it; open() runs before, on the thread that starts the pipeline.
// 1. read() is called only where it returns at once: on regular files, or after poll(2) said so.
//    Standard input is never set to O_NONBLOCK: that would change it for all who share it.
// 2. Blank lines are not offered; lines longer than event_bytes_max are refused with their
//    beginning.
// 3. A regular file ends where its end is when that is reached; what is written to it later is not
//    seen, and a last line without newline is a line.
// 4. When the pipeline stops, what was already read from a pipe is still published.
#pragma once

#include <memory>
#include <string>

#include <penstock/pipeline/flow/ports.hpp>

namespace penstock {

/// A regular file, a FIFO or a device. A FIFO ends when its last writer has left; before the first
/// one comes, the source waits.
[[nodiscard]] std::unique_ptr<Source> make_file_source(std::string path);
[[nodiscard]] std::unique_ptr<Source> make_stdin_source();

}  // namespace penstock
