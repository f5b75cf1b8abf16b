// SPDX-License-Identifier: Apache-2.0
// How names are told: in quotes, and with the one that was probably meant: the known name that
// takes the fewest edits from what was written. Distance: Levenshtein, "Binary codes capable of
// correcting deletions, insertions, and reversals", 1966. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace penstock {

/// Insertions, deletions and replacements of bytes that lead from one to the other.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

/// The nearest name, or an empty one if none is near enough to be meant: more edits than a third of
/// the longer one's bytes and one, and what was written is no part of a name. The first of equally
/// near ones.
[[nodiscard]] std::string_view suggest(std::string_view written,
                                       std::span<const std::string_view> known);

/// A name as messages and config files show it: in quotes, with quotes inside escaped.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace penstock
