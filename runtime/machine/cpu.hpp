// SPDX-License-Identifier: Apache-2.0
// How many CPUs this process may really use: its affinity mask, and the CPU quotas of its cgroup
// and of every ancestor. In a container the hardware's count is a lie that costs 25 ms stalls.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace penstock {

/// What the machine, the affinity mask and the cgroups leave to this process.
struct CpuLimits {
  std::vector<unsigned> cpus;  ///< ids of the affinity mask; they need not start at 0
  double quota = std::numeric_limits<double>::infinity();  ///< in CPUs; the least of all ancestors

  /// CPUs worth a thread each: min(mask, floor(quota)), never zero. A part of a CPU is no CPU: the
  /// second thread of a quota of 1.5 would be stopped for a third of each period.
  [[nodiscard]] unsigned effective() const noexcept;
  /// How many threads may spin: as effective(), but none under a quota of one.
  [[nodiscard]] unsigned spinning_max() const noexcept;
  /// "2 effective CPUs (affinity 4, quota 2.5)".
  [[nodiscard]] std::string explain() const;
};

/// Reads the limits of this process. `root` is where proc/ and sys/ are looked for; tests give a
/// tree of their own, in which proc/self/status stands for the affinity mask. What is absent,
/// unreadable or malformed limits nothing. Formats: proc(5), cgroups(7), the kernel's cgroup-v2 and
/// CFS bandwidth documents.
[[nodiscard]] CpuLimits read_cpu_limits(const std::string& root = "/");

}  // namespace penstock
