// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/event/data.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

#include <penstock/pipeline/decode/bytes.hpp>
#include <penstock/pipeline/decode/escapes.hpp>
#include <penstock/pipeline/decode/scalar.hpp>
#include <penstock/pipeline/decode/tokens.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {

using decoding::Tokens;

namespace {

bool begins_value(char byte) noexcept {
  switch (byte) {
    case '\0':
    case ',':
    case ':':
    case ']':
    case '}': return false;
    default: return true;
  }
}

bool has_backslash(std::string_view raw) noexcept {
  return !raw.empty() && std::memchr(raw.data(), '\\', raw.size()) != nullptr;
}

/// True if a number that no double can hold is too small for one, not too large: by the power of
/// ten of its first digit that is not zero. Requires: a number by grammar.
bool is_tiny(std::string_view number) noexcept {
  if (number.front() == '-') number.remove_prefix(1);
  const std::size_t mantissa_end = std::min(number.find_first_of("eE"), number.size());
  long long exponent = 0;
  if (mantissa_end < number.size()) {
    const std::size_t sign = mantissa_end + 1;
    const bool negative = number[sign] == '-';
    const char* const from = number.data() + sign + (negative || number[sign] == '+' ? 1 : 0);
    const auto parsed = std::from_chars(from, number.data() + number.size(), exponent);
    if (parsed.ec != std::errc{}) return negative;
    if (negative) exponent = -exponent;
  }
  const std::string_view mantissa = number.substr(0, mantissa_end);
  const auto point = static_cast<long long>(std::min(mantissa.find('.'), mantissa.size()));
  const std::size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return true;
  const auto place = static_cast<long long>(first);
  return exponent + (place < point ? point - place : point + 1 - place) < 0;
}

}  // namespace

std::string_view to_string(DataError error) noexcept {
  switch (error) {
    case DataError::absent: return "absent";
    case DataError::no_such_field: return "no_such_field";
    case DataError::wrong_type: return "wrong_type";
    case DataError::out_of_range: return "out_of_range";
    case DataError::invalid_json: return "invalid_json";
  }
  return "unknown";
}

Data::Data(std::string_view document, DocumentIndex index, std::uint32_t position,
           Decoder& decoder) noexcept
    : document_(document), index_(index), position_(position), decoder_(&decoder) {
  if (begins_value(byte_at(position))) return;
  valid_ = false;
  error_ = DataError::invalid_json;
}

Data Data::of_event(std::string_view document, DocumentIndex index, const Envelope& envelope,
                    Decoder& decoder) noexcept {
  const std::uint32_t token = envelope.data_token;
  PENSTOCK_DCHECK(token < index.count && index.offsets[token] == envelope.data.offset);
  return {document, index, token, decoder};
}

std::uint32_t Data::behind(std::uint32_t position) const noexcept {
  const char kind = byte_at(position);
  if (kind != '{' && kind != '[') return std::min(position + 1, index_.count);
  const std::uint32_t next = skip_container(Tokens(document_, index_), position);
  return next == 0 ? index_.count : next;
}

std::string_view Data::contents(std::uint32_t position) const noexcept {
  const std::uint32_t open = index_.offsets[position];
  const std::uint32_t end = Tokens(document_, index_).last_before(position + 1);
  return end <= open ? std::string_view{} : document_.substr(open + 1, end - open - 1);
}

DataResult<std::string_view> Data::decoded(std::uint32_t position) const noexcept {
  const std::string_view raw = contents(position);
  if (!has_backslash(raw)) return raw;
  const auto offset = static_cast<std::uint32_t>(raw.data() - document_.data());
  const std::string_view text =
      decoder_->text(document_, View::make(offset, static_cast<std::uint32_t>(raw.size()), true));
  if (text.data() == nullptr) return tl::unexpected(DataError::invalid_json);
  return text;
}

/// True if the name whose quote stands at `open`, before a colon, means `name`.
inline bool Data::is_name(std::uint32_t open, std::uint32_t colon,
                          std::string_view name) const noexcept {
  std::uint32_t last = colon - 1;
  while (decoding::is_space(document_[last])) --last;
  if (last <= open) return false;
  const std::string_view raw = document_.substr(open + 1, last - open - 1);
  if (has_backslash(raw)) return decoding::means(raw, name);
  return raw == name;
}

Data Data::operator[](std::string_view name) const noexcept {
  if (!valid_) return *this;
  if (byte_at(position_) != '{') return Data(DataError::wrong_type);
  const char* const bytes = document_.data();
  const std::uint32_t* const end = index_.offsets + index_.count;
  const std::uint32_t* at = index_.offsets + position_ + 1;
  // Raw contents are never shorter than what they mean, and they begin alike or with an escape.
  const std::size_t shortest = name.size() + 2;
  const char first = name.empty() ? '"' : name.front();
  while (at + 3 < end) {  // a name, a colon, a value and what follows
    const std::uint32_t open = at[0];
    const std::uint32_t colon = at[1];
    if (bytes[open] != '"' || bytes[colon] != ':') break;
    const char begin = bytes[open + 1];
    if (colon - open >= shortest && (begin == first || begin == '\\') && is_name(open, colon, name))
      return child(static_cast<std::uint32_t>(at + 2 - index_.offsets));
    at += 2;
    const char kind = bytes[*at];
    if (kind == '{' || kind == '[') {
      at = index_.offsets + behind(static_cast<std::uint32_t>(at - index_.offsets));
      if (at == end) break;
    } else {
      ++at;
    }
    if (bytes[*at] != ',') break;
    ++at;
  }
  const char last = byte_at(static_cast<std::uint32_t>(at - index_.offsets));
  return Data(last == '}' ? DataError::no_such_field : DataError::invalid_json);
}

Data Data::at(std::size_t index) const noexcept {
  if (!valid_) return *this;
  if (byte_at(position_) != '[') return Data(DataError::wrong_type);
  std::uint32_t at = position_ + 1;
  while (begins_value(byte_at(at))) {
    if (index-- == 0) return child(at);
    at = behind(at);
    if (byte_at(at) != ',') break;
    ++at;
  }
  return Data(byte_at(at) == ']' ? DataError::no_such_field : DataError::invalid_json);
}

DataType Data::type() const noexcept {
  if (!valid_) return DataType::none;
  const char first = byte_at(position_);
  switch (first) {
    case '{': return DataType::object;
    case '[': return DataType::array;
    case '"': return DataType::string;
    case 't':
    case 'f': return DataType::boolean;
    case 'n': return DataType::null;
    default: return first == '-' || decoding::is_digit(first) ? DataType::number : DataType::none;
  }
}

DataError Data::refusal() const noexcept {
  if (!valid_) return error_;
  return type() == DataType::none ? DataError::invalid_json : DataError::wrong_type;
}

DataResult<std::string_view> Data::get_string() const noexcept {
  if (type() != DataType::string) return tl::unexpected(refusal());
  return decoded(position_);
}

std::string_view Data::scalar() const noexcept {
  const std::uint32_t from = index_.offsets[position_];
  const std::uint32_t last = Tokens(document_, index_).last_before(position_ + 1);
  return document_.substr(from, last + 1 - from);
}

DataResult<std::string_view> Data::number() const noexcept {
  if (type() != DataType::number) return tl::unexpected(refusal());
  const std::string_view text = scalar();
  const char* const end = text.data() + text.size();
  if (decoding::number_end(text.data(), end) != end) return tl::unexpected(DataError::invalid_json);
  return text;
}

DataResult<std::int64_t> Data::get_int64() const noexcept {
  const DataResult<std::string_view> text = number();
  if (!text) return tl::unexpected(text.error());
  const char* const end = text->data() + text->size();
  std::int64_t value = 0;
  const auto [stop, problem] = std::from_chars(text->data(), end, value);
  if (stop != end) return tl::unexpected(DataError::wrong_type);
  if (problem != std::errc{}) return tl::unexpected(DataError::out_of_range);
  return value;
}

DataResult<double> Data::get_double() const noexcept {
  double value = 0;
  if (type() == DataType::number && decoding::read_short_decimal(scalar(), value)) return value;
  const DataResult<std::string_view> text = number();
  if (!text) return tl::unexpected(text.error());
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
  if (parsed.ec == std::errc{}) return value;
  if (!is_tiny(*text)) return tl::unexpected(DataError::out_of_range);
  return text->front() == '-' ? -0.0 : 0.0;
}

DataResult<bool> Data::get_bool() const noexcept {
  if (type() != DataType::boolean) return tl::unexpected(refusal());
  const std::string_view text = scalar();
  if (text == "true") return true;
  if (text == "false") return false;
  return tl::unexpected(DataError::invalid_json);
}

DataResult<std::string_view> Data::raw() const noexcept {
  if (!valid_) return tl::unexpected(error_);
  const char kind = byte_at(position_);
  if (kind != '{' && kind != '[') return scalar();
  const std::uint32_t next = skip_container(Tokens(document_, index_), position_);
  if (next == 0) return tl::unexpected(DataError::invalid_json);
  const std::uint32_t from = index_.offsets[position_];
  return document_.substr(from, index_.offsets[next - 1] + 1 - from);
}

Data::Iterator Data::begin() const noexcept {
  const DataType kind = type();
  const bool container = kind == DataType::object || kind == DataType::array;
  return {*this, container ? position_ + 1 : Iterator::kEnd};
}

Data::Iterator Data::end() const noexcept { return {*this, Iterator::kEnd}; }

Data::Iterator::Iterator(const Data& container, std::uint32_t position) noexcept
    : container_(container),
      object_(container.type() == DataType::object),
      position_(position == kEnd ? kEnd : item_or_end(position)) {}

std::uint32_t Data::Iterator::item_or_end(std::uint32_t position) const noexcept {
  const bool item =
      object_ ? container_.name_at(position) : begins_value(container_.byte_at(position));
  return item ? position : kEnd;
}

Data::Item Data::Iterator::operator*() const noexcept {
  if (!object_) return {{}, container_.child(position_)};
  const DataResult<std::string_view> name = container_.decoded(position_);
  if (!name) return {{}, Data(name.error())};
  return {*name, container_.child(position_ + 2)};
}

Data::Iterator& Data::Iterator::operator++() noexcept {
  const std::uint32_t next = container_.behind(object_ ? position_ + 2 : position_);
  position_ = container_.byte_at(next) == ',' ? item_or_end(next + 1) : kEnd;
  return *this;
}

}  // namespace penstock
