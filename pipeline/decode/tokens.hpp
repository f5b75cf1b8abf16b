// SPDX-License-Identifier: Apache-2.0
// A document with its structural index, as the walkers see it: tokens by number.
// 1. A token number up to `count` may be asked for its place; place(count) is the document's
//    length.
// 2. byte(number) needs number < count.
// 3. Walkers rely on the last token being the closing brace of the document (checked before they
//    start): whoever has seen any other token knows that another one follows, so only who passes a
//    closing bracket has to look whether tokens are left.
#pragma once

#include <cstdint>
#include <string_view>

#include <penstock/pipeline/decode/bytes.hpp>
#include <penstock/pipeline/decode/decoder.hpp>

namespace penstock::decoding {

struct Tokens {
  const char* bytes = nullptr;
  const std::uint32_t* places = nullptr;
  std::uint32_t count = 0;
  std::uint32_t length = 0;

  Tokens(std::string_view document, DocumentIndex index) noexcept
      : bytes(document.data()),
        places(index.offsets),
        count(index.count),
        length(static_cast<std::uint32_t>(document.size())) {}

  [[nodiscard]] std::uint32_t place(std::uint32_t token) const noexcept { return places[token]; }
  [[nodiscard]] char byte(std::uint32_t token) const noexcept { return bytes[places[token]]; }

  /// The last byte before token `next` that is no white space. Where a string stands before it,
  /// that is the closing quote: between the two stage 1 leaves nothing else. Requires: next > 0.
  [[nodiscard]] std::uint32_t last_before(std::uint32_t next) const noexcept {
    return last_before(places + next);
  }
  /// The same by the address of a place.
  [[nodiscard]] std::uint32_t last_before(const std::uint32_t* next) const noexcept {
    std::uint32_t at = *next - 1;
    if (static_cast<unsigned char>(bytes[at]) <= ' ') [[unlikely]]
      while (is_space(bytes[at])) --at;
    return at;
  }
};

/// Walks the value that begins at the token at `first`, to the last byte of its grammar, and
/// returns the address of the token behind it; nullptr if the value is broken or nested deeper than
/// `depth_max`. Escapes in its strings are not looked at. Requires: a token at `first`.
const std::uint32_t* walk_value(const Tokens& tokens, const std::uint32_t* first,
                                unsigned depth_max) noexcept;

/// Finds the token behind the value that begins at token `first` by counting brackets; 0 if there
/// is none, or if no value begins there. What is inside is not looked at.
std::uint32_t skip_value(const Tokens& tokens, std::uint32_t first) noexcept;

/// The token after the one that closes the container at token `open`, or 0. Kinds of brackets are
/// not told apart.
std::uint32_t skip_container(const Tokens& tokens, std::uint32_t open) noexcept;

}  // namespace penstock::decoding
