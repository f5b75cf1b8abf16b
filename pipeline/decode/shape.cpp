// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/shape.hpp>

#include <algorithm>

namespace penstock::decoding {

Shape::Member Shape::member_of(const char* bytes, std::uint32_t open,
                               std::uint32_t colon) noexcept {
  Member member;
  member.width = colon - open;
  const std::string_view name(bytes + open + 1, member.width - 2);
  member.attribute = find_attribute(name);
  member.is_data =
      member.attribute == Attribute::data || member.attribute == Attribute::data_base64;
  member.bit = bit(member.attribute);
  member.hash = hash_of(name);
  const std::uint32_t compared = member.width + 1;
  member.first_mask = mask_of(compared);
  member.first = load64(bytes + open) & member.first_mask;
  member.second_mask = compared > 8 ? mask_of(compared - 8) : 0;
  member.second = load64(bytes + open + 8) & member.second_mask;
  member.is_long = compared > kWordsBytes;
  if (member.is_long) member.last = load64(bytes + colon - 7);
  return member;
}

/// Up to the first member that is written oddly.
[[gnu::cold]] void Shape::learn(const Tokens& tokens) noexcept {
  count_ = 0;
  whole_ = false;
  misses_ = 0;
  misses_max_ = std::min(2 * misses_max_, kMissesMost);
  for (std::uint32_t at = 1; count_ < kMembersMax; ++at) {
    const std::uint32_t open = tokens.place(at);
    const std::uint32_t colon = tokens.place(at + 1);
    const std::uint32_t width = colon - open;
    if (tokens.bytes[colon - 1] != '"' || width - 2 > kNameBytesMax ||
        open >= words_end(tokens.length))
      return;
    const std::string_view name(tokens.bytes + open + 1, width - 2);
    if (name.find('\\') != std::string_view::npos) return;
    members_[count_++] = member_of(tokens.bytes, open, colon);
    at = skip_value(tokens, at + 2);
    if (tokens.byte(at) != ',') break;
  }
  whole_ = count_ < kMembersMax;
}

}  // namespace penstock::decoding
