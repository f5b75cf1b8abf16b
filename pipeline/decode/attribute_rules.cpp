// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/attribute_rules.hpp>

#include <array>
#include <charconv>
#include <cstddef>

#include <penstock/pipeline/decode/bytes.hpp>
#include <penstock/pipeline/decode/escapes.hpp>

namespace penstock::decoding {
namespace {

bool is_forbidden(std::uint32_t code_point) noexcept {
  if (code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F)) return true;
  return (code_point >= 0xFDD0 && code_point <= 0xFDEF) || (code_point & 0xFFFE) == 0xFFFE;
}

/// The value of two digits, or 100 if they are none.
unsigned two_digits(const char* at) noexcept {
  if (!is_digit(at[0]) || !is_digit(at[1])) return 100;
  return static_cast<unsigned>(at[0] - '0') * 10 + static_cast<unsigned>(at[1] - '0');
}

/// The bytes of a pattern of up to eight characters.
consteval std::uint64_t word64(std::string_view pattern) {
  std::uint64_t word = 0;
  for (std::size_t i = pattern.size(); i-- > 0;)
    word = word << 8 | static_cast<unsigned char>(pattern[i]);
  return word;
}

/// What may be added to the difference from a pattern before a byte's high bit is set: a zero in
/// the pattern stands for any digit, everything else for itself.
consteval std::uint64_t room_of(std::string_view pattern) {
  std::uint64_t word = 0;
  for (std::size_t i = pattern.size(); i-- > 0;)
    word = word << 8 | (pattern[i] == '0' ? 0x80 - 10 : 0x80 - 1);
  return word;
}

unsigned days_in_month(unsigned year, unsigned month) noexcept {
  constexpr std::array<std::uint8_t, 13> kDays = {0,  31, 28, 31, 30, 31, 30,
                                                  31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month];
}

/// The offset of a zone in minutes, or kNoZone. It must end the text.
constexpr int kNoZone = 10000;
int read_zone(std::string_view zone) noexcept {
  if (zone == "Z" || zone == "z") return 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return kNoZone;
  const unsigned hours = two_digits(zone.data() + 1);
  const unsigned minutes = two_digits(zone.data() + 4);
  if (hours > 23 || minutes > 59) return kNoZone;
  const int offset = static_cast<int>(hours * 60 + minutes);
  return zone[0] == '-' ? -offset : offset;
}

constexpr std::array<bool, 256> make_base64_alphabet() {
  std::array<bool, 256> allowed{};
  for (const char byte :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
    allowed[static_cast<unsigned char>(byte)] = true;
  return allowed;
}
constexpr std::array<bool, 256> kBase64Alphabet = make_base64_alphabet();

}  // namespace

TextAnswer check_text(std::string_view raw) noexcept {
  const char* from = raw.data();
  const char* const end = from + raw.size();
  bool escaped = false;
  while (from != end) {
    if (!is_special(*from)) {
      ++from;
      continue;
    }
    escaped |= *from == '\\';
    const Character character = read_character(from, end);
    if (!character.ok()) return TextAnswer::broken_escape;
    if (is_forbidden(character.code_point)) return TextAnswer::forbidden_character;
    from = character.next;
  }
  return escaped ? TextAnswer::escaped : TextAnswer::plain;
}

bool is_timestamp(std::string_view text) noexcept {
  constexpr std::size_t kShortest = 20;  // 2018-04-05T17:31:00Z
  if (text.size() < kShortest) return false;
  const char* const at = text.data();
  // What differs from the pattern: up to 9 where a digit stands, nothing elsewhere; T may be t.
  const std::uint64_t date = load64(at) ^ word64("0000-00-");
  const std::uint64_t middle = (load64(at + 8) ^ word64("00T00:00")) & ~(std::uint64_t{0x20} << 16);
  const std::uint64_t seconds = (load32(at + 16) & 0xFFFFFF) ^ word64(":00");
  const std::uint64_t odd = (date + room_of("0000-00-")) | date | (middle + room_of("00T00:00")) |
                            middle | (seconds + room_of(":00")) | seconds;
  if ((odd & repeat(0x80)) != 0) return false;
  // Two digits to a number, in the byte of the first.
  const auto number = [](std::uint64_t digits, unsigned byte) {
    return static_cast<unsigned>((digits * 10 + (digits >> 8)) >> 8 * byte & 0xFF);
  };
  const unsigned year = number(date, 0) * 100 + number(date, 2);
  const unsigned month = number(date, 5);
  const unsigned day = number(middle, 0);
  const unsigned hour = number(middle, 3);
  const unsigned minute = number(middle, 6);
  const unsigned second = number(seconds, 1);
  if (month - 1 > 11 || day - 1 > 30 || hour > 23 || minute > 59 || second > 60) return false;
  const unsigned days = day > 28 || second == 60 ? days_in_month(year, month) : 28;
  if (day > days) return false;

  std::size_t place = 19;
  if (at[place] == '.') {
    ++place;
    while (place < text.size() && is_digit(at[place])) ++place;
    if (place == 20) return false;
  }
  const int zone = read_zone(text.substr(place));
  if (zone == kNoZone) return false;
  if (second < 60) return true;
  const int utc = static_cast<int>(hour * 60 + minute) - zone;
  constexpr int kDay = 24 * 60;
  if ((utc + kDay) % kDay != kDay - 1) return false;
  // The zone may put the end of the month on the day before or behind.
  if (utc < 0) return day == 1;
  return utc < kDay ? day == days : day + 1 == days;
}

bool is_integer32(std::string_view literal) noexcept {
  std::int32_t value = 0;
  const char* const end = literal.data() + literal.size();
  const auto [stop, problem] = std::from_chars(literal.data(), end, value);
  return problem == std::errc{} && stop == end;
}

bool is_base64(std::string_view text) noexcept {
  if (text.size() % 4 != 0) return false;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  bool allowed = true;
  for (const char byte : text) allowed &= kBase64Alphabet[static_cast<unsigned char>(byte)];
  return allowed;
}

bool is_escaped_base64(std::string_view raw) noexcept {
  const char* from = raw.data();
  const char* const end = from + raw.size();
  std::size_t count = 0;
  std::size_t padding = 0;
  for (; from != end; ++count) {
    const Character character = read_character(from, end);
    if (!character.ok() || character.code_point > 0x7F) return false;
    from = character.next;
    if (character.code_point == '=') {
      ++padding;
    } else if (padding != 0 || !kBase64Alphabet[character.code_point]) {
      return false;
    }
  }
  return count % 4 == 0 && padding <= 2;
}

}  // namespace penstock::decoding
