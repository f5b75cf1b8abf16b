// SPDX-License-Identifier: Apache-2.0
// A TOML text as a tree of values with their places. document.cpp alone knows the TOML library.
// Plain values, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include <penstock/io/config/config.hpp>

namespace penstock {

/// Where something stands; counted from 1, columns in characters.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t column_end = 0;  ///< behind it; 0: it ends on another line
};

struct DocumentEntry;

struct DocumentNode {
  enum class Kind : std::uint8_t { table, array, text, integer, number, boolean, date };

  Kind kind = Kind::table;
  Place place;
  std::string text;  ///< of a text
  std::int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::vector<DocumentNode> items;     ///< of an array
  std::vector<DocumentEntry> entries;  ///< of a table, as they stand in the text

  [[nodiscard]] const DocumentEntry* find(std::string_view key) const noexcept;
  [[nodiscard]] bool is_array_of_tables() const noexcept;
};

struct DocumentEntry {
  std::string key;
  Place place;  ///< of the key
  DocumentNode value;
};

/// Errors: the first place that is not TOML.
[[nodiscard]] tl::expected<DocumentNode, ConfigProblem> parse_document(std::string_view text);

/// "toml++ 3.3.0", for `penstock version`.
[[nodiscard]] std::string toml_library_version();

}  // namespace penstock
