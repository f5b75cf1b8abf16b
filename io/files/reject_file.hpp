// SPDX-License-Identifier: Apache-2.0
// Refused and dead events as JSON lines: when write() returns, the system has the line. A line of
// up to 16 KiB is one write(2).
//   {"source":"in.ndjson","line":3,"kind":"refused","reason":"invalid","stage":"decode",
//    "detail":"...","bytes":"..."}
// Bytes that are no UTF-8 stand under "bytes_base64"; of a line that was too long for memory only
// the beginning is there, with "bytes_total" and "truncated":true. write() may be called by all
// threads of a pipeline; a lock keeps lines whole.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <penstock/pipeline/flow/ports.hpp>

namespace penstock {

[[nodiscard]] std::unique_ptr<RejectSink> make_reject_file(std::string path, bool append);

using TakePiece = std::function<Status(std::string_view)>;

/// Hands the line of one reject to `take`, in pieces if it is long. `line` is memory to be used
/// again.
[[nodiscard]] Status write_reject(const Reject& reject, std::string& line, const TakePiece& take);

}  // namespace penstock
