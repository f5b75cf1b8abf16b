// SPDX-License-Identifier: Apache-2.0
// Reading bytes by the word: loads, character classes of eight bytes at once, and the search for
// bytes that need a second look.
// 1. Nothing here reads outside the range that it is given; where eight bytes are loaded the caller
//    has made sure of them.
// 2. Words are little-endian: the first byte of a text stands in the low bits.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace penstock::decoding {

static_assert(std::endian::native == std::endian::little, "words hold the first byte lowest");

inline std::uint64_t load64(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

inline std::uint32_t load32(const char* from) noexcept {
  std::uint32_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

inline std::uint16_t load16(const char* from) noexcept {
  std::uint16_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

/// The word of a text of two bytes, to compare with load16.
consteval std::uint16_t word16(const char (&text)[3]) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(text[0]) |
                                    static_cast<unsigned char>(text[1]) << 8);
}

/// The word of a text of four bytes, to compare with load32.
consteval std::uint32_t word32(const char (&text)[5]) {
  std::uint32_t word = 0;
  for (unsigned i = 4; i-- > 0;) word = word << 8 | static_cast<unsigned char>(text[i]);
  return word;
}

/// A word of eight equal bytes.
constexpr std::uint64_t repeat(unsigned char byte) noexcept { return 0x0101010101010101u * byte; }

/// The low `bytes` bytes of a word, up to 8.
constexpr std::uint64_t mask_of(std::uint32_t bytes) noexcept {
  return bytes >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * bytes) - 1;
}

/// The high bit of each byte that is no ASCII digit.
constexpr std::uint64_t non_digits(std::uint64_t word) noexcept {
  const std::uint64_t value = word ^ repeat('0');
  return (((value & repeat(0x7F)) + repeat(0x80 - 10)) | value) & repeat(0x80);
}

/// The high bit of each byte that is neither a-z nor 0-9.
constexpr std::uint64_t non_name_bytes(std::uint64_t word) noexcept {
  const std::uint64_t low = word & repeat(0x7F);
  const std::uint64_t letter = (low + repeat(0x80 - 'a')) & ~(low + repeat(0x80 - 'z' - 1));
  const std::uint64_t digit = (low + repeat(0x80 - '0')) & ~(low + repeat(0x80 - '9' - 1));
  return (~(letter | digit) | word) & repeat(0x80);
}

inline bool is_digit(char byte) noexcept { return static_cast<unsigned char>(byte - '0') <= 9; }

/// White space of JSON (RFC 8259 section 2).
inline bool is_space(char byte) noexcept {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/// A backslash, DEL, or a byte of a character outside ASCII.
inline bool is_special(char byte) noexcept {
  return byte == '\\' || static_cast<unsigned char>(byte) >= 0x7F;
}

/// The first special byte in [from, end), or end. Requires: from <= end, no byte 0xFF (it is never
/// UTF-8).
inline std::uint32_t find_special(const char* bytes, std::uint32_t from,
                                  std::uint32_t end) noexcept {
#if defined(__SSE2__)
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i one = _mm_set1_epi8(1);
  const auto marks = [&](std::uint32_t at) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
    // A byte of 0x7F to 0xFE plus one has its sign bit set.
    return _mm_or_si128(_mm_cmpeq_epi8(block, backslash), _mm_add_epi8(block, one));
  };
  for (; end - from >= 64; from += 64) {
    const __m128i any = _mm_or_si128(_mm_or_si128(marks(from), marks(from + 16)),
                                     _mm_or_si128(marks(from + 32), marks(from + 48)));
    if (_mm_movemask_epi8(any) != 0) break;
  }
  const auto first = [](int mask) {
    return static_cast<std::uint32_t>(std::countr_zero(static_cast<unsigned>(mask)));
  };
  for (; end - from >= 16; from += 16)
    if (const int mask = _mm_movemask_epi8(marks(from)); mask != 0) return from + first(mask);
  if (end >= 16 && from < end) {
    // The last 16 bytes, of which some have been looked at; those are shifted out.
    const std::uint32_t seen = 16 - (end - from);
    const int mask = _mm_movemask_epi8(marks(end - 16)) >> seen;
    return mask == 0 ? end : from + first(mask);
  }
#endif
  while (from < end && !is_special(bytes[from])) ++from;
  return from;
}

}  // namespace penstock::decoding
