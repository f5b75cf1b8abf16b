// SPDX-License-Identifier: Apache-2.0
// What of a config the tuner may turn, and to what: choices around the values that the config has,
// as far as this machine can run them and the config's text can be changed to them.
// 1. Each choice is a list of changes to the given config; the given choice has none.
// 2. Choices of different knobs change different keys, so that they go together in any way.
// 3. What is left out is told with its reason.
// Plain values, one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <penstock/io/config/rewrite.hpp>
#include <penstock/pipeline/flow/plan.hpp>
#include <penstock/runtime/base/result.hpp>

namespace penstock {

struct KnobChoice {
  std::string label;  ///< "256 events"
  std::vector<ConfigChange> changes;
};

struct Knob {
  std::string name;  ///< "batch"
  bool ordered = false;
  std::size_t given = 0;
  std::vector<KnobChoice> choices;
};

struct Knobs {
  std::vector<Knob> all;              ///< those with more than one choice
  std::vector<std::string> left_out;  ///< sentences
};

struct KnobsInput {
  const Config* config = nullptr;
  std::string_view text;  ///< of the config
  Plan plan;              ///< of the config, on this machine
  unsigned cpus = 1;      ///< effective ones
  double event_bytes_mean = 0;
  std::vector<std::string> keep;  ///< names of knobs that are not to be turned
  /// False where stages are code of another program that nobody runs here: then where they are best
  /// divided cannot be seen.
  bool stages_work = true;
  /// What another config would be on this machine.
  std::function<Result<Plan>(const Config&)> plan_of;
};

/// "wait", "batch", "partitions", "ring", "segments": in the order in which they are tried.
[[nodiscard]] const std::vector<std::string_view>& knob_names() noexcept;

[[nodiscard]] Knobs knobs_of(const KnobsInput& input);

/// Why the config with these changes, of any knobs together, cannot be written or would not be run
/// here as it is written; empty: it can.
[[nodiscard]] std::string why_not(const KnobsInput& input,
                                  const std::vector<ConfigChange>& changes);

/// The changes of a choice of each knob, in an order that apply_change() takes.
[[nodiscard]] std::vector<ConfigChange> changes_of(const std::vector<Knob>& knobs,
                                                   const std::vector<std::size_t>& point);

}  // namespace penstock
