// SPDX-License-Identifier: Apache-2.0
// The cold end of PENSTOCK_CHECK.
#include <penstock/runtime/base/check.hpp>

#include <cstdio>
#include <cstdlib>

namespace penstock {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "penstock: check failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace penstock
