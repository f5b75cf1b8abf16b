// SPDX-License-Identifier: Apache-2.0
// Changes a config in its text: only the lines that a change needs, everything else stays byte for
// byte as it was, comments too.
//   has the key            its value is replaced where it stands
//   has the section        the key goes behind the section's last one
//   has neither            section and key go to the end
//   is to lose the key     its line becomes a comment
// 1. The rewritten text is read again before it is handed out, and says what the changes say of the
//    options, and of all others what the text said before.
// 2. What cannot be changed without rewriting what stands around it is refused with its place.
// Pure functions but for the environment that configs are expanded from.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <penstock/io/config/config.hpp>
#include <penstock/io/config/table.hpp>

namespace penstock {

struct ConfigChange {
  std::string_view section;
  /// Of a section that repeats: which of its items, from 0; one behind the last: a new one.
  std::size_t item = 0;
  std::string_view key;  ///< empty: the whole item is taken out
  /// None: the key is taken out, so that its default holds.
  std::optional<PropertyValue> value = std::nullopt;
  std::string comment = {};  ///< lines that go above it; empty: none

  /// "ring.slots", "stage 2 segment".
  [[nodiscard]] std::string where() const;
  /// The value as a config has it; empty if there is none.
  [[nodiscard]] std::string value_text() const;
};

/// Changes options as the same change of a text would. Requires: a key of the table; an item that
/// the config has, or for a value one behind. Items that are taken out come last, from the back.
void apply_change(const ConfigChange& change, Config& config);

/// Returns the text with the changes, below a comment of the lines of `head`, if there are any.
/// Requires what apply_change() does. A value that holds already is not touched. Errors:
/// invalid_config, as check_config() has it, or with the place of what stands in the way and what
/// to do.
[[nodiscard]] Result<std::string> rewrite_config(std::string_view text, std::string_view name,
                                                 std::span<const ConfigChange> changes,
                                                 std::string_view head = {});

}  // namespace penstock
