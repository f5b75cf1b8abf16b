// SPDX-License-Identifier: Apache-2.0
// Says what is wrong with a document that is no JSON, and where: a second, slow and obvious parser
// (RFC 8259) that reads byte by byte. Only refused documents meet it.
// It makes reasons independent of the order in which the walk looks at things and of the SIMD
// kernel that made the index.
#pragma once

#include <cstdint>
#include <string_view>

#include <penstock/pipeline/decode/decoder.hpp>

namespace penstock::decoding {

struct Diagnosis {
  Refusal refusal = Refusal::none;
  std::uint32_t offset = 0;
};

/// The first of: byte_order_mark, invalid_utf8 (anywhere), empty, then the first fault in order,
/// and after a whole value trailing_bytes or not_an_object; none if it is one JSON object.
Diagnosis diagnose(std::string_view document) noexcept;

}  // namespace penstock::decoding
