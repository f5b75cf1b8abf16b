// SPDX-License-Identifier: Apache-2.0
// Escapes in JSON strings (RFC 8259 section 7): checked, decoded, compared.
// All of it is for strings that hold a backslash or a character outside ASCII; the walker asks for
// it only there. Raw bytes are valid UTF-8, which stage 1 has checked; every read stays in its
// range.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::decoding {

/// A character of a string's raw contents.
struct Character {
  static constexpr std::uint32_t kBroken = 0xFFFFFFFF;

  std::uint32_t code_point = kBroken;
  const char* next = nullptr;  ///< behind it; of a broken one where it begins
  [[nodiscard]] bool ok() const noexcept { return code_point != kBroken; }
};

/// The character that begins at `from`. An unpaired surrogate is broken. Requires: from < end.
Character read_character(const char* from, const char* end) noexcept;

/// True if each escape in a run of whole strings is valid. Cost: as memchr, and a little per
/// escape.
bool escapes_valid(const char* from, const char* end) noexcept;

/// Writes the decoded contents to `out`, which has room for as many bytes as the raw ones.
/// Returns the end of what it wrote, or nullptr if an escape is broken.
char* unescape(std::string_view raw, char* out) noexcept;

/// True if the raw contents mean `text`. Broken ones mean nothing.
bool means(std::string_view raw, std::string_view text) noexcept;

}  // namespace penstock::decoding
