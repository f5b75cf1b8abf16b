// SPDX-License-Identifier: Apache-2.0
// What the builder was told, and the layout that is derived from it: stages with their numbers,
// segments with what they gate on, runners with their threads. Inside pipeline/flow only; the
// public face of a layout is its Plan.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <penstock/pipeline/decode/key.hpp>
#include <penstock/pipeline/flow/options.hpp>
#include <penstock/pipeline/flow/pipeline.hpp>
#include <penstock/pipeline/flow/plan.hpp>
#include <penstock/pipeline/flow/ports.hpp>
#include <penstock/pipeline/flow/stage.hpp>
#include <penstock/runtime/machine/cpu.hpp>

namespace penstock {

using StageMaker = std::function<std::unique_ptr<Stage>(unsigned partition)>;

inline constexpr unsigned kSegmentsMax = 8;      ///< listeners of a ring (EventRing::kListenersMax)
inline constexpr unsigned kStagesMax = 64;       ///< a stage's number fits into a byte with room
inline constexpr unsigned kPartitionsMax = 256;  ///< each bucket table entry could still have four

/// A stage that code added or filled.
struct CodeStage {
  std::string name;
  std::string segment;
  StageMaker make;
};

struct LayoutStage {
  std::string name;
  OnError on_error = OnError::dead;
  StageMaker make;
};

struct LayoutSegment {
  std::string name;
  std::vector<std::uint8_t> stages;  ///< numbers, in order
  std::vector<unsigned> after;       ///< gates on these segments; empty: on the producers
  std::vector<unsigned> before_it;   ///< all segments upstream, in order
  bool decodes = false;
  bool last = false;  ///< ends events: sinks, counts, frees; there is one
};

struct Layout {
  PipelineOptions options;  ///< with every choice made
  KeyReader key;
  bool source_decodes = false;
  bool runner_checks_key = false;  ///< on_missing_key = "refuse" where the runner decodes
  /// Places ahead of the slowest runner from which on a source indexes events for it.
  std::uint32_t index_ahead_backlog = 0;
  /// The same from which on it decodes them.
  std::uint32_t decode_ahead_backlog = 0;
  bool host_driven = false;
  std::vector<LayoutStage> stages;
  std::vector<LayoutSegment> segments;
  std::vector<unsigned> thread_of;  ///< by partition * segments.size() + segment
  unsigned sources = 0;
  Plan plan;

  [[nodiscard]] std::size_t runner_number(unsigned partition, std::size_t segment) const noexcept {
    return partition * segments.size() + segment;
  }
};

/// What PipelineBuilder collects.
struct LayoutInput {
  PipelineOptions options;
  std::vector<CodeStage> stages;
  std::vector<std::string> source_names;
  std::uint64_t sources_bytes = 0;  ///< the most that all sources will use
  std::vector<std::string> sink_names;
  bool host_driven = false;
  CpuLimits cpus;
};

/// Checks everything and decides everything. Errors: invalid_config, all problems at once.
Result<Layout> make_layout(const LayoutInput& input);

/// Bytes of one partition's memory, as laid out by Partition.
struct PartitionBytes {
  std::uint64_t slots = 0;
  std::uint64_t envelopes = 0;
  std::uint64_t arena = 0;
  std::uint64_t columns = 0;
  std::uint64_t rounding = 0;  ///< up to whole pages
};
PartitionBytes partition_bytes(const Layout& layout) noexcept;

}  // namespace penstock
