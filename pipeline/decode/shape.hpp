// SPDX-License-Identifier: Apache-2.0
// The shape of an envelope: which members it has and in which order. Events of one origin look
// alike, and a name that stands where it stood in the events before needs no search and no check:
// comparing its bytes is enough.
// 1. A shape is learnt from an accepted event, so its names are valid and no two of them are equal.
// 2. It is a guess that is checked at each member; what differs is read like any other member. It
//    never changes an answer.
// 3. One thread uses it. It allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <penstock/pipeline/decode/attribute.hpp>
#include <penstock/pipeline/decode/bytes.hpp>
#include <penstock/pipeline/decode/tokens.hpp>

namespace penstock::decoding {

class Shape {
 public:
  /// Members that are learnt; those behind are found by name.
  static constexpr std::uint32_t kMembersMax = 16;

  struct Member {
    std::uint64_t first = 0;  ///< the bytes from the name's quote on
    std::uint64_t first_mask = 0;
    std::uint64_t second = 0;
    std::uint64_t second_mask = 0;
    std::uint64_t last = 0;   ///< of a long name: the eight bytes up to the colon
    std::uint64_t hash = 0;   ///< of an extension's name
    std::uint32_t width = 0;  ///< from the name's quote to the colon
    Attribute attribute = Attribute::extension;
    bool is_data = false;
    bool is_long = false;
    unsigned bit = 0;  ///< of a known attribute

    /// True if this name and a colon stand at `open`. Requires: a token there, and the next one, or
    /// the end of the document, at `colon`.
    [[nodiscard]] bool stands_at(const char* bytes, std::uint32_t open, std::uint32_t colon,
                                 std::uint32_t words_end) const noexcept {
      if (colon - open != width || open >= words_end) return false;
      const std::uint64_t odd = ((load64(bytes + open) ^ first) & first_mask) |
                                ((load64(bytes + open + 8) ^ second) & second_mask);
      return odd == 0 && (!is_long || load64(bytes + colon - 7) == last);
    }
  };

  /// Where in a document of `length` bytes names end that may be compared.
  static std::uint32_t words_end(std::uint32_t length) noexcept {
    return length < kWordsBytes ? 0 : length - kWordsBytes + 1;
  }

  [[nodiscard]] const Member* begin() const noexcept { return members_.data(); }
  [[nodiscard]] const Member* end() const noexcept { return members_.data() + count_; }

  /// True if members behind those that are known are not of this shape.
  [[nodiscard]] bool whole() const noexcept { return whole_; }

  /// After an accepted event of this shape.
  void matched() noexcept {
    misses_ = 0;
    misses_max_ -= misses_max_ > kMissesFirst;
  }
  /// After an accepted event of another one, which is learnt if there were several in a row: more
  /// and more of them where shapes keep changing.
  void missed(const Tokens& tokens) noexcept {
    if (++misses_ >= misses_max_) learn(tokens);
  }

 private:
  static constexpr std::uint32_t kWordsBytes = 16;
  static constexpr std::uint32_t kNameBytesMax = 21;  ///< two words and the last one cover it
  static constexpr std::uint32_t kMissesFirst = 4;
  static constexpr std::uint32_t kMissesMost = 1024;

  void learn(const Tokens& tokens) noexcept;
  static Member member_of(const char* bytes, std::uint32_t open, std::uint32_t colon) noexcept;

  // Decoder thread only.
  std::array<Member, kMembersMax> members_{};
  std::uint32_t count_ = 0;
  bool whole_ = true;
  std::uint32_t misses_ = 0;
  std::uint32_t misses_max_ = kMissesFirst;
};

}  // namespace penstock::decoding
