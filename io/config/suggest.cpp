// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/config/suggest.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace penstock {
namespace {

constexpr std::size_t kPartBytesMin = 3;  ///< fewer bytes stand in too many names

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() +
                               1);  // distances of a prefix of `from` to each prefix of `to`
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string_view suggest(std::string_view written, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t best_distance = static_cast<std::size_t>(-1);
  for (const std::string_view name : known) {
    const std::size_t distance = edit_distance(written, name);
    const std::size_t near_enough = std::max(written.size(), name.size()) / 3 + 1;
    if (distance <= near_enough && distance < std::max(written.size(), name.size()) &&
        distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  if (!best.empty() || written.size() < kPartBytesMin) return best;
  const auto part = std::ranges::find_if(
      known, [&](std::string_view name) { return name.find(written) != std::string_view::npos; });
  return part == known.end() ? std::string_view{} : *part;
}

std::string in_quotes(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7F)
      out.append("\\u00").append(1, kHex[code >> 4]).append(1, kHex[code & 15]);
    else
      out.append(byte == '"' || byte == '\\' ? "\\" : "").append(1, byte);
  }
  return out += '"';
}

}  // namespace penstock
