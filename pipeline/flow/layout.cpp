// SPDX-License-Identifier: Apache-2.0
// From options to a layout: checks first, all of them, then choices, each with a sentence why.
#include <penstock/pipeline/flow/layout.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include <penstock/runtime/ring/event_ring.hpp>

namespace penstock {
namespace {

constexpr std::uint32_t kEventBytesMaxLeast = 64 * 1024;  // GUARANTEES: never under 64 KiB
constexpr std::uint32_t kEventBytesMaxMost = 1U << 30;    // offsets of a view have 32 bits
constexpr std::uint32_t kSlotsMost = 1U << 24;
constexpr std::uint64_t kArenaMost = std::uint64_t{1} << 34;  // 28 of the position's 30 bits
constexpr std::uint32_t kBatchEventsMost = 4096;

/// Collects problems and builds the layout, step by step.
class LayoutMaker {
 public:
  explicit LayoutMaker(const LayoutInput& input) : input_(input) { out_.options = input.options; }

  Result<Layout> make() {
    check_ring();
    check_admission();
    read_key();
    gather_stages();
    gather_segments();
    if (!problems_.empty()) return fail();
    choose_threads();
    if (!problems_.empty()) return fail();
    choose_decoder();
    close_segments();
    choose_waiting();
    place_runners();
    fill_plan();
    return std::move(out_);
  }

  std::vector<std::string> problems_of_options() {
    check_ring();
    check_admission();
    read_key();
    return std::move(problems_);
  }

 private:
  template <class... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void reason(fmt::format_string<Args...> format, Args&&... args) {
    out_.plan.reasons.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  tl::unexpected<Error> fail() const {
    return error(ErrorCode::invalid_config, fmt::format("{}", fmt::join(problems_, "\n")));
  }

  void check_ring();
  void check_admission();
  void read_key();
  void gather_stages();
  void add_code_stage(const CodeStage& stage);
  void fill_config_stages();
  void gather_segments();
  unsigned segment_number(const std::string& name);
  void find_upstream();
  void choose_threads();
  void choose_decoder();
  void close_segments();
  void choose_waiting();
  void place_runners();
  void pin_threads();
  void fill_plan();
  void fill_memory();

  const LayoutInput& input_;
  Layout out_;
  std::vector<std::string> stage_segments_;  ///< by stage number
  std::vector<std::string> problems_;
};

void LayoutMaker::check_ring() {
  RingOptions& ring = out_.options.ring;
  if (!std::has_single_bit(ring.slots) || ring.slots < 2 || ring.slots > kSlotsMost)
    problem("ring.slots = {} is not a power of two from 2 to {}", ring.slots, kSlotsMost);
  if (!std::has_single_bit(ring.arena_bytes) || ring.arena_bytes < 1024 ||
      ring.arena_bytes > kArenaMost)
    problem("ring.arena = {} is not a power of two from 1 KiB to 16 GiB", ring.arena_bytes);
  if (ring.event_bytes_max < kEventBytesMaxLeast || ring.event_bytes_max > kEventBytesMaxMost)
    problem("ring.event_bytes_max = {} is not between 64 KiB and 1 GiB", ring.event_bytes_max);
  BatchOptions& batch = out_.options.batch;
  if (batch.events < 1 || batch.events > kBatchEventsMost)
    problem("batch.events = {} is not between 1 and {}", batch.events, kBatchEventsMost);
  if (batch.bytes < 4096 || batch.bytes > kEventBytesMaxMost)
    problem("batch.bytes = {} is not between 4 KiB and 1 GiB", batch.bytes);
  if (!problems_.empty()) return;
  if (ring.reserve_slots == 0) ring.reserve_slots = ring.slots / 16;
  if (ring.reserve_slots > ring.slots / 2) {
    problem("ring.reserve_slots = {} is more than half of ring.slots = {}", ring.reserve_slots,
            ring.slots);
    return;
  }
  const std::uint64_t units = ring.arena_bytes / kUnitBytes;
  const std::uint64_t most =
      (units - units * ring.reserve_slots / ring.slots) / 2 * kUnitBytes - kPaddingBytes;
  if (ring.inline_bytes_max == 0)
    ring.inline_bytes_max = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(most, std::max<std::uint64_t>(ring.arena_bytes / 8, 256)));
  if (ring.inline_bytes_max > most)
    problem(
        "ring.inline_bytes_max = {} is more than {}, half of what the reserve leaves of "
        "ring.arena (at the wrap an empty arena could refuse such an event for ever)",
        ring.inline_bytes_max, most);
}

void LayoutMaker::check_admission() {
  AdmissionOptions& admission = out_.options.admission;
  if (!(admission.low > 0 && admission.low < admission.high))
    problem("admission.low = {} is not more than 0 and less than admission.high = {}",
            admission.low, admission.high);
  if (!(admission.high <= 1)) problem("admission.high = {} is more than 1", admission.high);
  if (admission.low_age.count() == 0) admission.low_age = admission.high_age / 2;
  if (admission.high_age.count() != 0 && admission.low_age >= admission.high_age)
    problem("admission.low_age is not less than admission.high_age");
  if (out_.options.partitions > kPartitionsMax)
    problem("pipeline.partitions = {} is more than {}", out_.options.partitions, kPartitionsMax);
}

void LayoutMaker::read_key() {
  Result<KeyReader> key = KeyReader::create(out_.options.key);
  if (!key) {
    problem("pipeline.{}", key.error().message);  // "key ... is ..."
  } else {
    out_.key = std::move(*key);
  }
}

void LayoutMaker::gather_stages() {
  if (out_.options.stages_are_fixed) {
    fill_config_stages();
  } else {
    for (const CodeStage& stage : input_.stages) add_code_stage(stage);
  }
  if (out_.stages.size() > kStagesMax)
    problem("{} stages are more than {}", out_.stages.size(), kStagesMax);
}

void LayoutMaker::add_code_stage(const CodeStage& stage) {
  for (const LayoutStage& other : out_.stages)
    if (other.name == stage.name) problem("two stages are named \"{}\"", stage.name);
  OnError on_error = OnError::dead;
  for (const StageOptions& options : out_.options.stages)
    if (options.name == stage.name) on_error = options.on_error;
  if (!stage.make) problem("stage \"{}\" has no function that makes it", stage.name);
  out_.stages.push_back({.name = stage.name, .on_error = on_error, .make = stage.make});
  stage_segments_.push_back(stage.segment);
}

/// The config says which stages there are and in which order; code fills each by its name.
void LayoutMaker::fill_config_stages() {
  for (const StageOptions& wanted : out_.options.stages) {
    const std::string at = wanted.place.empty() ? "" : wanted.place + ": ";
    const auto filled =
        std::find_if(input_.stages.begin(), input_.stages.end(),
                     [&](const CodeStage& code) { return code.name == wanted.name; });
    if (filled == input_.stages.end()) {
      problem(
          "{}stage \"{}\" uses \"{}\", but the program fills no stage of this name: call "
          ".stage(\"{}\", handler), or take the stage out of the config",
          at, wanted.name, wanted.use, wanted.name);
      continue;
    }
    if (!filled->make) problem("{}stage \"{}\" has no function that makes it", at, wanted.name);
    if (std::any_of(out_.stages.begin(), out_.stages.end(),
                    [&](const LayoutStage& other) { return other.name == wanted.name; }))
      problem("{}two stages are named \"{}\"", at, wanted.name);
    out_.stages.push_back({.name = wanted.name, .on_error = wanted.on_error, .make = filled->make});
    const std::string before = stage_segments_.empty() ? "" : stage_segments_.back();
    stage_segments_.push_back(wanted.segment.empty() ? before : wanted.segment);
  }
  std::set<std::string> seen;
  for (const CodeStage& code : input_.stages) {
    if (!seen.insert(code.name).second) problem("the program fills stage \"{}\" twice", code.name);
    if (std::none_of(out_.options.stages.begin(), out_.options.stages.end(),
                     [&](const StageOptions& wanted) { return wanted.name == code.name; }))
      problem(
          "the program fills stage \"{}\", but the config has no [[stage]] of this name: add one "
          "with "
          "use = \"handler\", or take the call out of the program",
          code.name);
  }
}

void LayoutMaker::gather_segments() {
  std::vector<SegmentOptions> segments = out_.options.segments;
  if (segments.empty()) segments.push_back({.name = "main", .after = {}});
  for (const SegmentOptions& segment : segments) {
    for (const LayoutSegment& other : out_.segments)
      if (other.name == segment.name) problem("two segments are named \"{}\"", segment.name);
    LayoutSegment made{.name = segment.name};
    for (const std::string& before : segment.after) {
      const auto found = std::find_if(out_.segments.begin(), out_.segments.end(),
                                      [&](const LayoutSegment& s) { return s.name == before; });
      if (found == out_.segments.end()) {
        problem("segment \"{}\" comes after \"{}\", which is not a segment declared before it",
                segment.name, before);
      } else {
        made.after.push_back(static_cast<unsigned>(found - out_.segments.begin()));
      }
    }
    out_.segments.push_back(std::move(made));
  }
  for (std::size_t stage = 0; stage < out_.stages.size(); ++stage)
    out_.segments[segment_number(stage_segments_[stage])].stages.push_back(
        static_cast<std::uint8_t>(stage));
  // Two more may be added: one that decodes before several first ones, one that ends several last
  // ones.
  if (out_.segments.size() > kSegmentsMax - 2)
    problem("{} segments are more than {}", out_.segments.size(), kSegmentsMax - 2);
}

unsigned LayoutMaker::segment_number(const std::string& name) {
  if (name.empty()) return 0;
  for (unsigned i = 0; i < out_.segments.size(); ++i)
    if (out_.segments[i].name == name) return i;
  problem("no segment is named \"{}\"", name);
  return 0;
}

void LayoutMaker::choose_threads() {
  PipelineOptions& options = out_.options;
  const unsigned effective = input_.cpus.effective();
  const unsigned sources = static_cast<unsigned>(input_.source_names.size());
  out_.sources = sources;
  out_.host_driven = input_.host_driven;
  if (input_.host_driven && sources != 0)
    problem(
        "a host-driven pipeline has no threads for sources: publish from the host's loop, or let "
        "the "
        "pipeline run its own threads");
  const unsigned left = std::max(1U, effective > sources ? effective - sources : 1U);
  if (options.partitions == 0) {
    options.partitions = std::min(left, kPartitionsMax);
    reason("partitions {}: one for each CPU that the sources leave", options.partitions);
  }
  const auto runners = static_cast<unsigned>(options.partitions * out_.segments.size());
  if (options.threads.runners == 0) {
    out_.plan.runner_threads = std::min(runners, left);
    reason("{} runner thread{}: {} runner{} on {} effective CPU{} - {} source thread{}",
           out_.plan.runner_threads, out_.plan.runner_threads == 1 ? "" : "s", runners,
           runners == 1 ? "" : "s", effective, effective == 1 ? "" : "s", sources,
           sources == 1 ? "" : "s");
  } else {
    out_.plan.runner_threads = std::min(options.threads.runners, runners);
    reason("{} runner threads as told", out_.plan.runner_threads);
  }
  if (input_.host_driven) {
    out_.plan.runner_threads = 0;
    reason("no threads: the host polls");
  }
  out_.plan.partitions = options.partitions;
  out_.plan.source_threads = sources;
}

void LayoutMaker::choose_decoder() {
  out_.source_decodes = out_.options.partitions > 1;
  out_.runner_checks_key =
      !out_.source_decodes && out_.options.on_missing_key == OnMissingKey::refuse;
  out_.plan.source_decodes = out_.source_decodes;
  // More than the batch that is being handled and the next.
  const std::uint32_t slots = out_.options.ring.slots;
  out_.index_ahead_backlog = std::min(2 * out_.options.batch.events, slots / 2);
  // Further behind than indexing alone could help. Who decodes has to check the key.
  out_.decode_ahead_backlog =
      out_.runner_checks_key ? slots + 1 : std::min(2 * out_.index_ahead_backlog, slots / 4 * 3);
  if (out_.source_decodes) {
    reason("producers decode: the key \"{}\" chooses among {} partitions", out_.options.key,
           out_.options.partitions);
    return;
  }
  reason("runners decode: one partition needs no key before the claim{}",
         out_.sources == 0 ? "" : "; sources index and decode for runners that lag behind");
  std::vector<unsigned> first;
  for (unsigned i = 0; i < out_.segments.size(); ++i)
    if (out_.segments[i].after.empty()) first.push_back(i);
  if (first.size() == 1) {
    out_.segments[first[0]].decodes = true;
    return;
  }
  // One segment decodes ahead of all that read. It goes to the end of the list, since the others
  // are already known by number; what comes first is said by `after` alone.
  const auto decode = static_cast<unsigned>(out_.segments.size());
  for (const unsigned segment : first) out_.segments[segment].after.push_back(decode);
  out_.segments.push_back({.name = "decode", .decodes = true});
  reason("segment decode added: {} segments begin, and one thread must decode before them",
         first.size());
}

/// Adds what ends events if several segments are last, and tells each what lies upstream.
void LayoutMaker::close_segments() {
  std::vector<bool> followed(out_.segments.size(), false);
  for (const LayoutSegment& segment : out_.segments)
    for (const unsigned before : segment.after) followed[before] = true;
  std::vector<unsigned> last;
  for (unsigned i = 0; i < out_.segments.size(); ++i)
    if (!followed[i]) last.push_back(i);
  if (last.size() == 1) {
    out_.segments[last[0]].last = true;
  } else {
    out_.segments.push_back({.name = "end", .after = last, .last = true});
    reason("segment end added: {} segments are last, and one thread must end events behind them",
           last.size());
  }
  find_upstream();
}

void LayoutMaker::find_upstream() {
  const auto count = static_cast<unsigned>(out_.segments.size());
  std::vector<std::set<unsigned>> upstream(count);
  // Each pass carries the sets one segment further; there are no cycles.
  for (unsigned pass = 0; pass < count; ++pass)
    for (unsigned i = 0; i < count; ++i)
      for (const unsigned before : out_.segments[i].after) {
        upstream[i].insert(before);
        upstream[i].insert(upstream[before].begin(), upstream[before].end());
      }
  for (unsigned i = 0; i < count; ++i)
    out_.segments[i].before_it.assign(upstream[i].begin(), upstream[i].end());
  const auto runners = static_cast<unsigned>(out_.options.partitions * count);
  out_.plan.runner_threads = std::min(out_.plan.runner_threads, runners);
}

void LayoutMaker::choose_waiting() {
  Plan& plan = out_.plan;
  WaitKind& wait = out_.options.threads.wait;
  const unsigned threads = plan.runner_threads + plan.source_threads;
  const unsigned effective = input_.cpus.effective();
  if (wait == WaitKind::busy_spin && plan.runner_threads > input_.cpus.spinning_max()) {
    wait = WaitKind::adaptive;
    reason("adaptive instead of busy_spin: {} runner threads may not spin on {}",
           plan.runner_threads, input_.cpus.explain());
  }
  plan.wait = wait;
  if (wait != WaitKind::adaptive || input_.host_driven) return;
  if (threads > effective || effective == 1) {  // on one CPU, who is waited for cannot run
    reason("no spinning: {} thread{} on {} effective CPU{}", threads, threads == 1 ? "" : "s",
           effective, effective == 1 ? "" : "s");
  } else if (input_.cpus.spinning_max() < plan.runner_threads) {
    reason("no spinning: the quota allows {} spinning thread{}", input_.cpus.spinning_max(),
           input_.cpus.spinning_max() == 1 ? "" : "s");
  } else {
    plan.spin_ns = measured_park_ns();
    reason("spin for at most {:.1f} us, what a park and its wake-up took here",
           double(plan.spin_ns) / 1e3);
  }
}

void LayoutMaker::place_runners() {
  const auto runners = static_cast<unsigned>(out_.options.partitions * out_.segments.size());
  const unsigned threads = std::max(1U, out_.plan.runner_threads);
  out_.thread_of.resize(runners);
  for (unsigned i = 0; i < runners; ++i)
    out_.thread_of[i] = static_cast<unsigned>(std::uint64_t{i} * threads / runners);
  if (input_.host_driven) return;
  const std::string prefix = out_.options.name.substr(0, 8);  // 15 bytes with the rest
  for (unsigned thread = 0; thread < threads; ++thread) {
    ThreadPlan plan{.name = fmt::format("{}/run{}", prefix, thread)};
    for (unsigned i = 0; i < runners; ++i)
      if (out_.thread_of[i] == thread)
        plan.runs.push_back(fmt::format("partition {} {}", i / out_.segments.size(),
                                        out_.segments[i % out_.segments.size()].name));
    out_.plan.threads.push_back(std::move(plan));
  }
  for (unsigned source = 0; source < out_.sources; ++source)
    out_.plan.threads.push_back({.name = fmt::format("{}/src{}", prefix, source),
                                 .cpu = std::nullopt,
                                 .runs = {input_.source_names[source]}});
  pin_threads();
}

void LayoutMaker::pin_threads() {
  const ThreadingOptions& options = out_.options.threads;
  std::vector<ThreadPlan>& threads = out_.plan.threads;
  if (options.pin == PinKind::none) return;
  const std::vector<unsigned>& cpus =
      options.pin == PinKind::list ? options.cpus : input_.cpus.cpus;
  if (options.pin == PinKind::automatic && threads.size() > cpus.size()) {
    reason("not pinned: {} threads on {} CPUs would wait for each other while others idle",
           threads.size(), cpus.size());
    return;
  }
  if (options.pin == PinKind::automatic && input_.cpus.effective() < cpus.size()) {
    reason("not pinned: a quota moves threads better than we could");
    return;
  }
  for (std::size_t i = 0; i < threads.size() && !cpus.empty(); ++i)
    threads[i].cpu = cpus[i % cpus.size()];
}

void LayoutMaker::fill_plan() {
  for (const LayoutSegment& segment : out_.segments) {
    SegmentPlan plan{.name = segment.name, .stages = {}, .after = segment.after};
    if (segment.decodes) plan.stages.emplace_back("decode");
    for (const std::uint8_t stage : segment.stages) plan.stages.push_back(out_.stages[stage].name);
    if (segment.last)
      plan.stages.insert(plan.stages.end(), input_.sink_names.begin(), input_.sink_names.end());
    out_.plan.segments.push_back(std::move(plan));
  }
  fill_memory();
}

void LayoutMaker::fill_memory() {
  const PartitionBytes bytes = partition_bytes(out_);
  MemoryPlan& memory = out_.plan.memory;
  memory.slots = bytes.slots;
  memory.envelopes = bytes.envelopes;
  memory.arena = bytes.arena;
  memory.columns = bytes.columns;
  memory.rounding = bytes.rounding;
  const std::uint64_t decoder =
      Decoder::memory_bytes({.mode = out_.options.decode,
                             .event_bytes_max = out_.options.ring.event_bytes_max,
                             .batch_bytes_max = out_.options.batch.bytes});
  const std::uint64_t runners = out_.thread_of.size();
  // One for each runner and each source; where producers decode, one more for each runner that
  // emits.
  memory.decoders = decoder * (runners + out_.sources + (out_.source_decodes ? runners : 0));
  memory.sources = input_.sources_bytes;
  memory.spill_max = out_.options.ring.spill_bytes_max;
  memory.total = (bytes.slots + bytes.envelopes + bytes.arena + bytes.columns + bytes.rounding) *
                     out_.options.partitions +
                 memory.decoders + memory.sources + memory.spill_max;
}

}  // namespace

Result<Layout> make_layout(const LayoutInput& input) { return LayoutMaker(input).make(); }

std::vector<std::string> problems_of(const PipelineOptions& options) {
  LayoutInput input;
  input.options = options;
  return LayoutMaker(input).problems_of_options();
}

}  // namespace penstock
