// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"

#include <climits>
#include <cstdlib>

#include "explorer.hpp"

namespace penstock::model {
namespace {

bool acquires(std::memory_order order) noexcept {
  return order == std::memory_order_acquire || order == std::memory_order_consume ||
         order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}

bool releases(std::memory_order order) noexcept {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

}  // namespace

Location::Location(std::uint64_t value) noexcept
    : count(0), last_seq_cst(0), id(0), writer(0), written(0), write_depth(0), write_thread(0) {
  read_depth.fill(0);
  Explorer::current().adopt(*this, value);
}

void Memory::reset(unsigned granule_shift) noexcept {
  clocks_ = {};
  ++generation_;
  granule_shift_ = granule_shift;
  location_ids_ = 0;
}

unsigned Memory::visible(Location& location, unsigned thread, std::memory_order order,
                         unsigned stale_max) const noexcept {
  const VectorClock& past = clocks_[thread];
  const unsigned oldest =
      location.count > Location::kHistory ? location.count - Location::kHistory : 0;
  unsigned index = location.count - 1;
  for (; index > oldest; --index) {
    const Location::Store& store = location.store_at(index);
    if (past.covers_any(store.seen) || store.passed[thread] >= stale_max) break;
    // A seq_cst load sees the last seq_cst store or a later one.
    if (order == std::memory_order_seq_cst && index + 1 == location.last_seq_cst) break;
  }
  return location.count - index;
}

bool Memory::only_latest_has_its_value(Location& location, unsigned thread) const noexcept {
  const unsigned stores = visible(location, thread, std::memory_order_relaxed, UINT_MAX);
  for (unsigned age = 1; age < stores; ++age)
    if (location.store_at(location.count - 1 - age).value == location.latest().value) return false;
  // What stood before the history is not known.
  return stores < Location::kHistory || location.count == stores;
}

std::uint64_t Memory::load(Location& location, unsigned thread, std::memory_order order,
                           unsigned age) noexcept {
  const unsigned index = location.count - 1 - age;
  for (unsigned newer = index + 1; newer < location.count; ++newer)
    ++location.store_at(newer).passed[thread];
  Location::Store& store = location.store_at(index);
  VectorClock& past = clocks_[thread];
  if (store.seen[thread] == kNever) store.seen[thread] = past.at[thread];
  if (acquires(order)) past.join(store.released);
  return store.value;
}

void Memory::append(Location& location, unsigned thread, std::uint64_t value,
                    const VectorClock& released) noexcept {
  Location::Store& store = location.store_at(location.count++);
  store.value = value;
  store.released = released;
  store.seen.fill(kNever);
  store.seen[thread] = clocks_[thread].at[thread];
  store.passed.fill(0);
}

void Memory::store(Location& location, unsigned thread, std::memory_order order,
                   std::uint64_t value) noexcept {
  if (location.count != 0 && !clocks_[thread].covers_any(location.latest().seen)) ++unordered_;
  append(location, thread, value, releases(order) ? clocks_[thread] : VectorClock{});
  location.writer = thread;
  location.written = clocks_[thread].at[thread];
  if (order == std::memory_order_seq_cst) location.last_seq_cst = location.count;
  if (releases(order)) tick(thread);
}

void Memory::modify(Location& location, unsigned thread, std::memory_order order,
                    std::uint64_t value, bool only_there) noexcept {
  VectorClock& past = clocks_[thread];
  Location::Store& before = location.latest();
  if (!only_there && !past.covers(location.writer, location.written) &&
      !past.covers_any(before.seen))
    ++unordered_;
  if (before.seen[thread] == kNever) before.seen[thread] = past.at[thread];
  if (acquires(order)) past.join(before.released);
  VectorClock released = before.released;
  if (releases(order)) released.join(past);
  append(location, thread, value, released);
  if (order == std::memory_order_seq_cst) location.last_seq_cst = location.count;
  if (releases(order)) tick(thread);
}

Memory::Granule& Memory::granule(std::uintptr_t key) noexcept {
  std::size_t at = (key * 0x9E3779B97F4A7C15ULL >> 40) % kGranules;
  for (std::size_t tries = 0; tries < kGranules; ++tries, at = (at + 1) % kGranules) {
    Granule& granule = granules_[at];
    if (granule.generation != generation_) {
      granule.generation = generation_;
      granule.key = key;
      granule.writer = 0;
      granule.written = 0;
      granule.reads.fill(0);
      return granule;
    }
    if (granule.key == key) return granule;
  }
  std::abort();  // a scenario that shares this much plain memory is too large to explore
}

bool Memory::read_granule(Granule& granule, unsigned thread, const Site& site) noexcept {
  const VectorClock& past = clocks_[thread];
  if (!past.covers(granule.writer, granule.written)) {
    race_ = {{granule.writer, thread}, {granule.write_site, site}, {true, false}};
    return false;
  }
  granule.reads[thread] = past.at[thread];
  granule.read_sites[thread] = site;
  return true;
}

bool Memory::write_granule(Granule& granule, unsigned thread, const Site& site) noexcept {
  const VectorClock& past = clocks_[thread];
  if (!past.covers(granule.writer, granule.written)) {
    race_ = {{granule.writer, thread}, {granule.write_site, site}, {true, true}};
    return false;
  }
  for (unsigned reader = 0; reader < kThreadsMax; ++reader) {
    if (past.covers(reader, granule.reads[reader])) continue;
    race_ = {{reader, thread}, {granule.read_sites[reader], site}, {false, true}};
    return false;
  }
  granule.writer = static_cast<std::uint8_t>(thread);
  granule.written = past.at[thread];
  granule.write_site = site;
  granule.reads.fill(0);  // all of them are in this write's past
  return true;
}

bool Memory::access(const void* address, std::size_t bytes, bool write, unsigned thread,
                    const Site& site) noexcept {
  if (bytes == 0) return true;
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  for (std::uintptr_t key = begin >> granule_shift_; key <= (begin + bytes - 1) >> granule_shift_;
       ++key) {
    Granule& at = granule(key);
    if (!(write ? write_granule(at, thread, site) : read_granule(at, thread, site))) return false;
  }
  return true;
}

}  // namespace penstock::model
