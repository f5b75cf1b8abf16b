// SPDX-License-Identifier: Apache-2.0
// Numbers and literals of JSON, checked where they stand (RFC 8259 sections 3 and 6).
// A scalar is given by its first byte and by the next structural byte: stage 1 marks only where
// scalars begin, so what stands before `next` belongs to it or is white space.
// Numbers are checked by grammar alone: 1e999 is a number, although no double holds it.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include <penstock/pipeline/decode/bytes.hpp>

namespace penstock::decoding {

/// The end of the number at the beginning of [from, end), or nullptr if none stands there.
const char* number_end(const char* from, const char* end) noexcept;

/// Reads a number without exponent that has few digits, rounded correctly: a whole number below
/// 2^53 and a power of ten up to 10^22 are doubles, so that their quotient is rounded once
/// (Clinger, "How to read floating point numbers accurately", 1990). False if `text` is any other.
bool read_short_decimal(std::string_view text, double& value) noexcept;

/// True if a scalar that ends before `end` ends properly.
inline bool ends_well(const char* bytes, std::uint32_t end, std::uint32_t next) noexcept {
  return end == next || is_space(bytes[end]);
}

/// The general case of is_number.
bool is_long_number(const char* bytes, std::uint32_t from, std::uint32_t next) noexcept;

/// Requires: from < next < length of the document. Cost: one word compare for plain integers and
/// decimals of up to eight characters.
inline bool is_number(const char* bytes, std::uint32_t from, std::uint32_t next,
                      std::uint32_t length) noexcept {
  const std::uint32_t width = next - from;
  if (width > 8 || length - from < 8) return is_long_number(bytes, from, next);
  // Bytes behind the number are shifted out; the number's first byte is then the lowest kept.
  const unsigned shift = 64 - 8 * width;
  const std::uint64_t odd = non_digits(load64(bytes + from)) << shift;
  if (odd == 0) return bytes[from] != '0' || width == 1;
  if ((odd & (odd - 1)) != 0) return is_long_number(bytes, from, next);
  const unsigned place = (static_cast<unsigned>(std::countr_zero(odd)) - shift) / 8;
  if (bytes[from + place] != '.') return is_long_number(bytes, from, next);
  return place > 0 && place + 1 < width && (bytes[from] != '0' || place == 1);
}

/// true, false or null. Requires: from < next < length of the document.
inline bool is_literal(const char* bytes, std::uint32_t from, std::uint32_t next) noexcept {
  const std::uint32_t width = next - from;
  if (width < 4) return false;
  const std::uint32_t word = load32(bytes + from);
  if (word == word32("true") || word == word32("null")) return ends_well(bytes, from + 4, next);
  return word == word32("fals") && width >= 5 && bytes[from + 4] == 'e' &&
         ends_well(bytes, from + 5, next);
}

inline bool is_null(const char* bytes, std::uint32_t from, std::uint32_t next) noexcept {
  return bytes[from] == 'n' && is_literal(bytes, from, next);
}

}  // namespace penstock::decoding
