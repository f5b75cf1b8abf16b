// SPDX-License-Identifier: Apache-2.0
// Reads the CloudEvents envelope of a JSON document where it lies.
// One decoder belongs to one thread. It keeps the structural index of every document that it has
// decoded since clear(), so that event.data() need not index again, and a scratch memory for
// attribute values and strings that had escapes.
// 1. After construction it allocates nothing, unless a batch needs more scratch than kScratchBytes.
// 2. A document needs no bytes behind its end: what is read of it lies inside it.
// 3. `full` accepts only what is valid JSON to the last byte; `envelope` leaves `data` unread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <penstock/pipeline/event/envelope.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

enum class DecodeMode : std::uint8_t { full, envelope };

/// Why a document was refused. Names are stable: they stand in rejects and in `inspect`.
enum class Refusal : std::uint8_t {
  none,
  empty,            ///< no bytes, or white space only
  too_large,        ///< longer than DecoderOptions::event_bytes_max
  byte_order_mark,  ///< begins with U+FEFF
  invalid_json,     ///< grammar: brackets, commas, colons, literals, unclosed string
  invalid_utf8,
  invalid_escape,  ///< in a string: unknown escape, bad \u, lone surrogate
  invalid_number,
  control_character,  ///< a raw byte under 0x20 in a string
  too_deep,           ///< nested deeper than kDepthMax
  trailing_bytes,     ///< something after the closing bracket
  not_an_object,
  duplicate_attribute,
  missing_attribute,  ///< a required one
  empty_attribute,    ///< a required one, or one that must not be empty
  wrong_type,         ///< a value whose type the attribute does not allow
  unsupported_specversion,
  invalid_attribute_name,  ///< a character outside a-z0-9, or no character
  invalid_time,            ///< not an RFC 3339 timestamp
  invalid_value,           ///< another attribute's value breaks its rule
  data_twice,              ///< both data and data_base64
  invalid_base64,
  too_many_extensions,  ///< more than kExtensionsMax
};

/// The stable name, for example "duplicate_attribute".
[[nodiscard]] std::string_view to_string(Refusal refusal) noexcept;

/// The structural index of one document: offsets of its brackets, colons, commas and first bytes of
/// its scalars and strings.
struct DocumentIndex {
  const std::uint32_t* offsets = nullptr;
  std::uint32_t count = 0;
};

struct DecodeAnswer {
  Refusal refusal = Refusal::none;
  std::uint32_t offset = 0;         ///< the byte that the refusal is about
  std::string_view attribute = {};  ///< known attribute that it is about: static text, or empty
  View name = {};                   ///< an extension's name that it is about, or not present
  [[nodiscard]] bool ok() const noexcept { return refusal == Refusal::none; }
};

/// One sentence for a person: rule, attribute, value (cut), offset; for example
/// `"time" is not an RFC 3339 timestamp: "lunchtime"`.
[[nodiscard]] std::string describe(const DecodeAnswer& answer, std::string_view document);

struct DecoderOptions {
  DecodeMode mode = DecodeMode::full;
  std::uint32_t event_bytes_max = 1 << 20;  ///< longest document, at most 1 GiB
  /// Documents whose indexes are kept at a time, unless one alone is longer.
  std::uint32_t batch_bytes_max = 64 * 1024;
};

class Decoder {
 public:
  static constexpr unsigned kDepthMax = 64;  ///< arrays and objects, the event itself included
  static constexpr unsigned kExtensionsMax = 1024;  ///< bounds the search for duplicates
  static constexpr std::size_t kScratchBytes = 64 * 1024;

  /// Errors: unavailable, if memory cannot be reserved.
  static Result<Decoder> create(const DecoderOptions& options);
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;
  ~Decoder();

  /// The SIMD kernel that indexes documents on this machine, for example "haswell".
  static std::string kernel();
  /// Bytes of memory that a decoder with these options reserves (index and scratch).
  static std::size_t memory_bytes(const DecoderOptions& options) noexcept;

  /// Starts a batch: indexes and unescaped texts given out before are gone.
  void clear() noexcept;
  /// True if the batch has room for the index of a document of this length, as an empty one always
  /// has.
  [[nodiscard]] bool has_room(std::size_t document_bytes) const noexcept;

  /// Keeps room in this batch for index() of a document of this length; has_room() counts it.
  /// Requires: has_room(document_bytes).
  void reserve(std::size_t document_bytes) noexcept;

  /// Reads `document` into `envelope`. `index` stays valid until clear().
  /// Requires: has_room(document.size()), or the document is longer than event_bytes_max.
  DecodeAnswer decode(std::string_view document, Envelope& envelope, DocumentIndex& index) noexcept;

  /// As decode(), with an index that was made before, here or by another decoder.
  /// Requires: that index is of these bytes, and its entry behind the last is their length.
  DecodeAnswer decode_indexed(std::string_view document, DocumentIndex index,
                              Envelope& envelope) noexcept;

  /// Only the index, for a reader of `data` whose event was decoded elsewhere. False if the
  /// document cannot be indexed (in `envelope` mode: broken data) or there is no room: batches that
  /// leave indexing to handlers call reserve() for each event.
  bool index(std::string_view document, DocumentIndex& index) noexcept;

  /// The decoded value of a view. Without escapes it is the bytes themselves, otherwise a text that
  /// lives until clear(). A text without data() if an escape is broken: in data under `envelope`.
  std::string_view text(std::string_view document, View view) noexcept;

  /// Looks an extension up by name, among the inline ones first, then by reading the document
  /// again.
  /// Returns a view that is not present() if there is none.
  Extension find_extension(std::string_view document, const Envelope& envelope,
                           std::string_view name, ValueKind& kind) noexcept;

 private:
  struct State;
  explicit Decoder(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace penstock
