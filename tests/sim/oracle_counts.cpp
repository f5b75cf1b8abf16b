// SPDX-License-Identifier: Apache-2.0
// What the oracle says when it is asked: what is left, and whether the counts are its own.
#include "oracle.hpp"

namespace penstock::test {

void Oracle::end_the_rest(History& history) const {
  for (const Part& part : parts_)
    for (std::uint64_t i = 0; i < part.places.size(); ++i) {
      const Place& place = part.places[i];
      if (place.state != State::event) continue;
      const Fate fate = place.fates[last_];
      if (place.refused) {
        history.ended(place.offered.id, History::End::refused);
      } else if (place.ended && (fate == Fate::dead || fate == Fate::dropped)) {
        history.ended(place.offered.id,
                      fate == Fate::dead ? History::End::dead : History::End::dropped);
      }
    }
}

bool Oracle::drained() const {
  for (const Part& part : parts_)
    for (const std::uint64_t cursor : part.cursors)
      if (cursor != part.places.size()) return false;
  return true;
}

std::size_t Oracle::open_claims() const {
  std::size_t open = 0;
  for (const Part& part : parts_)
    for (const Place& place : part.places) open += place.state == State::open;
  return open;
}

std::string Oracle::differs(const Stats& stats, std::uint64_t waiting) const {
  std::string text;
  const auto same = [&](const char* what, std::uint64_t expected, std::uint64_t told) {
    if (expected == told) return;
    text += std::string(text.empty() ? "" : ", ") + what + " is " + std::to_string(told) +
            ", expected " + std::to_string(expected);
  };
  same("offered", counts_.offered + waiting, stats.offered);
  same("accepted", counts_.accepted, stats.accepted);
  for (std::size_t i = 0; i < kRefuseReasons; ++i)
    same(to_string(static_cast<RefuseReason>(i)).data(), counts_.refused[i], stats.refused[i]);
  same("completed", counts_.completed, stats.completed);
  same("dropped", counts_.dropped, stats.dropped);
  same("dead", counts_.dead, stats.dead);
  same("in flight", counts_.accepted - counts_.completed - counts_.dropped - counts_.dead,
       stats.in_flight);
  same("spilled", counts_.spilled, stats.spilled);
  same("spill bytes", spill_used_, stats.spill_bytes);
  for (std::size_t i = 0; i < parts_.size(); ++i)
    same("slots used", parts_[i].places.size() - parts_[i].cursors[last_],
         stats.partitions[i].slots_used);
  return text;
}

}  // namespace penstock::test
