// SPDX-License-Identifier: Apache-2.0
// What the program's exit says: numbers of sysexits.h where one fits.
#pragma once

#include <penstock/runtime/base/result.hpp>

namespace penstock::cli {

// NOLINTBEGIN(readability-identifier-naming): constants, used without the enum's name.
enum ExitCode : int {
  kFine = 0,
  /// Lost events; refused events, in `inspect` and in `run --strict`; in `bench` an SLO that was
  /// not met, and with --compare a result that is worse; in `tune` an SLO that is held at no rate.
  kCheckFailed = 1,
  kUsage = 2,
  kUnavailable = 69,  ///< something needed is missing or unreachable
  kStorage = 74,      ///< reading or writing failed underway
  kDrainTimedOut = 75,
  kBadConfig = 78,
};
// NOLINTEND(readability-identifier-naming)

[[nodiscard]] constexpr int exit_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_config: return kBadConfig;
    case ErrorCode::usage: return kUsage;
    case ErrorCode::unavailable: return kUnavailable;
    case ErrorCode::storage: return kStorage;
    case ErrorCode::timed_out: return kDrainTimedOut;
  }
  return kCheckFailed;
}

}  // namespace penstock::cli
