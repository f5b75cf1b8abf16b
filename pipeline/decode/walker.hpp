// SPDX-License-Identifier: Apache-2.0
// The walk over a document's tokens that reads its CloudEvents envelope and checks everything on
// the way: the grammar of JSON by position in the index, attributes by name, values by their rules.
// 1. Nothing is built and nothing is read twice, but what needs a second look: strings with a
//    backslash or characters outside ASCII, which one scan over the document finds in order.
// 2. Walked in order, the first fault ends the walk. One of JSON is reported as invalid_json, no
//    better: diagnose() finds out what and where.
// 3. One thread uses it. It allocates nothing after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <penstock/pipeline/decode/attribute.hpp>
#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/pipeline/decode/shape.hpp>
#include <penstock/pipeline/decode/special.hpp>
#include <penstock/pipeline/decode/tokens.hpp>

namespace penstock::decoding {

/// What ended a walk.
struct Fault {
  Refusal refusal = Refusal::none;
  std::uint32_t offset = 0;
  Attribute attribute = Attribute::extension;
  View name = {};
};

class Walker {
 public:
  explicit Walker(DecodeMode mode) : mode_(mode), names_(std::make_unique<Names>()) {}

  static std::size_t memory_bytes() noexcept { return sizeof(Names); }

  /// Reads `document` into `envelope`, which is written only if there is no fault.
  /// Requires: the index begins with an opening brace and ends with a closing one.
  Fault walk(std::string_view document, DocumentIndex index, Envelope& envelope) noexcept;

 private:
  struct Walk;

  /// Raw bytes of an escaped name that is still decoded. Names should not exceed 20 characters
  /// (CloudEvents spec 1.0.2, "Naming conventions"); ten times that, each written as \uXXXX.
  static constexpr std::size_t kEscapedNameBytesMax = 1200;

  /// Names of the extensions met in this document, null ones included: no name may come twice.
  struct Names {
    std::array<char, kEscapedNameBytesMax> decoded;
    std::array<std::uint64_t, Decoder::kExtensionsMax> hashes;
    std::array<View, Decoder::kExtensionsMax> views;
  };

  DecodeMode mode_;
  FindSpecial find_special_ = fastest_find_special();
  Shape shape_;
  std::unique_ptr<Names> names_;
};

}  // namespace penstock::decoding
