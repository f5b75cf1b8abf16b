// SPDX-License-Identifier: Apache-2.0
// The Atomics policy of the explorer: what the lock-free core is instantiated with in tests/model.
// Each operation's place in the source comes by a defaulted argument, evaluated where it is called.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "explorer.hpp"

namespace penstock::model {

struct ModelAtomics {
  template <class T>
  class Atomic {
    static_assert(std::is_integral_v<T> && sizeof(T) <= sizeof(std::uint64_t));
    static constexpr std::uint64_t kMask = sizeof(T) == sizeof(std::uint64_t)
                                               ? ~std::uint64_t{0}
                                               : (std::uint64_t{1} << sizeof(T) * 8) - 1;

   public:
    Atomic() noexcept : Atomic(T{}) {}
    Atomic(T value) noexcept : location_(bits(value)) {}  // as std::atomic: not explicit
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    T load(std::memory_order order, const Site& site = Site::current()) const {
      return static_cast<T>(Explorer::current().load(location_, order, site));
    }
    void store(T value, std::memory_order order, const Site& site = Site::current()) {
      Explorer::current().store(location_, bits(value), order, site);
    }
    T exchange(T value, std::memory_order order, const Site& site = Site::current()) {
      return modify(Explorer::Change::exchange, value, order, site);
    }
    T fetch_add(T value, std::memory_order order, const Site& site = Site::current()) {
      return modify(Explorer::Change::add, value, order, site);
    }
    T fetch_sub(T value, std::memory_order order, const Site& site = Site::current()) {
      return modify(Explorer::Change::subtract, value, order, site);
    }
    T fetch_or(T value, std::memory_order order, const Site& site = Site::current()) {
      return modify(Explorer::Change::set_bits, value, order, site);
    }
    T fetch_and(T value, std::memory_order order, const Site& site = Site::current()) {
      return modify(Explorer::Change::clear_bits, value, order, site);
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                               std::memory_order failure, const Site& site = Site::current()) {
      return compare(expected, desired, success, failure, true, site);
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order order,
                               const Site& site = Site::current()) {
      return compare(expected, desired, order, failure_of(order), true, site);
    }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                                 std::memory_order failure, const Site& site = Site::current()) {
      return compare(expected, desired, success, failure, false, site);
    }

   private:
    friend struct ModelAtomics;
    static std::uint64_t bits(T value) noexcept {
      return static_cast<std::uint64_t>(value) & kMask;
    }
    static std::memory_order failure_of(std::memory_order order) noexcept {
      if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
      return order == std::memory_order_release ? std::memory_order_relaxed : order;
    }
    T modify(Explorer::Change change, T value, std::memory_order order, const Site& site) {
      return static_cast<T>(
          Explorer::current().modify(location_, change, bits(value), kMask, order, site));
    }
    bool compare(T& expected, T desired, std::memory_order success, std::memory_order failure,
                 bool weak, const Site& site) {
      std::uint64_t seen = bits(expected);
      const bool done = Explorer::current().compare_exchange(location_, seen, bits(desired),
                                                             success, failure, weak, site);
      expected = static_cast<T>(seen);
      return done;
    }

    mutable Location location_;
  };

  static void plain_read(const void* address, std::size_t bytes,
                         const Site& site = Site::current()) {
    Explorer::current().plain(address, bytes, false, site);
  }
  static void plain_write(const void* address, std::size_t bytes,
                          const Site& site = Site::current()) {
    Explorer::current().plain(address, bytes, true, site);
  }
  static void pause(const Site& site = Site::current()) { Explorer::current().pause(site); }
  static void yield(const Site& site = Site::current()) { Explorer::current().pause(site); }
  static void sleep_ns(std::uint64_t duration_ns, const Site& site = Site::current()) {
    if (duration_ns >= kLongSleepNs) return Explorer::current().sleep_long(site);
    Explorer::current().pause(site);
  }
  /// Runs out of time only as often as the scenario's limits say.
  static bool wait(const Atomic<std::uint32_t>& word, std::uint32_t expected,
                   std::uint64_t timeout_ns, const Site& site = Site::current()) {
    return Explorer::current().park(word.location_, expected, timeout_ns != 0, site);
  }
  static void wake_all(const Atomic<std::uint32_t>& word, const Site& site = Site::current()) {
    Explorer::current().wake_all(word.location_, site);
  }
};

}  // namespace penstock::model
