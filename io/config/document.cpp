// SPDX-License-Identifier: Apache-2.0
// The only file that includes toml++: turns its tree into ours.
#include <penstock/io/config/document.hpp>

#include <algorithm>
#include <optional>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_UNDEF_MACROS 0
#include <toml++/toml.h>

namespace penstock {
namespace {

Place place_of(const toml::source_region& region) {
  const bool one_line = region.begin.line == region.end.line;
  return {region.begin.line, region.begin.column, one_line ? region.end.column : 0};
}

constexpr std::size_t kKeyPartsMax = 64;  ///< "a.b.c" has three; the library recurses over them

/// The first line whose key has more parts, as far as a look at the dots before "=" can tell.
std::optional<ConfigProblem> key_of_too_many_parts(std::string_view text) {
  for (std::uint32_t line = 1; !text.empty(); ++line) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    const std::string_view key = whole.substr(0, whole.find_first_of("=#\"'"));
    if (static_cast<std::size_t>(std::ranges::count(key, '.')) > kKeyPartsMax)
      return ConfigProblem{line, 1, 0, "a key of more than 64 parts", {}};
    text.remove_prefix(std::min(text.size(), whole.size() + 1));
  }
  return std::nullopt;
}

DocumentNode convert(const toml::node& node);

void convert_table(const toml::table& table, DocumentNode& into) {
  into.kind = DocumentNode::Kind::table;
  for (const auto& [key, value] : table)
    into.entries.push_back({std::string(key.str()), place_of(key.source()), convert(value)});
  // The library sorts by key.
  std::ranges::sort(into.entries, [](const DocumentEntry& left, const DocumentEntry& right) {
    return left.place.line != right.place.line ? left.place.line < right.place.line
                                               : left.place.column < right.place.column;
  });
}

DocumentNode convert(const toml::node& node) {
  using Kind = DocumentNode::Kind;
  DocumentNode into;
  into.place = place_of(node.source());
  if (const auto* table = node.as_table()) {
    convert_table(*table, into);
  } else if (const auto* array = node.as_array()) {
    into.kind = Kind::array;
    for (const toml::node& item : *array) into.items.push_back(convert(item));
  } else if (const auto* text = node.as_string()) {
    into.kind = Kind::text;
    into.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    into.kind = Kind::integer;
    into.integer = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    into.kind = Kind::number;
    into.number = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    into.kind = Kind::boolean;
    into.boolean = boolean->get();
  } else {
    into.kind = Kind::date;
  }
  return into;
}

}  // namespace

const DocumentEntry* DocumentNode::find(std::string_view key) const noexcept {
  const auto entry = std::ranges::find(entries, key, &DocumentEntry::key);
  return entry == entries.end() ? nullptr : &*entry;
}

bool DocumentNode::is_array_of_tables() const noexcept {
  return kind == Kind::array && !items.empty() &&
         std::ranges::all_of(items, [](const auto& item) { return item.kind == Kind::table; });
}

tl::expected<DocumentNode, ConfigProblem> parse_document(std::string_view text) {
  if (auto problem = key_of_too_many_parts(text)) return tl::unexpected(*std::move(problem));
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) {
    DocumentNode root;
    convert_table(parsed.table(), root);
    return root;
  }
  const Place place = place_of(parsed.error().source());
  return tl::unexpected(ConfigProblem{
      place.line, place.column, place.column_end, std::string(parsed.error().description()), {}});
}

std::string toml_library_version() {
  return std::to_string(TOML_LIB_MAJOR) + "." + std::to_string(TOML_LIB_MINOR) + "." +
         std::to_string(TOML_LIB_PATCH);
}

}  // namespace penstock
