// SPDX-License-Identifier: Apache-2.0
#include <penstock/pipeline/decode/walker.hpp>

#include <bit>

#include <penstock/pipeline/decode/attribute_rules.hpp>
#include <penstock/pipeline/decode/escapes.hpp>
#include <penstock/pipeline/decode/scalar.hpp>

namespace penstock::decoding {

/// A step's answer: the address of the token behind what it read, or nullptr for a fault.
using Next = const std::uint32_t*;

/// One walk: its state, and a step for each kind of member. Steps take the address of the value.
struct Walker::Walk {
  Walk(std::string_view text, DocumentIndex index, Names& earlier, const Shape& shape,
       DecodeMode how, std::uint32_t first_special) noexcept
      : tokens(text, index),
        bytes(text.data()),
        names(earlier),
        known(shape.begin()),
        known_end(shape.end()),
        whole(shape.whole()),
        words_end(Shape::words_end(tokens.length)),
        mode(how),
        special(first_special) {}

  [[nodiscard]] std::string_view slice(std::uint32_t from, std::uint32_t end) const noexcept {
    return {bytes + from, end - from};
  }
  [[nodiscard]] std::string_view slice(View view) const noexcept {
    return {bytes + view.offset, view.length()};
  }
  [[gnu::cold]] Next fail(Refusal refusal, std::uint32_t offset,
                          Attribute attribute = Attribute::extension, View name = {}) noexcept {
    fault = {refusal, offset, attribute, name};
    return nullptr;
  }
  [[gnu::cold]] Next broken(std::uint32_t offset) noexcept {
    return fail(Refusal::invalid_json, offset);
  }
  [[nodiscard]] Next skip(Next at) noexcept {
    const std::uint32_t next = skip_value(tokens, static_cast<std::uint32_t>(at - tokens.places));
    return next == 0 ? broken(*at) : tokens.places + next;
  }

  bool members() noexcept;
  Next known_strings(Next at) noexcept;
  Next member(Next at) noexcept;
  Next known_member(const Shape::Member& member, Next at) noexcept;
  Next found_member(Attribute attribute, Next at) noexcept;
  Next odd_member(Next at) noexcept;
  Next named_member(View name, std::string_view decoded, Next at) noexcept;
  Next text_member(Attribute attribute, Next at) noexcept;
  Next odd_text_member(Attribute attribute, Next at) noexcept;
  Next data_member(Next at) noexcept;
  Next base64_member(Next at) noexcept;
  Next odd_name(std::uint32_t from, std::uint32_t end, Next at) noexcept;
  Next extension_member(View name, std::string_view decoded, const NameWords& words,
                        Next at) noexcept;
  bool new_name(View name, std::string_view decoded, const NameWords& words) noexcept;
  void add_name(View name, std::uint64_t hash) noexcept;
  Next extension_value(View name, Next at) noexcept;
  void add_extension(const Extension& extension, ValueKind kind) noexcept;
  Next literal_value(View name, Next at, Extension& extension, ValueKind& kind) noexcept;
  Next string_value(Attribute attribute, View name, Next at, View& value) noexcept;
  bool look_again(Attribute attribute, View name, std::uint32_t open, std::uint32_t end,
                  bool& escaped) noexcept;
  bool text_rules() noexcept;
  bool timestamp_rule() noexcept;
  void fill(Envelope& envelope) const noexcept;

  const Tokens tokens;
  const char* const bytes;
  Names& names;
  const Shape::Member* known;  ///< the member that should come next
  const Shape::Member* const known_end;
  const bool whole;
  const std::uint32_t words_end;  ///< names that begin before it are compared by words
  bool as_known = true;           ///< so far no other one came
  const DecodeMode mode;
  std::uint32_t special;  ///< the first special byte that no step has passed
  unsigned seen = 0;      ///< known attributes that have a member, null ones included
  std::uint32_t names_count = 0;
  std::uint32_t extensions_count = 0;
  std::uint8_t extension_kinds = 0;
  DataKind data_kind = DataKind::absent;
  std::uint32_t data_token = 0;
  View data;
  std::array<View, kTextCount> texts{};
  std::array<Extension, Envelope::kExtensionsInline> extensions{};
  Fault fault;
};

Fault Walker::walk(std::string_view document, DocumentIndex index, Envelope& envelope) noexcept {
  const std::uint32_t special =
      find_special_(document.data(), 0, static_cast<std::uint32_t>(document.size()));
  Walk walk(document, index, *names_, shape_, mode_, special);
  if (walk.members() && walk.text_rules()) [[likely]] {
    walk.fill(envelope);
    if (walk.as_known && walk.known == walk.known_end) [[likely]] {
      shape_.matched();
    } else {
      shape_.missed(walk.tokens);
    }
  }
  return walk.fault;
}

inline bool Walker::Walk::members() noexcept {
  Next at = tokens.places + 1;
  if (bytes[*at] != '}') {
    for (;;) {
      at = member(known_strings(at));
      if (at == nullptr) return false;
      const char byte = bytes[*at];
      if (byte == '}') break;
      if (byte != ',') return broken(*at) != nullptr;
      ++at;
    }
  }
  ++at;
  return at == tokens.places + tokens.count || broken(*at) != nullptr;
}

/// Steps over known members whose values are strings with nothing special, up to the last one: most
/// of most envelopes. Returns where it stopped.
inline Next Walker::Walk::known_strings(Next at) noexcept {
  const Shape::Member* member = known;
  const std::uint32_t plain_end = special;
  for (; member != known_end && !member->is_data; ++member) {
    const std::uint32_t open = at[0];
    const std::uint32_t colon = at[1];
    if (!member->stands_at(bytes, open, colon, words_end) || bytes[colon + 1] != '"') break;
    // A token behind a string is known to exist.
    const std::uint32_t next = at[3];
    if (load16(bytes + next - 1) != word16("\",") || plain_end < next) break;
    const View value = View::make(colon + 2, next - colon - 3, false);
    if (member->attribute == Attribute::extension) {
      const View name = View::make(open + 1, member->width - 2, false);
      add_name(name, member->hash);
      add_extension({name, value}, ValueKind::string);
    } else {
      if (value.length() == 0) break;
      texts[static_cast<unsigned>(member->attribute)] = value;
      seen |= member->bit;
    }
    at += 4;
  }
  known = member;
  return at;
}

/// A name, a colon, and what the attribute asks for. The usual member is done with here: a name
/// right before its colon, a string right before the next token, nothing special in either.
inline Next Walker::Walk::member(Next at) noexcept {
  const std::uint32_t open = at[0];
  const std::uint32_t colon = at[1];
  if (known != known_end && known->stands_at(bytes, open, colon, words_end)) [[likely]]
    return known_member(*known++, at);
  as_known = as_known && known == known_end && !whole;
  known = known_end;
  if (bytes[open] != '"') [[unlikely]]
    return broken(open);
  if (load16(bytes + colon - 1) != word16("\":") || special < colon) [[unlikely]]
    return odd_member(at);
  const std::uint32_t from = open + 1;
  const std::uint32_t length = colon - 1 - from;
  const NameWords words = words_of(bytes + from, length, tokens.length - from);
  const Attribute attribute = find_attribute(words, length);
  if (attribute == Attribute::extension)
    return extension_member(View::make(from, length, false), slice(from, from + length), words,
                            at + 2);
  return found_member(attribute, at + 2);
}

/// A member whose name is the one that was expected there. None of those before has this name.
inline Next Walker::Walk::known_member(const Shape::Member& member, Next at) noexcept {
  if (member.attribute != Attribute::extension) return found_member(member.attribute, at + 2);
  const View name = View::make(at[0] + 1, member.width - 2, false);
  add_name(name, member.hash);
  return extension_value(name, at + 2);
}

/// A known attribute by its value.
[[gnu::always_inline]] inline Next Walker::Walk::found_member(Attribute attribute,
                                                              Next at) noexcept {
  if (!is_text(attribute)) [[unlikely]]
    return attribute == Attribute::data ? data_member(at) : base64_member(at);
  const std::uint32_t value = at[0];
  const bool fresh = (seen & bit(attribute)) == 0;
  if (!fresh || bytes[value] != '"') [[unlikely]]
    return text_member(attribute, at);
  // A token behind a string is known to exist.
  const std::uint32_t next = at[1];
  if (bytes[next - 1] != '"' || special < next || next - value <= 2) [[unlikely]]
    return text_member(attribute, at);
  seen |= bit(attribute);
  texts[static_cast<unsigned>(attribute)] = View::make(value + 1, next - value - 2, false);
  return at + 1;
}

/// As member, with white space around the colon or with something special on the way.
[[gnu::noinline]] Next Walker::Walk::odd_member(Next at) noexcept {
  const std::uint32_t open = at[0];
  if (bytes[at[1]] != ':') return broken(open);
  const std::uint32_t from = open + 1;
  const std::uint32_t end = tokens.last_before(at + 1);
  at += 2;
  if (special < end) return odd_name(from, end, at);
  const std::uint32_t length = end - from;
  return named_member(View::make(from, length, false), slice(from, end), at);
}

/// A member by its decoded name.
Next Walker::Walk::named_member(View name, std::string_view decoded, Next at) noexcept {
  const auto length = static_cast<std::uint32_t>(decoded.size());
  const NameWords words = words_of(decoded.data(), length, length);
  const Attribute attribute = find_attribute(words, length);
  if (is_text(attribute)) return text_member(attribute, at);
  if (attribute == Attribute::extension) return extension_member(name, decoded, words, at);
  return attribute == Attribute::data ? data_member(at) : base64_member(at);
}

/// A known attribute whose value is a string (CloudEvents spec 1.0.2, "Context attributes": each at
/// most once; required ones and, where they are present, the optional ones are not empty).
[[gnu::noinline]] Next Walker::Walk::text_member(Attribute attribute, Next at) noexcept {
  const std::uint32_t open = *at;
  if ((seen & bit(attribute)) != 0) return fail(Refusal::duplicate_attribute, open, attribute);
  seen |= bit(attribute);
  if (bytes[open] != '"') [[unlikely]]
    return odd_text_member(attribute, at);
  View& text = texts[static_cast<unsigned>(attribute)];
  at = string_value(attribute, {}, at, text);
  if (text.length() == 0 && at != nullptr) [[unlikely]]
    return fail(Refusal::empty_attribute, open, attribute);
  return at;
}

/// Null stands for an absent attribute (CloudEvents JSON format 1.0.2, section 2.2), so that a
/// required one cannot be null.
[[gnu::noinline]] Next Walker::Walk::odd_text_member(Attribute attribute, Next at) noexcept {
  const Next next = skip(at);
  if (next == nullptr) return next;
  if (is_required(attribute) || !is_null(bytes, at[0], at[1]))
    return fail(Refusal::wrong_type, *at, attribute);
  return next;
}

/// The string at `at`, whose raw contents are then valid as an attribute's. Requires: a quote.
inline Next Walker::Walk::string_value(Attribute attribute, View name, Next at,
                                       View& value) noexcept {
  const std::uint32_t open = *at;
  ++at;
  const std::uint32_t end = tokens.last_before(at);
  bool escaped = false;
  if (special < end && !look_again(attribute, name, open, end, escaped)) [[unlikely]]
    return nullptr;
  value = View::make(open + 1, end - open - 1, escaped);
  return at;
}

/// The second look at a string with special bytes.
[[gnu::noinline]] bool Walker::Walk::look_again(Attribute attribute, View name, std::uint32_t open,
                                                std::uint32_t end, bool& escaped) noexcept {
  const TextAnswer answer = check_text(slice(open + 1, end));
  if (answer == TextAnswer::broken_escape) return broken(open) != nullptr;
  if (answer == TextAnswer::forbidden_character)
    return fail(Refusal::invalid_value, open, attribute, name) != nullptr;
  escaped = answer == TextAnswer::escaped;
  special = find_special(bytes, end, tokens.length);
  return true;
}

/// Any JSON value, null included (CloudEvents JSON format 1.0.2, section 3.1.1).
inline Next Walker::Walk::data_member(Next at) noexcept {
  const std::uint32_t from = *at;
  if ((seen & bit(Attribute::data)) != 0)
    return fail(Refusal::duplicate_attribute, from, Attribute::data);
  seen |= bit(Attribute::data);
  // Section 3.1.1: data and data_base64 exclude each other.
  if (data_kind != DataKind::absent) return fail(Refusal::data_twice, from, Attribute::data);
  const auto token = static_cast<std::uint32_t>(at - tokens.places);
  const bool full = mode == DecodeMode::full;
  at = full ? walk_value(tokens, at, Decoder::kDepthMax - 1) : skip(at);
  if (at == nullptr) return broken(from);
  const std::uint32_t end = tokens.last_before(at) + 1;
  if (special < end) {
    if (full && !escapes_valid(bytes + from, bytes + end)) return broken(from);
    special = find_special(bytes, end, tokens.length);
  }
  data_kind = DataKind::json;
  data_token = token;
  data = View::make(from, end - from, false);
  return at;
}

/// Base64 in a string (CloudEvents JSON format 1.0.2, section 3.1.1); null is as good as absent, as
/// in the JSON Schema of the format.
[[gnu::noinline]] Next Walker::Walk::base64_member(Next at) noexcept {
  const std::uint32_t from = *at;
  if ((seen & bit(Attribute::data_base64)) != 0)
    return fail(Refusal::duplicate_attribute, from, Attribute::data_base64);
  seen |= bit(Attribute::data_base64);
  if (bytes[from] != '"') return odd_text_member(Attribute::data_base64, at);
  if (data_kind != DataKind::absent) return fail(Refusal::data_twice, from, Attribute::data_base64);
  at = string_value(Attribute::data_base64, {}, at, data);
  if (at == nullptr) return at;
  data_kind = DataKind::base64;
  const bool valid = data.escaped() ? is_escaped_base64(slice(data)) : is_base64(slice(data));
  return valid ? at : fail(Refusal::invalid_base64, from, Attribute::data_base64);
}

/// A name with a backslash or a character outside ASCII: "\u0069d" is "id".
[[gnu::noinline]] Next Walker::Walk::odd_name(std::uint32_t from, std::uint32_t end,
                                              Next at) noexcept {
  const std::string_view raw = slice(from, end);
  if (!escapes_valid(raw.data(), raw.data() + raw.size())) return broken(from - 1);
  special = find_special(bytes, end, tokens.length);
  const View name = View::make(from, end - from, true);
  if (raw.size() > names.decoded.size())
    return fail(Refusal::invalid_attribute_name, from - 1, Attribute::extension, name);
  const char* const stop = unescape(raw, names.decoded.data());
  const std::string_view text(names.decoded.data(),
                              static_cast<std::size_t>(stop - names.decoded.data()));
  return named_member(name, text, at);
}

/// Whatever has no name of its own is an extension (CloudEvents spec 1.0.2, "Extension context
/// attributes"), by any name that the naming conventions allow.
inline Next Walker::Walk::extension_member(View name, std::string_view decoded,
                                           const NameWords& words, Next at) noexcept {
  if (!is_attribute_name(decoded, words)) [[unlikely]]
    return fail(Refusal::invalid_attribute_name, name.offset - 1, Attribute::extension, name);
  return new_name(name, decoded, words) ? extension_value(name, at) : nullptr;
}

/// Each context attribute at most once (CloudEvents spec 1.0.2, "Context attributes").
inline bool Walker::Walk::new_name(View name, std::string_view decoded,
                                   const NameWords& words) noexcept {
  const std::uint64_t hash = hash_of(decoded, words);
  for (std::uint32_t i = 0; i < names_count; ++i) {
    if (names.hashes[i] != hash) [[likely]]
      continue;
    const View earlier = names.views[i];
    if (earlier.escaped() ? means(slice(earlier), decoded) : slice(earlier) == decoded) {
      fail(Refusal::duplicate_attribute, name.offset - 1, Attribute::extension, name);
      return false;
    }
  }
  if (names_count == Decoder::kExtensionsMax) [[unlikely]] {
    fail(Refusal::too_many_extensions, name.offset - 1, Attribute::extension, name);
    return false;
  }
  add_name(name, hash);
  return true;
}

/// Requires: room for one more.
inline void Walker::Walk::add_name(View name, std::uint64_t hash) noexcept {
  names.hashes[names_count] = hash;
  names.views[names_count] = name;
  ++names_count;
}

/// A string, a boolean or a whole number of 32 bits; null is absent (CloudEvents JSON format 1.0.2,
/// section 2.2).
inline Next Walker::Walk::extension_value(View name, Next at) noexcept {
  Extension extension{.name = name, .value = {}};
  ValueKind kind = ValueKind::string;
  at = bytes[*at] == '"' ? string_value(Attribute::extension, name, at, extension.value)
                         : literal_value(name, at, extension, kind);
  // A string may be empty; its view is present all the same.
  if (at == nullptr || !extension.value.present()) return at;
  add_extension(extension, kind);
  return at;
}

/// The first ones have a place in the envelope.
inline void Walker::Walk::add_extension(const Extension& extension, ValueKind kind) noexcept {
  if (extensions_count < extensions.size()) {
    extensions[extensions_count] = extension;
    extension_kinds |=
        static_cast<std::uint8_t>(static_cast<unsigned>(kind) << 2 * extensions_count);
  }
  ++extensions_count;
}

[[gnu::noinline]] Next Walker::Walk::literal_value(View name, Next at, Extension& extension,
                                                   ValueKind& kind) noexcept {
  const std::uint32_t from = *at;
  const char first = bytes[from];
  const bool number = first == '-' || is_digit(first);
  const Next next = skip(at);
  if (next == nullptr) return next;
  if (!number && first != 't' && first != 'f' && first != 'n')
    return fail(Refusal::wrong_type, from, Attribute::extension, name);
  if (number ? !is_number(bytes, from, *next, tokens.length) : !is_literal(bytes, from, *next))
    return broken(from);
  if (first == 'n') return next;
  const std::uint32_t end = tokens.last_before(next) + 1;
  if (number && !is_integer32(slice(from, end)))
    return fail(Refusal::wrong_type, from, Attribute::extension, name);
  extension.value = View::make(from, end - from, false);
  kind = number ? ValueKind::integer : ValueKind::boolean;
  return next;
}

/// Rules that need all members, or a value's characters.
inline bool Walker::Walk::text_rules() noexcept {
  constexpr unsigned kRequired = (1u << kRequiredCount) - 1;
  if ((seen & kRequired) != kRequired) [[unlikely]] {
    const auto first = static_cast<Attribute>(std::countr_one(seen));
    return fail(Refusal::missing_attribute, 0, first) != nullptr;
  }
  // CloudEvents spec 1.0.2, "specversion": exactly this value.
  const View version = texts[static_cast<unsigned>(Attribute::specversion)];
  const std::string_view raw = slice(version);
  if (raw != "1.0" && !(version.escaped() && means(raw, "1.0"))) [[unlikely]]
    return fail(Refusal::unsupported_specversion, version.offset - 1, Attribute::specversion) !=
           nullptr;
  return timestamp_rule();
}

/// CloudEvents spec 1.0.2, "time": a timestamp of RFC 3339.
inline bool Walker::Walk::timestamp_rule() noexcept {
  const View time = texts[static_cast<unsigned>(Attribute::time)];
  if (!time.present()) return true;
  std::string_view text = slice(time);
  if (time.escaped()) [[unlikely]] {
    // A fraction of a second has no bound; the memory for names is longer than any real one.
    char* const out = names.decoded.data();
    text = text.size() > names.decoded.size()
               ? std::string_view{}
               : std::string_view(out, static_cast<std::size_t>(unescape(text, out) - out));
  }
  if (is_timestamp(text)) [[likely]]
    return true;
  return fail(Refusal::invalid_time, time.offset - 1, Attribute::time) != nullptr;
}

inline void Walker::Walk::fill(Envelope& envelope) const noexcept {
  const auto text = [&](Attribute attribute) { return texts[static_cast<unsigned>(attribute)]; };
  envelope.id = text(Attribute::id);
  envelope.source = text(Attribute::source);
  envelope.type = text(Attribute::type);
  envelope.subject = text(Attribute::subject);
  envelope.time = text(Attribute::time);
  envelope.datacontenttype = text(Attribute::datacontenttype);
  envelope.dataschema = text(Attribute::dataschema);
  envelope.data = data;
  envelope.data_kind = data_kind;
  envelope.extension_kinds = extension_kinds;
  envelope.extensions_count = static_cast<std::uint16_t>(extensions_count);
  envelope.data_token = data_token;
  envelope.extensions = extensions;
}

}  // namespace penstock::decoding
