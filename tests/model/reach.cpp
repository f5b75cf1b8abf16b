// SPDX-License-Identifier: Apache-2.0
#include "reach.hpp"

namespace penstock::model {
namespace {

constexpr std::array<const char*, kPoints> kNames{
    "runner woken",
    "runner woken early",
    "runner timed out",
    "behind unpublished",
    "later segment woken",
    "later segment timed out",
    "two runners woken",
    "producer woken",
    "producer timed out",
    "producer gave up",
    "holding producer woken",
    "room kept",
    "room woken",
    "full by slots",
    "full by bytes",
    "full by reserve",
    "reserve used",
    "refused",
    "gates apart",
    "arena skipped",
    "half arena skipped",
    "half batch skipped",
    "abandoned claim",
    "read together",
    "upstreams apart",
    "sequence wrapped",
    "units wrapped",
    "all counters passed",
    "spilled read",
    "spilled freed",
    "spill refused",
    "spill returned",
    "closed on runner",
    "closed on later segment",
    "closed on producer",
    "refused closed",
    "refused unopened",
    "closed unopened",
    "left unread",
    "backlog seen",
    "unpublished seen",
    "waiter woken",
    "first ended it",
    "second ended it",
    "first claimed first",
    "second claimed first",
    "budget refused",
    "budget shared",
    "snapshot within",
    "sum within",
    "items full",
    "items in part",
    "items thrown",
    "items wrapped",
    "items together",
    "reader waited",
};
static_assert(kNames.back() != nullptr, "one name for each point");

}  // namespace

const char* name_of(Point point) noexcept { return kNames[static_cast<std::size_t>(point)]; }

std::string Reached::missed(const Points& points) const {
  std::string names;
  for (std::size_t i = 0; i < kPoints; ++i) {
    const auto point = static_cast<Point>(i);
    if (!points.has(point) || count(point) != 0) continue;
    names += (names.empty() ? "" : ", ") + std::string(name_of(point));
  }
  return names;
}

}  // namespace penstock::model
