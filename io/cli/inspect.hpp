// SPDX-License-Identifier: Apache-2.0
// `penstock inspect FILE`: decodes each line as the pipeline would and tells what it would refuse,
// with the reason; warns of what other systems may not take. Exit code 1 if an event would be
// refused. The main thread only.
#pragma once

#include <cstdint>
#include <string>

#include <penstock/pipeline/decode/decoder.hpp>

namespace penstock::cli {

struct InspectArguments {
  std::string path;  ///< "-": standard input
  DecoderOptions decoder;
  bool json = false;
};

/// Returns the exit code.
[[nodiscard]] int inspect(const InspectArguments& arguments);

}  // namespace penstock::cli
