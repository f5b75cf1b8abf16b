// SPDX-License-Identifier: Apache-2.0
// What a report tells of many samples.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "rounds.hpp"

namespace penstock::bench {

inline constexpr std::size_t kSamplesMin = 7;  ///< a median of fewer says little
inline constexpr std::array<Distance, kDistances> kAllDistances = {Distance::near, Distance::far,
                                                                   Distance::one_core};

struct Spread {
  double middle = 0;
  double min = 0;
  double max = 0;
  std::size_t count = 0;
};

inline Spread spread_of(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  return {median(values), *min, *max, values.size()};
}

inline std::vector<std::size_t> ours_of(const Case& made) {
  std::vector<std::size_t> ours;
  for (std::size_t i = 0; i < made.implementations.size(); ++i)
    if (made.implementations[i].ours) ours.push_back(i);
  return ours;
}

/// What this build or this machine does not run, and what was gone before it
/// had run.
inline std::vector<Absent> absent_of(const CaseResult& result) {
  std::vector<Absent> absent = result.made->absent;
  for (std::size_t i = 0; i < result.measured.size(); ++i)
    if (!result.measured[i].gone.empty())
      absent.push_back({result.made->implementations[i].name, result.measured[i].gone});
  return absent;
}

}  // namespace penstock::bench
