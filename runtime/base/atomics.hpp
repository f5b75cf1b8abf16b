// SPDX-License-Identifier: Apache-2.0
// The port through which the lock-free core reaches everything that another thread can see:
// atomics, plain shared memory, parking. The core (ring/, wait/) is a template over this policy, so
// that tests/model runs the same source under a schedule explorer. The product uses StdAtomics,
// which adds no instruction to a hand-written std::atomic.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace penstock {

/// Words that different threads write stand so far apart: two lines of 64 bytes, for the prefetcher
/// of x86 fetches lines in aligned pairs, and a word in the other one of a pair would be taken from
/// its owner along with this one; some ARM cores have lines of 128. A constant of ours and not
/// std::hardware_destructive_interference_size, which changes with -mtune, and layouts with it.
inline constexpr std::size_t kControlBytes = 128;

/// The product's policy: std::atomic, and a futex word to wait on.
struct StdAtomics {
  template <class T>
  using Atomic = std::atomic<T>;

  /// Plain memory that threads hand to each other: the explorer checks these for races.
  static void plain_read(const void*, std::size_t) noexcept {}
  static void plain_write(const void*, std::size_t) noexcept {}

  /// Tells the core that this thread spins.
  static void pause() noexcept {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  static void yield() noexcept;
  static void sleep_ns(std::uint64_t duration_ns) noexcept;

  /// Waits while `word` holds `expected`, at most `timeout_ns` (0: without limit). Returns false
  /// only if the time ran out. Spurious returns are allowed. Any thread.
  static bool wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                   std::uint64_t timeout_ns) noexcept;
  static void wake_all(const std::atomic<std::uint32_t>& word) noexcept;
};

}  // namespace penstock
