// SPDX-License-Identifier: Apache-2.0
// What a pipeline will be: threads, memory, segments, and why. Made by PipelineBuilder before
// anything is reserved; `penstock plan` prints it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <penstock/pipeline/flow/options.hpp>

namespace penstock {

struct SegmentPlan {
  std::string name;
  std::vector<std::string> stages;  ///< what it runs in order, "decode" and sinks included
  std::vector<unsigned> after;      ///< indexes of segments
};

struct ThreadPlan {
  std::string name;  ///< at most 15 bytes, as the system shows it
  std::optional<unsigned> cpu;
  std::vector<std::string> runs;  ///< "partition 0 main", or the source's name
};

struct MemoryPlan {         ///< bytes
  std::uint64_t slots = 0;  ///< these five for one partition
  std::uint64_t envelopes = 0;
  std::uint64_t arena = 0;
  std::uint64_t columns = 0;   ///< outcomes and reasons between split segments
  std::uint64_t rounding = 0;  ///< up to whole pages
  std::uint64_t decoders = 0;  ///< indexes and scratch, of all threads; touched only as needed
  std::uint64_t sources = 0;   ///< buffers of sources, at most
  std::uint64_t spill_max = 0;
  std::uint64_t total = 0;  ///< everything above, all partitions
};

struct Plan {
  unsigned partitions = 1;
  unsigned runner_threads = 1;
  unsigned source_threads = 0;
  bool source_decodes = false;  ///< routing needs the key before the claim
  WaitKind wait = WaitKind::adaptive;
  std::uint64_t spin_ns = 0;  ///< the ladder's first rung
  std::vector<SegmentPlan> segments;
  std::vector<ThreadPlan> threads;
  MemoryPlan memory;
  std::vector<std::string> reasons;  ///< one sentence for each choice
  /// The text that `penstock plan` prints.
  [[nodiscard]] std::string to_text() const;
};

}  // namespace penstock
