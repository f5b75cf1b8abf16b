// SPDX-License-Identifier: Apache-2.0
// Refused and dead events as JSON lines, one write(2) each: when write() returns, the system has
// it.
//   {"source":"in.ndjson","line":3,"kind":"refused","reason":"invalid","stage":"decode",
//    "detail":"...","bytes":"..."}
// Bytes that are no UTF-8 stand under "bytes_base64"; of a line that was too long for memory only
// the beginning is there, with "bytes_total" and "truncated":true. write() may be called by all
// threads of a pipeline; a lock keeps lines whole.
#pragma once

#include <memory>
#include <string>

#include <penstock/io/json_writer.hpp>
#include <penstock/pipeline/flow/ports.hpp>

namespace penstock {

[[nodiscard]] std::unique_ptr<RejectSink> make_reject_file(std::string path, bool append);

/// The JSON of one reject, without a newline.
void write_reject(const Reject& reject, JsonWriter& json);

}  // namespace penstock
