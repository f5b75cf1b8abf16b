// SPDX-License-Identifier: Apache-2.0
// The CloudEvents attributes of one event, as views into its bytes.
// Views are offsets relative to the document, so they survive the copy into the arena and do not
// care where the event lies. Two cache lines; a ring keeps them in a column beside its slots.
// 1. Written by exactly one thread: the source's, or the runner of the segment that decodes.
// 2. Views are raw JSON string contents (without quotes); an escaped one must be decoded before it
//    is compared ("\u0061" is "a").
// 3. A view of no attribute has offset 0: byte 0 of a document is never an attribute's.
#pragma once

#include <array>
#include <cstdint>

namespace penstock {

/// A run of bytes of a document.
struct View {
  std::uint32_t offset = 0;
  std::uint32_t length_and_escaped = 0;  ///< length << 1 | escaped

  [[nodiscard]] bool present() const noexcept { return offset != 0; }
  [[nodiscard]] std::uint32_t length() const noexcept { return length_and_escaped >> 1; }
  [[nodiscard]] bool escaped() const noexcept { return (length_and_escaped & 1) != 0; }
  static View make(std::uint32_t offset, std::uint32_t length, bool escaped) noexcept {
    return {offset, length << 1 | static_cast<std::uint32_t>(escaped)};
  }
};

/// Types of attribute values in the JSON format (CloudEvents JSON format 1.0.2, section 2.2).
enum class ValueKind : std::uint8_t { string, boolean, integer };

/// What carries the event's data (CloudEvents JSON format 1.0.2, section 3.1).
enum class DataKind : std::uint8_t { absent, json, base64 };

struct Extension {
  View name;
  View value;  ///< of a string without its quotes; of another kind the literal
};

struct alignas(64) Envelope {
  static constexpr unsigned kExtensionsInline = 3;  ///< what fills the second cache line

  View id;
  View source;
  View type;
  View subject;
  View time;
  View datacontenttype;
  View dataschema;
  View data;  ///< json: the whole value with quotes or brackets; base64: the text inside the quotes
  DataKind data_kind = DataKind::absent;
  std::uint8_t extension_kinds = 0;    ///< 2 bits each for the inline ones, first in the low bits
  std::uint16_t extensions_count = 0;  ///< all; those beyond the inline ones are read again
  std::uint32_t data_token = 0;        ///< of `data` in the structural index; 0: none
  std::array<Extension, kExtensionsInline> extensions;

  [[nodiscard]] ValueKind extension_kind(unsigned index) const noexcept {
    return static_cast<ValueKind>(extension_kinds >> (2 * index) & 3);
  }
};

static_assert(sizeof(Envelope) == 128, "two cache lines of its own: one writer per line");

}  // namespace penstock
