// SPDX-License-Identifier: Apache-2.0
// A cursor over the data of an event, as its handler sees it: event.data()["order"]["total"].
// It reads over the structural index that decoding made; nothing is built, nothing is copied but
// strings with escapes. It is valid as long as the handler runs, on the handler's thread.
// A step that leads nowhere yields a cursor whose every read gives the reason.
// Under decode = "envelope" data may be broken: a read then finds invalid_json, or a value before
// the broken place; it never leaves the document, and every loop ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include <tl/expected.hpp>

#include <penstock/pipeline/decode/decoder.hpp>

namespace penstock {

enum class DataError : std::uint8_t {
  absent,         ///< the event has no data, or it is not JSON (data_base64)
  no_such_field,  ///< an object without this name, or an array that is shorter
  wrong_type,     ///< the value is of another type
  out_of_range,   ///< a number that the type asked for cannot hold
  invalid_json,   ///< broken data under decode = "envelope"
};
[[nodiscard]] std::string_view to_string(DataError error) noexcept;

template <class T>
using DataResult = tl::expected<T, DataError>;

enum class DataType : std::uint8_t { object, array, string, number, boolean, null, none };

class Data {
 public:
  /// Data of no event.
  explicit Data(DataError error) noexcept : error_(error), valid_(false) {}
  /// The value that begins at structural `position` of `index`.
  Data(std::string_view document, DocumentIndex index, std::uint32_t position,
       Decoder& decoder) noexcept;
  /// The value of `envelope.data`. Requires: that is JSON, and both are of the document.
  static Data of_event(std::string_view document, DocumentIndex index, const Envelope& envelope,
                       Decoder& decoder) noexcept;

  /// The field of an object; the first one where a name stands twice. Cost: linear in what is
  /// skipped, about 1 ns for each bracket, name, comma and value.
  [[nodiscard]] Data operator[](std::string_view name) const noexcept;
  /// The element of an array, from 0. Cost: linear in what is skipped.
  [[nodiscard]] Data at(std::size_t index) const noexcept;

  /// False after a step that led nowhere; error() then says why.
  [[nodiscard]] bool exists() const noexcept { return valid_; }
  /// Requires: !exists().
  [[nodiscard]] DataError error() const noexcept { return error_; }
  /// By the value's first byte; `none` where there is no value.
  [[nodiscard]] DataType type() const noexcept;
  /// The decoded value. Cost: none without escapes; otherwise it is copied, and lives until the
  /// batch ends.
  [[nodiscard]] DataResult<std::string_view> get_string() const noexcept;
  /// A number without fraction and exponent: 1.0 and 1e3 are wrong_type.
  [[nodiscard]] DataResult<std::int64_t> get_int64() const noexcept;
  /// Any number, correctly rounded; out_of_range beyond the largest double.
  [[nodiscard]] DataResult<double> get_double() const noexcept;
  [[nodiscard]] DataResult<bool> get_bool() const noexcept;
  [[nodiscard]] bool is_null() const noexcept { return type() == DataType::null; }
  /// The bytes of the value as they stand in the event, brackets and quotes included.
  /// Cost: linear in the value's brackets, names, commas and values.
  [[nodiscard]] DataResult<std::string_view> raw() const noexcept;

  /// Iteration over the fields of an object or the elements of an array: for (Data::Item item :
  /// data). Anything else has no items. An element's name is empty.
  struct Item;
  class Iterator;
  [[nodiscard]] Iterator begin() const noexcept;
  [[nodiscard]] Iterator end() const noexcept;

 private:
  /// The token's byte; 0 behind the last one.
  [[nodiscard]] char byte_at(std::uint32_t position) const noexcept {
    return position < index_.count ? document_[index_.offsets[position]] : '\0';
  }
  [[nodiscard]] Data child(std::uint32_t position) const noexcept {
    return {document_, index_, position, *decoder_};
  }
  /// True if a name and its colon stand there.
  [[nodiscard]] bool name_at(std::uint32_t position) const noexcept {
    return byte_at(position) == '"' && byte_at(position + 1) == ':';
  }
  [[nodiscard]] bool is_name(std::uint32_t open, std::uint32_t colon,
                             std::string_view name) const noexcept;
  /// The position behind the value there; the count of positions if the value does not end.
  [[nodiscard]] std::uint32_t behind(std::uint32_t position) const noexcept;
  /// The raw contents of the string there.
  [[nodiscard]] std::string_view contents(std::uint32_t position) const noexcept;
  [[nodiscard]] DataResult<std::string_view> decoded(std::uint32_t position) const noexcept;
  /// A number or literal, as far as the next token or white space behind it.
  [[nodiscard]] std::string_view scalar() const noexcept;
  [[nodiscard]] DataResult<std::string_view> number() const noexcept;
  /// Why a read that wanted another type fails.
  [[nodiscard]] DataError refusal() const noexcept;

  // Fixed after construction.
  std::string_view document_;
  DocumentIndex index_;
  std::uint32_t position_ = 0;
  DataError error_ = DataError::absent;
  bool valid_ = true;
  Decoder* decoder_ = nullptr;
};

struct Data::Item {
  std::string_view name;  ///< decoded; empty in an array
  Data value;
};

class Data::Iterator {
 public:
  using value_type = Item;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::input_iterator_tag;
  using reference = Item;
  using pointer = void;

  [[nodiscard]] Item operator*() const noexcept;
  Iterator& operator++() noexcept;
  Iterator operator++(int) noexcept {
    Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
    return a.position_ == b.position_;
  }

 private:
  friend class Data;
  static constexpr std::uint32_t kEnd = 0;  ///< the event's own brace, never an item

  Iterator(const Data& container, std::uint32_t position) noexcept;
  /// `position` if an item begins there, otherwise kEnd.
  [[nodiscard]] std::uint32_t item_or_end(std::uint32_t position) const noexcept;

  Data container_;
  bool object_;
  std::uint32_t position_;
};

}  // namespace penstock
