// SPDX-License-Identifier: Apache-2.0
// What `bench --compare` reads back of a result that `bench --format json` wrote.
// One thread.
#pragma once

#include <string>
#include <vector>

#include <penstock/runtime/base/result.hpp>

namespace penstock {

struct SavedRun {
  double rate_achieved = 0;
  double p50_ns = 0;
  double p99_ns = 0;
  double p999_ns = 0;
  double max_ns = 0;
  double events = 0;  ///< whose latencies these are
  double cpu_s_per_million = 0;
  bool kept_up = true;
};

struct SavedResult {
  std::string path;
  std::string pipeline;
  std::string shape;
  double rate_asked = 0;
  double seconds = 0;
  double burst = 0;
  double warmup_s = 0;
  double partitions = 0;
  std::string slo;  ///< of a search
  std::string config;
  std::string events;
  std::string cpu;
  std::string kernel;
  std::string compiler;
  std::string build;
  std::string revision;
  bool is_search = false;
  bool interrupted = false;
  std::vector<double> rates_found;  ///< by each search of --find-max; 0: no rate held
  std::vector<SavedRun> runs;
};

/// Errors: unavailable (cannot be read, or no such result in it), with the file and the member that
/// is missing.
[[nodiscard]] Result<SavedResult> read_saved_result(const std::string& path);

}  // namespace penstock
