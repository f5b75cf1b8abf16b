// SPDX-License-Identifier: Apache-2.0
// penstock_bench_commit.hpp is written by the build.
#include "facts.hpp"

#include <sys/utsname.h>

#include <fstream>
#include <string>

#include <penstock_bench_commit.hpp>

namespace penstock::bench {
namespace {

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const std::size_t at = line.find_first_not_of(" \t", line.find(':') + 1);
    return at == std::string::npos ? "unknown" : line.substr(at);
  }
  return "unknown";
}

}  // namespace

MachineFacts machine_facts(int argument_count, char** arguments, const Cores& cores) {
  MachineFacts facts;
  facts.cpu = cpu_name();
  if (utsname names{}; ::uname(&names) == 0)
    facts.kernel = std::string(names.sysname) + ' ' + names.release;
#if defined(__clang__)
  facts.compiler = "clang " __clang_version__;
#else
  facts.compiler = "gcc " __VERSION__;
#endif
  facts.commit = kCommit;
  for (int i = 0; i < argument_count; ++i) {
    if (i != 0) facts.command += ' ';
    facts.command += arguments[i];
  }
  facts.cores = cores;
  return facts;
}

}  // namespace penstock::bench
