// SPDX-License-Identifier: Apache-2.0
// `penstock bench CONFIG`: an open-loop load against the pipeline of a config, and what came of it:
// in words or as JSON on standard output, progress on standard error. --compare looks at two
// results that were kept. Exit codes: exit_code.hpp.
// The main thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <penstock/io/load/load_result.hpp>

namespace penstock::cli {

struct BenchArguments {
  std::string command;  ///< the whole call, as a shell takes it
  std::string config;
  LoadOptions load;
  unsigned repeat = 1;
  std::string events;                  ///< file; empty: as the config says, else generated
  std::optional<unsigned> partitions;  ///< instead of the config's; 0: automatic
  std::string slo;                     ///< empty: none
  bool find_max = false;
  std::vector<std::string> compare;  ///< two results instead of a config, or none
  // Files to write; empty: none.
  std::string out;
  std::string html;
  std::string hgrm;
  std::string hlog;
  bool json = false;
};

/// Returns the exit code.
[[nodiscard]] int bench(const BenchArguments& arguments);

}  // namespace penstock::cli
