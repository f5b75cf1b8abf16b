// SPDX-License-Identifier: Apache-2.0
// PENSTOCK_BUILD_TYPE comes from the build as a definition; source_revision() from a source file
// that the build writes (cmake/revision.cmake).
#include <penstock/runtime/machine/facts.hpp>

#include <fstream>
#include <string_view>

#include <sys/utsname.h>
#include <unistd.h>

#include <penstock/runtime/machine/cpu.hpp>

#if !defined(PENSTOCK_BUILD_TYPE)
#define PENSTOCK_BUILD_TYPE "unknown"
#endif

namespace penstock {
namespace {

constexpr const char* kUnknown = "unknown";

#if defined(__clang__)
constexpr const char* kCompiler = "clang " __clang_version__;
#elif defined(__GNUC__)
constexpr const char* kCompiler = "gcc " __VERSION__;
#else
constexpr const char* kCompiler = kUnknown;
#endif

/// What /proc/cpuinfo says of the first CPU (proc(5)); empty if it has no such line.
std::string cpuinfo(const std::string& root, std::string_view key) {
  std::ifstream file(root + "proc/cpuinfo");
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with(key)) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? std::string() : line.substr(begin);
  }
  return {};
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) && !line.empty() ? line : kUnknown;
}

std::string kernel() {
  utsname name{};
  if (::uname(&name) != 0) return kUnknown;
  return std::string(name.sysname).append(" ").append(name.release);
}

}  // namespace

MachineFacts machine_facts(const std::string& root) {
  MachineFacts facts;
  facts.cpu = cpuinfo(root, "model name");
  if (facts.cpu.empty()) facts.cpu = cpuinfo(root, "CPU implementer");  // 64-bit Arm has no name
  if (facts.cpu.empty()) facts.cpu = kUnknown;
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  facts.cpus_online = online > 0 ? static_cast<unsigned>(online) : 0;
  facts.cpus_ours = read_cpu_limits(root).explain();
  facts.virtual_machine =
      (' ' + cpuinfo(root, "flags") + ' ').find(" hypervisor ") != std::string::npos;
  facts.kernel = kernel();
  facts.governor = first_line(root + "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  facts.compiler = kCompiler;
  facts.build = PENSTOCK_BUILD_TYPE;
  facts.revision = source_revision();
  return facts;
}

}  // namespace penstock
