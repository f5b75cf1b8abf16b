// SPDX-License-Identifier: Apache-2.0
// What a pipeline can be told, in code or by a config file (io/config fills these from the property
// table). Plain values; PipelineBuilder::build() checks them all together. Enumerators are spelled
// as in the config file. 0 means "choose": the plan says what was chosen and why.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/runtime/wait/ladder.hpp>

namespace penstock {

enum class Profile : std::uint8_t { latency, balanced, throughput, quiet };
enum class AdmissionPolicy : std::uint8_t { block, reject, drop_newest };
enum class OnMissingKey : std::uint8_t { source, refuse };
enum class OnError : std::uint8_t { dead, drop };
enum class PinKind : std::uint8_t { automatic, none, list };

struct RingOptions {
  std::uint32_t slots = 4096;                ///< power of two, per partition
  std::uint64_t arena_bytes = 4 << 20;       ///< power of two, per partition
  std::uint32_t event_bytes_max = 1 << 20;   ///< a longer event is refused as too_large
  std::uint32_t inline_bytes_max = 0;        ///< a longer event spills; 0: an eighth of the arena
  std::uint64_t spill_bytes_max = 16 << 20;  ///< for all partitions together
  std::uint32_t reserve_slots = 0;           ///< kept for events born inside; 0: a sixteenth
  bool huge_pages = true;
};

struct AdmissionOptions {
  AdmissionPolicy when_full = AdmissionPolicy::block;
  std::chrono::nanoseconds timeout =
      std::chrono::seconds(1);  ///< of a producer's publish under block
  double high = 0.8;  ///< share of slots or of arena bytes at which pressure is called high
  double low = 0.5;   ///< share under which it is called low again
  std::chrono::nanoseconds high_age{0};  ///< age of the oldest event; 0: not watched
  std::chrono::nanoseconds low_age{0};   ///< 0: half of high_age
};

struct ThreadingOptions {
  PinKind pin = PinKind::automatic;
  std::vector<unsigned> cpus;  ///< for PinKind::list: runner threads first, then sources
  WaitKind wait = WaitKind::adaptive;
  unsigned runners = 0;  ///< runner threads; 0: from the effective CPUs
};

struct BatchOptions {
  std::uint32_t events = 64;  ///< space is released to producers once a batch
  std::uint32_t bytes = 64 * 1024;
};

struct SegmentOptions {
  std::string name;
  std::vector<std::string> after;  ///< segments that it gates on; empty: the ring's producers
};

struct StageOptions {
  std::string name;
  std::string use = "handler";
  std::string segment;  ///< empty: that of the stage before, the first segment for the first
  OnError on_error = OnError::dead;
  std::string place;  ///< file:line:column for messages; empty if it comes from code
};

struct PipelineOptions {
  std::string name = "penstock";
  Profile profile =
      Profile::balanced;       ///< told by the plan; its defaults are already in the fields
  unsigned partitions = 1;     ///< 0: one per runner thread that the CPUs leave
  std::string key = "source";  ///< attribute, extension, or "data.path"
  OnMissingKey on_missing_key = OnMissingKey::source;
  std::uint64_t key_seed = 0;  ///< of the keyed hash; the same seed routes alike in every run
  DecodeMode decode = DecodeMode::full;
  std::chrono::nanoseconds drain_timeout = std::chrono::seconds(10);
  RingOptions ring;
  AdmissionOptions admission;
  ThreadingOptions threads;
  BatchOptions batch;
  std::vector<SegmentOptions> segments;  ///< empty: one, named "main"
  std::vector<StageOptions> stages;
  bool stages_are_fixed = false;  ///< true when a config names the stages: code may only fill them
};

/// What is wrong with options as such, whatever stages and machine they meet: sentences that begin
/// with the key, such as "ring.slots = 60000 is ...". PipelineBuilder tells the same.
[[nodiscard]] std::vector<std::string> problems_of(const PipelineOptions& options);

}  // namespace penstock
