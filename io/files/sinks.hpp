// SPDX-License-Identifier: Apache-2.0
// Sinks that write each event as one line: a file, standard output; and one that only counts.
// 1. Events are written from the ring, with the first newline of their padding, without a copy.
// 2. A newline inside an event (JSON white space) would split it: a blank is written in its place.
// 3. The events of one write() stand together in the file: a lock covers them.
// 4. Nothing is flushed to the device: without a journal no sink promises to survive a power loss.
#pragma once

#include <memory>
#include <string>

#include <penstock/pipeline/flow/ports.hpp>

namespace penstock {

[[nodiscard]] std::unique_ptr<Sink> make_file_sink(std::string path, bool append);
[[nodiscard]] std::unique_ptr<Sink> make_stdout_sink();
[[nodiscard]] std::unique_ptr<Sink> make_null_sink();

}  // namespace penstock
