// SPDX-License-Identifier: Apache-2.0
// What a measurement was made on: figures without machine, kernel, compiler and source say nothing.
// Read when asked, from any thread; what cannot be read is told as "unknown".
#pragma once

#include <string>

namespace penstock {

struct MachineFacts {
  std::string cpu;           ///< "AMD EPYC-Milan Processor"
  unsigned cpus_online = 0;  ///< of the machine
  std::string cpus_ours;     ///< "2 effective CPUs (affinity 2, quota none)"
  bool virtual_machine = false;
  std::string kernel;    ///< "Linux 6.1.0-18-amd64"
  std::string governor;  ///< of the first CPU; "unknown" in most virtual machines
  std::string compiler;  ///< "gcc 12.2.0"
  std::string build;     ///< "Release"
  std::string revision;  ///< of the source, from git; "-dirty" where it was changed
};

/// `root` is where proc/ and sys/ are looked for; tests give a tree of their own.
[[nodiscard]] MachineFacts machine_facts(const std::string& root = "/");

/// What this library was built of: "3f2a1bc", "3f2a1bc-dirty"; "unknown" without git.
[[nodiscard]] const char* source_revision() noexcept;

}  // namespace penstock
