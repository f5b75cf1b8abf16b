// SPDX-License-Identifier: Apache-2.0
// The attributes that CloudEvents knows by name, and how a name in a document is recognised: by its
// length and its first and last eight bytes, through a table without collisions.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include <penstock/pipeline/decode/bytes.hpp>

namespace penstock::decoding {

/// Members of the JSON envelope (CloudEvents spec 1.0.2, "Required attributes" and "Optional
/// attributes"; JSON format 1.0.2, section 3.1). The required ones come first, then those that are
/// strings; the order up to dataschema is that of WalkResult::texts.
enum class Attribute : std::uint8_t {
  id,
  source,
  type,
  specversion,
  subject,
  time,
  datacontenttype,
  dataschema,
  data,
  data_base64,
  extension,
};

inline constexpr unsigned kRequiredCount = 4;
inline constexpr unsigned kTextCount = 8;
inline constexpr unsigned kKnownCount = 10;

inline constexpr std::array<std::string_view, kKnownCount> kAttributeNames = {
    "id",   "source",          "type",       "specversion", "subject",
    "time", "datacontenttype", "dataschema", "data",        "data_base64"};

constexpr bool is_text(Attribute attribute) noexcept { return attribute <= Attribute::dataschema; }
constexpr bool is_required(Attribute attribute) noexcept {
  return attribute <= Attribute::specversion;
}
/// One bit for each.
constexpr unsigned bit(Attribute attribute) noexcept {
  return 1u << static_cast<unsigned>(attribute);
}
/// The name of a known attribute, empty for an extension.
constexpr std::string_view name_of(Attribute attribute) noexcept {
  return attribute == Attribute::extension ? std::string_view{}
                                           : kAttributeNames[static_cast<unsigned>(attribute)];
}

/// What two names must share before they are compared byte by byte.
struct NameWords {
  std::uint64_t first = 0;  ///< the first eight bytes, with zeros if there are fewer
  std::uint64_t last = 0;   ///< the last eight, or as first
  friend bool operator==(const NameWords&, const NameWords&) = default;
};

struct KnownName {
  NameWords words;
  std::uint32_t length = 0;
  Attribute attribute = Attribute::extension;
};

/// The table's place of a name: the multiplier was found by trial, so that no two names share one.
constexpr unsigned known_place(std::uint64_t first) noexcept {
  return static_cast<unsigned>(first * 0xA8C24D4244EF7FEB >> 60);
}

consteval std::array<KnownName, 16> make_known_names() {
  std::array<KnownName, 16> table;
  for (unsigned i = 0; i < kKnownCount; ++i) {
    const std::string_view name = kAttributeNames[i];
    KnownName known{.words = {},
                    .length = static_cast<std::uint32_t>(name.size()),
                    .attribute = static_cast<Attribute>(i)};
    for (std::size_t k = 0; k < name.size() && k < 8; ++k)
      known.words.first |= std::uint64_t{static_cast<unsigned char>(name[k])} << 8 * k;
    known.words.last = known.words.first;
    for (std::size_t k = 0; name.size() > 8 && k < 8; ++k) {
      const auto byte = static_cast<unsigned char>(name[name.size() - 8 + k]);
      known.words.last = known.words.last >> 8 | std::uint64_t{byte} << 56;
    }
    KnownName& place = table[known_place(known.words.first)];
    if (place.length != 0) throw "two known names share a place";
    place = known;
  }
  return table;
}

inline constexpr std::array<KnownName, 16> kKnownNames = make_known_names();

/// Requires: `length` readable bytes at `name`; `room` readable bytes in all.
inline NameWords words_of(const char* name, std::uint32_t length, std::uint32_t room) noexcept {
  if (length > 8) return {load64(name), load64(name + length - 8)};
  std::uint64_t word = 0;
  if (room >= 8) [[likely]] {
    word = load64(name) & mask_of(length);
  } else {
    for (std::uint32_t i = 0; i < length; ++i)
      word |= std::uint64_t{static_cast<unsigned char>(name[i])} << 8 * i;
  }
  return {word, word};
}

inline Attribute find_attribute(const NameWords& words, std::uint32_t length) noexcept {
  const KnownName& known = kKnownNames[known_place(words.first)];
  // Sixteen bytes decide: no known name is longer, and the length is compared.
  const bool same = known.words == words && known.length == length;
  return same ? known.attribute : Attribute::extension;
}

inline Attribute find_attribute(std::string_view name) noexcept {
  const auto length = static_cast<std::uint32_t>(name.size());
  return find_attribute(words_of(name.data(), length, length), length);
}

/// True if a name has only a-z and 0-9, and at least one of them (CloudEvents spec 1.0.2, "Naming
/// conventions"). Requires: words_of(name).
inline bool is_attribute_name(std::string_view name, const NameWords& words) noexcept {
  if (name.size() <= 8) {
    const std::uint64_t mask = mask_of(static_cast<std::uint32_t>(name.size()));
    return !name.empty() && (non_name_bytes(words.first) & mask) == 0;
  }
  std::uint64_t odd = non_name_bytes(words.first) | non_name_bytes(words.last);
  for (std::size_t at = 8; at + 8 < name.size(); at += 8)
    odd |= non_name_bytes(load64(name.data() + at));
  return odd == 0;
}

inline bool is_attribute_name(std::string_view name) noexcept {
  const auto length = static_cast<std::uint32_t>(name.size());
  return is_attribute_name(name, words_of(name.data(), length, length));
}

/// Of equal names equal; different ones rarely share it. Not keyed: what an attacker gains by
/// collisions is bounded by Decoder::kExtensionsMax. Requires: words_of(name).
inline std::uint64_t hash_of(std::string_view name, const NameWords& words) noexcept {
  std::uint64_t hash = words.first ^ std::rotl(words.last * 0xA8C24D4244EF7FEB, 29);
  for (std::size_t at = 8; at + 8 < name.size(); at += 8)
    hash = std::rotl((hash ^ load64(name.data() + at)) * 0xA8C24D4244EF7FEB, 29);
  return hash ^ name.size();
}

inline std::uint64_t hash_of(std::string_view name) noexcept {
  const auto length = static_cast<std::uint32_t>(name.size());
  return hash_of(name, words_of(name.data(), length, length));
}

}  // namespace penstock::decoding
