// SPDX-License-Identifier: Apache-2.0
#include <penstock/runtime/machine/usage.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace penstock {
namespace {

namespace fs = std::filesystem;

std::uint64_t number_in(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_of("0123456789");
  std::uint64_t number = 0;
  if (begin != std::string_view::npos)
    std::from_chars(text.data() + begin, text.data() + text.size(), number);
  return number;
}

/// The CPU clock of a thread of this process: what pthread_getcpuclockid(3) makes of its id.
clockid_t cpu_clock_of(std::uint64_t id) noexcept {
  constexpr unsigned kPerThread = 4;
  constexpr unsigned kScheduled = 2;
  return static_cast<clockid_t>(~static_cast<unsigned>(id) << 3 | kPerThread | kScheduled);
}

bool read_status(const fs::path& folder, ThreadUsage& usage) {
  std::ifstream file(folder / "status");
  bool any = false;
  for (std::string line; std::getline(file, line); any = true) {
    constexpr std::string_view kName = "Name:\t";
    if (line.starts_with(kName)) usage.name = line.substr(kName.size());
    if (line.starts_with("voluntary_ctxt_switches:")) usage.voluntary_switches = number_in(line);
    if (line.starts_with("nonvoluntary_ctxt_switches:"))
      usage.involuntary_switches = number_in(line);
  }
  return any;
}

}  // namespace

std::vector<ThreadUsage> usage_of_threads() {
  std::vector<ThreadUsage> threads;
  std::error_code failed;
  for (fs::directory_iterator task("/proc/self/task", failed), end; !failed && task != end;
       task.increment(failed)) {
    ThreadUsage usage;
    usage.id = number_in(task->path().filename().string());
    timespec cpu{};
    // A thread may end between these three.
    if (::clock_gettime(cpu_clock_of(usage.id), &cpu) != 0 || !read_status(task->path(), usage))
      continue;
    usage.cpu_ns = static_cast<std::uint64_t>(cpu.tv_sec) * 1'000'000'000 +
                   static_cast<std::uint64_t>(cpu.tv_nsec);
    threads.push_back(std::move(usage));
  }
  std::ranges::sort(threads, {}, &ThreadUsage::id);
  return threads;
}

std::vector<ThreadUsage> usage_between(const std::vector<ThreadUsage>& before,
                                       const std::vector<ThreadUsage>& after) {
  std::vector<ThreadUsage> used;
  for (ThreadUsage usage : after) {
    const auto earlier = std::ranges::find(before, usage.id, &ThreadUsage::id);
    if (earlier != before.end()) {
      usage.cpu_ns -= earlier->cpu_ns;
      usage.voluntary_switches -= earlier->voluntary_switches;
      usage.involuntary_switches -= earlier->involuntary_switches;
    }
    used.push_back(std::move(usage));
  }
  return used;
}

}  // namespace penstock
