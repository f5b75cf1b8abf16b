// SPDX-License-Identifier: Apache-2.0
// Assertions about what a programmer got wrong. What data, disks, peers or users can cause is an
// error value instead (result.hpp).
// PENSTOCK_CHECK is always on: once a batch and at boundaries.
// PENSTOCK_DCHECK costs too much for every event of a release: it is on when PENSTOCK_DCHECKS is 1,
// a PUBLIC compile definition of penstock_runtime, so that all objects of a program agree.
#pragma once

namespace penstock {

/// Prints the condition and the place on stderr and aborts.
[[noreturn, gnu::cold]] void check_failed(const char* condition, const char* file,
                                          int line) noexcept;

}  // namespace penstock

#define PENSTOCK_CHECK(condition)                               \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::penstock::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

#if defined(PENSTOCK_DCHECKS) && PENSTOCK_DCHECKS
#define PENSTOCK_DCHECK(condition) PENSTOCK_CHECK(condition)
#else
#define PENSTOCK_DCHECK(condition) \
  do {                             \
  } while (false)
#endif
