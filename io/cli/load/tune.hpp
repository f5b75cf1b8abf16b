// SPDX-License-Identifier: Apache-2.0
// `penstock tune CONFIG`: looks for a better config within a time budget, and says what it found on
// standard output, in words or as JSON; progress on standard error. The new config goes to --out,
// and only if it was confirmed: the given file stays as it is.
// The main thread only.
#pragma once

#include <chrono>
#include <string>

#include <penstock/io/load/tune/tuner.hpp>

namespace penstock::cli {

struct TuneArguments {
  std::string config;
  TuneOptions tune;                      ///< but what comes from the fields below
  std::chrono::nanoseconds budget{0};    ///< 0: by what it is tuned for
  std::chrono::nanoseconds duration{0};  ///< of a run; 0: from the budget
  std::string slo;                       ///< empty: none
  std::string events;                    ///< file; empty: as the config says, else generated
  std::string out;                       ///< file for the new config; empty: none
  std::string command;                   ///< the whole command line, for the new config's head
  bool json = false;
};

/// Returns the exit code.
[[nodiscard]] int tune(const TuneArguments& arguments);

}  // namespace penstock::cli
