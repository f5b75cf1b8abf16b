// SPDX-License-Identifier: Apache-2.0
#include "oracle.hpp"

#include <algorithm>

#include <mimalloc.h>

namespace penstock::test {
namespace {

constexpr std::uint64_t kUnit = 64;
constexpr std::uint64_t kPadding = 64;

std::uint64_t units_of(std::uint64_t bytes) { return (bytes + kPadding + kUnit - 1) / kUnit; }

std::size_t at(RefuseReason reason) { return static_cast<std::size_t>(reason); }

RefuseReason reason_of(PublishResult result) {
  switch (result) {
    case PublishResult::full: return RefuseReason::full;
    case PublishResult::dropped: return RefuseReason::dropped;
    case PublishResult::closed: return RefuseReason::closed;
    case PublishResult::too_large: return RefuseReason::too_large;
    case PublishResult::invalid: return RefuseReason::invalid;
    default: return RefuseReason::missing_key;
  }
}

}  // namespace

Oracle::Oracle(const World& world)
    : world_(world), partitioner_(world.options.partitions, world.options.key_seed) {
  make_segments(world.options.partitions == 1);
  parts_.resize(world.options.partitions);
  for (Part& part : parts_) part.cursors.resize(segments_.size());
  next_emitted_.resize(parts_.size());
}

void Oracle::make_segments(bool decodes) {
  switch (world_.topology) {
    case Topology::fused: segments_ = {{.stages = {0, 1, 2}, .decodes = decodes}}; break;
    case Topology::chain:
      segments_ = {{.stages = {0}, .decodes = decodes},
                   {.after = {0}, .before = {0}, .stages = {1, 2}}};
      break;
    case Topology::diamond:
      segments_ = {
          {.stages = {0}}, {.stages = {1}}, {.after = {0, 1}, .before = {0, 1}, .stages = {2}}};
      if (!decodes) break;
      // One segment is added that decodes before the two that begin.
      segments_.push_back({.decodes = true});
      for (const unsigned first : {0U, 1U}) segments_[first].after = segments_[first].before = {3};
      segments_[2].before = {0, 1, 3};
  }
  last_ = world_.topology == Topology::fused ? 0 : world_.topology == Topology::chain ? 1 : 2;
  segments_[last_].last = true;
}

unsigned Oracle::partition_of(const Offered& offered) const {
  if (parts_.size() == 1) return 0;
  const bool no_key = offered.flaw == Offered::Flaw::no_key;
  return partitioner_.partition_of(
      partitioner_.hash(no_key ? std::string("/sim") : key_text(offered.key)));
}

std::uint64_t Oracle::extent(const Part& part, std::uint64_t bytes) const {
  const std::uint64_t arena = world_.options.ring.arena_bytes / kUnit;
  const std::uint64_t rest = arena - part.units % arena;
  const std::uint64_t units = units_of(bytes);
  return units <= rest ? units : rest + units;
}

bool Oracle::fits(const Part& part, std::uint64_t units, bool inner) const {
  const RingOptions& ring = world_.options.ring;
  const std::uint64_t arena = ring.arena_bytes / kUnit;
  const std::uint64_t kept = ring.reserve_slots == 0 ? ring.slots / 16 : ring.reserve_slots;
  const std::uint64_t done = part.cursors[last_];
  const std::uint64_t free_from = done == 0 ? 0 : part.places[done - 1].end_units;
  return part.places.size() - done + 1 <= ring.slots - (inner ? 0 : kept) &&
         part.units - free_from + units <= arena - (inner ? 0 : arena * kept / ring.slots);
}

bool Oracle::spills(const Offered& offered, Way way) const {
  const RingOptions& ring = world_.options.ring;
  const std::uint64_t arena = ring.arena_bytes / kUnit;
  const std::uint64_t kept = ring.reserve_slots == 0 ? ring.slots / 16 : ring.reserve_slots;
  const std::uint64_t half = (arena - arena * kept / ring.slots) / 2 * kUnit - kPadding;
  const std::uint64_t inline_max =
      std::min(half, std::max<std::uint64_t>(ring.arena_bytes / 8, 256));
  return way == Way::copied && offered.bytes.size() > inline_max;
}

PublishResult Oracle::at_the_door(const Offered& offered) const {
  if (!decodes_at_the_door()) return PublishResult::accepted;
  if (offered.flaw == Offered::Flaw::invalid) return PublishResult::invalid;
  if (offered.flaw == Offered::Flaw::no_key &&
      world_.options.on_missing_key == OnMissingKey::refuse)
    return PublishResult::missing_key;
  return PublishResult::accepted;
}

PublishResult Oracle::would(const Offered& offered, Way way, bool inner) const {
  if (closed_) return PublishResult::closed;
  if (offered.bytes.size() > world_.options.ring.event_bytes_max) return PublishResult::too_large;
  if (const PublishResult door = at_the_door(offered); door != PublishResult::accepted) return door;
  const Part& part = parts_[partition_of(offered)];
  if (spills(offered, way)) {
    const std::uint64_t cost = mi_good_size(offered.bytes.size() + kPadding);
    if (cost > world_.options.ring.spill_bytes_max) return PublishResult::too_large;
    if (spill_used_ + cost > world_.options.ring.spill_bytes_max) return PublishResult::full;
    return fits(part, 0, inner) ? PublishResult::accepted : PublishResult::full;
  }
  const std::uint64_t units = way == Way::lent ? 0 : extent(part, offered.bytes.size());
  return fits(part, units, inner) ? PublishResult::accepted : PublishResult::full;
}

Oracle::Place& Oracle::take(unsigned partition, std::uint64_t units) {
  Part& part = parts_[partition];
  part.units += units;
  Place& place = part.places.emplace_back();
  place.end_units = part.units;
  place.fates.assign(segments_.size(), Fate::alive);
  return place;
}

void Oracle::publish(const Offered& offered, Way way, PublishResult answer) {
  ++counts_.offered;
  if (answer != PublishResult::accepted) {
    ++counts_.refused[at(reason_of(answer))];
    const bool for_caller = answer == PublishResult::full || answer == PublishResult::dropped ||
                            answer == PublishResult::closed;
    if (!for_caller) reject(offered.id, false);
    return;
  }
  const unsigned partition = partition_of(offered);
  const bool spilled = spills(offered, way);
  const bool elsewhere = spilled || way == Way::lent;
  const std::uint64_t units = elsewhere ? 0 : extent(parts_[partition], offered.bytes.size());
  if (units > units_of(offered.bytes.size())) ++wraps_skipped;
  Place& place = take(partition, units);
  place.state = State::event;
  place.offered = offered;
  if (spilled) {
    place.spilled_cost = mi_good_size(offered.bytes.size() + kPadding);
    spill_used_ += place.spilled_cost;
    ++counts_.spilled;
  }
  ++counts_.accepted;
}

Oracle::Claimed Oracle::claim(std::uint64_t bytes, std::uint32_t key) {
  const Offered asked{.key = key, .bytes = std::string(bytes, ' ')};
  Claimed claimed{.partition = partition_of(asked)};
  if (spills(asked, Way::copied) || bytes > world_.options.ring.event_bytes_max) {
    claimed.result = PublishResult::too_large;
  } else if (closed_) {
    claimed.result = PublishResult::closed;
  } else {
    Part& part = parts_[claimed.partition];
    const std::uint64_t units = extent(part, bytes);
    claimed.result = fits(part, units, false) ? PublishResult::accepted : PublishResult::full;
    if (claimed.result == PublishResult::accepted) {
      claimed.sequence = part.places.size();
      take(claimed.partition, units);
      return claimed;
    }
  }
  ++counts_.offered;
  ++counts_.refused[at(reason_of(claimed.result))];
  return claimed;
}

PublishResult Oracle::commit(const Claimed& claim, const Offered& offered) {
  Place& place = parts_[claim.partition].places[claim.sequence];
  ++counts_.offered;
  if (PublishResult door = at_the_door(offered); door != PublishResult::accepted) {
    if (closed_) door = PublishResult::closed;
    ++counts_.refused[at(reason_of(door))];
    if (door != PublishResult::closed) reject(offered.id, false);
    place.state = State::tombstone;
    ++tombstones;
    return door;
  }
  place.state = State::event;
  place.offered = offered;
  ++counts_.accepted;
  return PublishResult::accepted;
}

void Oracle::abandon(const Claimed& claim) {
  parts_[claim.partition].places[claim.sequence].state = State::tombstone;
  ++tombstones;
  ++counts_.offered;
  ++counts_.refused[at(RefuseReason::abandoned)];
}

bool Oracle::reject(History::Id id, bool dead) {
  if (rejects_seen++ == world_.reject_fails_at) {
    give_up();
    return false;
  }
  rejected.emplace_back(id, dead);
  return true;
}

std::size_t Oracle::poll(unsigned partition, std::size_t budget) {
  std::size_t done = 0;
  for (unsigned segment = 0; segment < segments_.size() && !abandoned_; ++segment)
    done += run(partition, segment, budget);
  return done;
}

std::size_t Oracle::round() {
  std::size_t done = 0;
  for (unsigned partition = 0; partition < parts_.size(); ++partition)
    done += poll(partition, world_.options.batch.events);
  return done;
}

std::size_t Oracle::run(unsigned partition, unsigned number, std::size_t budget) {
  Part& part = parts_[partition];
  const Segment& segment = segments_[number];
  const std::uint64_t begin = part.cursors[number];
  std::uint64_t limit = std::min<std::uint64_t>(budget, world_.options.batch.events);
  for (const unsigned before : segment.after) limit = std::min(limit, part.cursors[before] - begin);
  std::uint64_t count = 0;
  while (count < limit && begin + count < part.places.size() &&
         part.places[begin + count].state != State::open)
    ++count;
  if (count == 0) return 0;
  // References into a deque stay good while handlers emit behind its end.
  for (std::uint64_t i = begin; i < begin + count; ++i) {
    Place& place = part.places[i];
    if (place.state == State::tombstone) continue;
    Fate fate = Fate::alive;
    for (const unsigned before : segment.before)
      if (fate == Fate::alive) fate = place.fates[before];
    const bool bad = place.offered.flaw == Offered::Flaw::invalid ||
                     (place.offered.flaw == Offered::Flaw::no_key &&
                      world_.options.on_missing_key == OnMissingKey::refuse);
    if (segment.decodes && bad) {
      fate = Fate::refused;
      if (reject(place.offered.id, false)) {
        place.refused = true;
        --counts_.accepted;
        ++counts_.refused[at(place.offered.flaw == Offered::Flaw::invalid
                                 ? RefuseReason::invalid
                                 : RefuseReason::missing_key)];
      }
    }
    place.fates[number] = fate;
  }
  for (const unsigned stage : segment.stages)
    for (std::uint64_t i = begin; i < begin + count; ++i) {
      Place& place = part.places[i];
      if (place.state == State::event && place.fates[number] == Fate::alive)
        place.fates[number] = decide(partition, place, stage);
    }
  if (abandoned_) return 0;
  if (segment.last && !end_batch(part, begin, count, number)) return 0;
  part.cursors[number] += count;
  return count;
}

Oracle::Fate Oracle::decide(unsigned partition, const Place& place, unsigned stage) {
  // A handler that stops its pipeline is in the midst of a batch: nothing more comes to an end.
  if (handler_calls++ == world_.stops_at_call) give_up();
  switch (place.offered.actions[stage]) {
    case Action::next:
    case Action::slow: break;
    case Action::drop: return Fate::dropped;
    case Action::dead: return Fate::dead;
    case Action::raise:
      return world_.options.stages[stage].on_error == OnError::drop ? Fate::dropped : Fate::dead;
    case Action::emit: emit(partition, place); break;
  }
  return Fate::alive;
}

void Oracle::emit(unsigned partition, const Place& place) {
  const Offered offered = Offered::emitted(
      {.producer = kInnerProducer + partition, .number = next_emitted_[partition]++},
      place.offered.flaw == Offered::Flaw::no_key ? kKeys : place.offered.key);
  const PublishResult result = would(offered, Way::copied, true);
  publish(offered, Way::copied, result);
  emitted.push_back({offered.id, offered.key, result});
}

/// What the last segment does: sinks, then ends. False if a storage failed.
bool Oracle::end_batch(Part& part, std::uint64_t begin, std::uint64_t count, unsigned segment) {
  std::vector<History::Id> alive;
  for (std::uint64_t i = begin; i < begin + count; ++i)
    if (part.places[i].state == State::event && part.places[i].fates[segment] == Fate::alive)
      alive.push_back(part.places[i].offered.id);
  for (const History::Id id : alive) {
    if (sink_seen++ == world_.sink_fails_at) {
      give_up();
      return false;
    }
    sunk.push_back(id);
  }
  for (std::uint64_t i = begin; i < begin + count; ++i) {
    Place& place = part.places[i];
    if (place.state == State::event) {
      if (place.fates[segment] == Fate::dead && !reject(place.offered.id, true)) return false;
      place.ended = true;
      counts_.completed += place.fates[segment] == Fate::alive;
      counts_.dropped += place.fates[segment] == Fate::dropped;
      counts_.dead += place.fates[segment] == Fate::dead;
    }
    spill_used_ -= place.spilled_cost;
  }
  return true;
}

}  // namespace penstock::test
