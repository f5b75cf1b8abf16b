// SPDX-License-Identifier: Apache-2.0
#include <penstock/runtime/machine/cpu.hpp>

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

namespace penstock {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kCpusMost = 4096;  // more in a list is a malformed file

/// A mounted cgroup hierarchy: where, and which part of it is seen there.
struct Hierarchy {
  bool v2 = false;
  fs::path mount_point;
  std::string root = "/";
  std::string path;  ///< of this process
};

std::vector<std::string> words_of(const std::string& line, char separator = ' ') {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; std::getline(stream, word, separator);)
    if (!word.empty()) words.push_back(word);
  return words;
}

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool has(const std::string& list, std::string_view word) {
  const std::vector<std::string> words = words_of(list, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// "0-3,8" as in Cpus_allowed_list.
std::vector<unsigned> cpu_list(const std::string& text) {
  std::vector<unsigned> cpus;
  for (const std::string& part : words_of(text, ',')) {
    const std::size_t dash = part.find('-');
    const auto first = number_of<unsigned>(std::string_view(part).substr(0, dash));
    const auto last = dash == std::string::npos
                          ? first
                          : number_of<unsigned>(std::string_view(part).substr(dash + 1));
    if (!first || !last || *last >= kCpusMost) continue;
    for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

/// The kernel refuses a set that is smaller than its own, so the set grows until it does not.
std::vector<unsigned> own_affinity() {
  for (unsigned most = CPU_SETSIZE; most <= kCpusMost; most *= 2) {
    std::vector<cpu_set_t> set(most / CPU_SETSIZE);
    const std::size_t bytes = set.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, set.data()) != 0) continue;
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < most; ++cpu)
      if (CPU_ISSET_S(cpu, bytes, set.data())) cpus.push_back(cpu);
    return cpus;
  }
  return {0};
}

std::vector<unsigned> affinity(const fs::path& root) {
  if (root == "/") return own_affinity();
  for (const std::string& line : lines_of(root / "proc/self/status")) {
    constexpr std::string_view kKey = "Cpus_allowed_list:";
    if (!line.starts_with(kKey)) continue;
    std::string list = line.substr(kKey.size());
    list.erase(
        std::remove_if(list.begin(), list.end(), [](char c) { return c == ' ' || c == '\t'; }),
        list.end());
    std::vector<unsigned> cpus = cpu_list(list);
    if (!cpus.empty()) return cpus;
  }
  return own_affinity();
}

/// Hierarchies with a cpu controller, from proc/self/mountinfo: fields up to " - ", then type,
/// source, and options of the superblock.
std::vector<Hierarchy> mounted(const fs::path& root) {
  std::vector<Hierarchy> found;
  for (const std::string& line : lines_of(root / "proc/self/mountinfo")) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const std::vector<std::string> mount = words_of(line.substr(0, dash));
    const std::vector<std::string> type = words_of(line.substr(dash + 3));
    if (mount.size() < 5 || type.empty()) continue;
    const bool v2 = type[0] == "cgroup2";
    const bool v1 = type[0] == "cgroup" && type.size() >= 3 && has(type[2], "cpu");
    if (!v2 && !v1) continue;
    found.push_back({.v2 = v2,
                     .mount_point = root / fs::path(mount[4]).relative_path(),
                     .root = mount[3],
                     .path = {}});
  }
  return found;
}

bool shows_cgroup(const Hierarchy& hierarchy) {
  const std::string& path = hierarchy.path;
  const std::string& root = hierarchy.root;
  return root == "/" ||
         (path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/'));
}

/// The cgroup of this process in each hierarchy, from proc/self/cgroup: "number:controllers:path".
/// Where the same hierarchy is mounted more than once, mounts that show other cgroups do not count.
std::vector<Hierarchy> own_cgroups(const fs::path& root) {
  std::vector<Hierarchy> hierarchies = mounted(root);
  for (const std::string& line : lines_of(root / "proc/self/cgroup")) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    for (Hierarchy& hierarchy : hierarchies)
      if (hierarchy.v2 ? controllers.empty() : has(controllers, "cpu"))
        hierarchy.path = line.substr(second + 1);
  }
  for (const bool v2 : {false, true}) {
    const auto shows = [&](const Hierarchy& hierarchy) {
      return hierarchy.v2 == v2 && shows_cgroup(hierarchy);
    };
    if (std::none_of(hierarchies.begin(), hierarchies.end(), shows)) continue;
    hierarchies.erase(std::remove_if(hierarchies.begin(), hierarchies.end(),
                                     [&](const Hierarchy& hierarchy) {
                                       return hierarchy.v2 == v2 && !shows_cgroup(hierarchy);
                                     }),
                      hierarchies.end());
  }
  return hierarchies;
}

/// Where the cgroup lies below the mount point: what is mounted may be a part of the hierarchy, in
/// a namespace the path may lead out of it, and what is not shown counts by its nearest ancestor.
fs::path directory_of(const Hierarchy& hierarchy) {
  std::string path = hierarchy.path;
  if (hierarchy.root != "/" && shows_cgroup(hierarchy)) path.erase(0, hierarchy.root.size());
  const fs::path inside = fs::path(path).relative_path();
  if (std::find(inside.begin(), inside.end(), "..") != inside.end()) return hierarchy.mount_point;
  fs::path directory = hierarchy.mount_point / inside;
  std::error_code ignored;
  while (directory != hierarchy.mount_point && !fs::is_directory(directory, ignored))
    directory = directory.parent_path();
  return directory;
}

std::optional<double> in_cpus(std::optional<double> quota, std::optional<double> period) {
  if (!quota || !period || !std::isfinite(*quota) || !std::isfinite(*period)) return std::nullopt;
  if (*quota <= 0 || *period <= 0) return std::nullopt;  // v1 says -1 for none
  return *quota / *period;
}

/// "max 100000" or "50000 100000".
std::optional<double> quota_v2(const fs::path& directory) {
  const std::vector<std::string> lines = lines_of(directory / "cpu.max");
  if (lines.empty()) return std::nullopt;
  const std::vector<std::string> words = words_of(lines[0]);
  if (words.empty() || words.size() > 2) return std::nullopt;
  return in_cpus(number_of<double>(words[0]),
                 words.size() == 2 ? number_of<double>(words[1]) : 100'000.0);
}

std::optional<double> quota_v1(const fs::path& directory) {
  const auto value = [&](const char* name) -> std::optional<double> {
    const std::vector<std::string> lines = lines_of(directory / name);
    return lines.empty() ? std::nullopt : number_of<double>(lines[0]);
  };
  return in_cpus(value("cpu.cfs_quota_us"), value("cpu.cfs_period_us"));
}

}  // namespace

unsigned CpuLimits::effective() const noexcept {
  const auto count = static_cast<unsigned>(std::max<std::size_t>(cpus.size(), 1));
  if (quota >= count) return count;
  return std::max(1U, static_cast<unsigned>(quota));
}

unsigned CpuLimits::spinning_max() const noexcept { return quota < 1 ? 0 : effective(); }

std::string CpuLimits::explain() const {
  return fmt::format("{} effective CPU{} (affinity {}, quota {})", effective(),
                     effective() == 1 ? "" : "s", cpus.size(),
                     std::isinf(quota) ? "none" : fmt::format("{:.3g}", quota));
}

CpuLimits read_cpu_limits(const std::string& root) {
  CpuLimits limits;
  limits.cpus = affinity(root);
  for (const Hierarchy& hierarchy : own_cgroups(root)) {
    fs::path directory = directory_of(hierarchy);
    for (;;) {
      const std::optional<double> quota = hierarchy.v2 ? quota_v2(directory) : quota_v1(directory);
      if (quota) limits.quota = std::min(limits.quota, *quota);
      if (directory == hierarchy.mount_point || !directory.has_relative_path()) break;
      directory = directory.parent_path();
    }
  }
  return limits;
}

}  // namespace penstock
