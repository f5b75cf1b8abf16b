// SPDX-License-Identifier: Apache-2.0
// Where an event's routing key stands, read from a line of config: an attribute ("subject"), an
// extension ("partitionkey"), or a path in data ("data.orderId", "data.items.0.sku").
// 1. Fixed after construction; any thread reads through it, each with its own decoder.
// 2. A path's steps are parted by dots, so that a field whose name has a dot cannot be named; a
//    step of digits is an element of an array, and a field of an object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

class KeyReader {
 public:
  /// Reads `source`, which every event has.
  KeyReader() = default;

  /// Errors: invalid_config, with what is wrong about `spec`.
  static Result<KeyReader> create(std::string_view spec);

  /// The decoded value: the text of a string, the literal of a number or a boolean. Nothing if it
  /// is absent, null, an object or an array. Lives until the decoder's clear() or the document's
  /// end.
  /// Requires: `envelope` was read from `document`; `index` is its index, or empty: then a path in
  /// data needs decoder.has_room(). Cost: as the cursor over data.
  [[nodiscard]] std::optional<std::string_view> read(std::string_view document,
                                                     const Envelope& envelope, DocumentIndex index,
                                                     Decoder& decoder) const noexcept;

  /// True for a path in data.
  [[nodiscard]] bool needs_data() const noexcept { return !steps_.empty(); }

 private:
  static constexpr std::uint64_t kNoElement = ~std::uint64_t{0};

  struct Step {
    std::string name;
    std::uint64_t element = kNoElement;  ///< of a name that is a number
  };

  [[nodiscard]] std::optional<std::string_view> read_data(std::string_view document,
                                                          const Envelope& envelope,
                                                          DocumentIndex index,
                                                          Decoder& decoder) const noexcept;

  // Fixed after construction.
  View Envelope::*attribute_ = &Envelope::source;  ///< null: an extension or a path
  std::string extension_;
  std::vector<Step> steps_;
};

}  // namespace penstock
