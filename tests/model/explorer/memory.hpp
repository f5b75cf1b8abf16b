// SPDX-License-Identifier: Apache-2.0
// Memory as the C++20 model lets threads see it: each atomic keeps its last stores, and a load may
// return any of them that coherence and happens-before do not forbid.
// 1. A store's clock is what its release hands over; read-modify-writes read the latest store and
//    pass on what it handed over (release sequences, [intro.races]). The releasing thread's clock
//    ticks behind its release: what it does next, plain accesses too, was not handed over.
// 2. A thread sees no store older than one that itself, or an event that happens before, has seen
//    or made.
// 3. The modification order is the order of execution. Where two stores to one atomic are not
//    ordered otherwise, that leaves outcomes out: such a store is counted (Memory::unordered).
// 4. Loads take effect in program order: no load returns a store that is executed later (no load
//    buffering).
// The shape of it, histories with clocks: Norris and Demsky, "CDSChecker", OOPSLA 2013; Luo and
// Demsky, "C11Tester", ASPLOS 2021. Races on plain data: Flanagan and Freund, "FastTrack", PLDI
// 2009.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <vector>

#include "vector_clock.hpp"

namespace penstock::model {

using Site = std::source_location;

/// One atomic. Its last kHistory stores.
struct Location {
  static constexpr unsigned kHistory = 16;
  struct Store {
    std::uint64_t value;
    VectorClock released;                          ///< what an acquire takes over
    std::array<Epoch, kThreadsMax> seen;           ///< when each thread first saw it
    std::array<std::uint8_t, kThreadsMax> passed;  ///< how often each thread read an older one
  };

  explicit Location(std::uint64_t value) noexcept;
  Location(const Location&) = delete;
  Location& operator=(const Location&) = delete;

  [[nodiscard]] Store& store_at(unsigned index) noexcept { return history[index % kHistory]; }
  [[nodiscard]] Store& latest() noexcept { return store_at(count - 1); }

  std::array<Store, kHistory> history;
  unsigned count;         ///< stores made
  unsigned last_seq_cst;  ///< behind the last seq_cst store; 0: none
  unsigned id;
  std::array<std::uint32_t, kThreadsMax> looked{};  ///< in which stretch of each thread's pauses
  // Of the last plain store (not a read-modify-write).
  unsigned writer;
  Epoch written;
  // Of the partial-order reduction: the last accesses in this schedule.
  VectorClock write_order;
  VectorClock read_order;
  std::array<Epoch, kThreadsMax> read_depth;
  Epoch write_depth;
  unsigned write_thread;
};

/// The clocks of all threads and the plain memory they share, for one schedule.
class Memory {
 public:
  struct Race {
    unsigned threads[2];
    Site sites[2];
    bool writes[2];
  };

  /// Forgets everything. `granule_shift`: plain memory is checked by pieces of 2^shift bytes.
  void reset(unsigned granule_shift) noexcept;
  /// The clocks of two threads meet: a start, or a join.
  void order(unsigned before, unsigned after) noexcept {
    clocks_[after].join(clocks_[before]);
    tick(before);
  }
  /// A new event of the thread.
  void tick(unsigned thread) noexcept { ++clocks_[thread].at[thread]; }

  /// How many stores a load may choose from; 0 is the latest, each further one older.
  [[nodiscard]] unsigned visible(Location& location, unsigned thread, std::memory_order order,
                                 unsigned stale_max) const noexcept;
  std::uint64_t load(Location& location, unsigned thread, std::memory_order order,
                     unsigned age) noexcept;
  /// Whether no older store that the thread could have read has the value of the latest: whatever
  /// bounds its loads, a compare-exchange of that value could not have found it before.
  [[nodiscard]] bool only_latest_has_its_value(Location& location, unsigned thread) const noexcept;
  void store(Location& location, unsigned thread, std::memory_order order,
             std::uint64_t value) noexcept;
  /// Reads the latest and writes `value` behind it. `only_there`: it could stand nowhere else,
  /// since no older store has the value that a compare-exchange wanted.
  void modify(Location& location, unsigned thread, std::memory_order order, std::uint64_t value,
              bool only_there) noexcept;

  /// Accesses plain memory. False if that races with an earlier access; then race() tells.
  bool access(const void* address, std::size_t bytes, bool write, unsigned thread,
              const Site& site) noexcept;
  [[nodiscard]] const Race& race() const noexcept { return race_; }
  /// Stores whose place in the modification order was not forced.
  [[nodiscard]] std::uint64_t unordered() const noexcept { return unordered_; }
  unsigned next_location_id() noexcept { return location_ids_++; }

 private:
  struct Granule {
    std::uintptr_t key = 0;
    std::uint32_t generation = 0;
    std::uint8_t writer = 0;
    Epoch written = 0;
    Site write_site;
    std::array<Epoch, kThreadsMax> reads{};
    std::array<Site, kThreadsMax> read_sites;
  };
  static constexpr std::size_t kGranules = 4096;

  Granule& granule(std::uintptr_t key) noexcept;
  bool read_granule(Granule& granule, unsigned thread, const Site& site) noexcept;
  bool write_granule(Granule& granule, unsigned thread, const Site& site) noexcept;
  void append(Location& location, unsigned thread, std::uint64_t value,
              const VectorClock& released) noexcept;

  std::array<VectorClock, kThreadsMax> clocks_{};
  std::vector<Granule> granules_ = std::vector<Granule>(kGranules);
  std::uint32_t generation_ = 0;
  unsigned granule_shift_ = 3;
  unsigned location_ids_ = 0;
  std::uint64_t unordered_ = 0;
  Race race_{};
};

}  // namespace penstock::model
