// SPDX-License-Identifier: Apache-2.0
// What each thread of this process has used so far: CPU time and context switches. Two readings and
// their difference tell what something cost, and which thread paid for it.
// Any thread. Cost: two small files and a system call for each thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace penstock {

struct ThreadUsage {
  std::string name;  ///< as ThreadOptions::name gave it
  std::uint64_t id = 0;
  std::uint64_t cpu_ns = 0;
  std::uint64_t voluntary_switches = 0;    ///< it waited for something
  std::uint64_t involuntary_switches = 0;  ///< somebody else was given its CPU
};

/// All threads that this process has at the moment, by id. Source: proc(5), task/[tid]/status, and
/// the CPU clock of each thread (clock_getres(2)).
[[nodiscard]] std::vector<ThreadUsage> usage_of_threads();

/// What was used in between by each thread that is in both; one that is in `after` alone has begun
/// since.
[[nodiscard]] std::vector<ThreadUsage> usage_between(const std::vector<ThreadUsage>& before,
                                                     const std::vector<ThreadUsage>& after);

}  // namespace penstock
