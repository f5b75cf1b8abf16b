// SPDX-License-Identifier: Apache-2.0
#include "coverage.hpp"

namespace penstock::test {

const char* Coverage::name_of(unsigned what) {
  constexpr std::array<const char*, kCount> kNames = {"accepted",
                                                      "completed",
                                                      "dropped",
                                                      "dead",
                                                      "left in flight",
                                                      "refused: full",
                                                      "refused: dropped",
                                                      "refused: closed",
                                                      "refused: too large",
                                                      "refused: invalid",
                                                      "refused: missing key",
                                                      "publishes that waited",
                                                      "publishes that timed out",
                                                      "publishes with a limit of their own",
                                                      "publishes whose ring was closed meanwhile",
                                                      "spilled",
                                                      "lent",
                                                      "claims committed",
                                                      "claims given up",
                                                      "claims that ended while a stop drained",
                                                      "ends of the arena skipped",
                                                      "emitted by handlers",
                                                      "emitted and refused",
                                                      "handlers that threw",
                                                      "sinks that failed",
                                                      "rejects that failed",
                                                      "stops in the middle",
                                                      "stops with open claims",
                                                      "stops with publishes that wait",
                                                      "stops by a handler",
                                                      "stops by a producer that waits for room",
                                                      "stops whose deadline passed",
                                                      "stops that drained",
                                                      "pipelines abandoned",
                                                      "pipelines destroyed",
                                                      "seeds run twice"};
  return kNames[what];
}

}  // namespace penstock::test
