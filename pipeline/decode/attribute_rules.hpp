// SPDX-License-Identifier: Apache-2.0
// Rules for attribute values that look at their characters: texts, timestamps, integers, Base64.
// They take decoded values, but for check_text, which takes a string's raw contents.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::decoding {

enum class TextAnswer : std::uint8_t { plain, escaped, broken_escape, forbidden_character };

/// Control characters and noncharacters are not allowed in attribute values, however they are
/// written (CloudEvents spec 1.0.2, "Type system", String).
TextAnswer check_text(std::string_view raw) noexcept;

/// RFC 3339 section 5.6 with every range checked. A leap second stands where it can: in the last
/// minute, in UTC, of a month (section 5.7). T and Z may be small letters.
bool is_timestamp(std::string_view text) noexcept;

/// A JSON number that is a whole number of 32 bits, without fraction and exponent (CloudEvents JSON
/// format 1.0.2, section 2.2). Requires: a number by grammar.
bool is_integer32(std::string_view literal) noexcept;

/// RFC 4648 section 4: its alphabet, padding to four characters, nothing else. Bits behind the last
/// byte may be set (section 3.5 leaves that open).
bool is_base64(std::string_view text) noexcept;

/// As is_base64, of a string's raw contents with escapes, such as "\/".
bool is_escaped_base64(std::string_view raw) noexcept;

}  // namespace penstock::decoding
