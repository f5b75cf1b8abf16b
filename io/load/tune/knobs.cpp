// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/tune/knobs.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

#include <penstock/io/config/units.hpp>
#include <penstock/io/in_words.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

/// Of sizes and counts: a smaller step would hardly be seen among the noise.
constexpr std::uint64_t kStep = 4;
constexpr unsigned kStepsEachWay = 2;
/// No candidate takes more memory than this or twice what the given config takes.
constexpr std::uint64_t kMemoryFree = 256 << 20;
constexpr std::uint32_t kBatchesPerRing = 4;  ///< a batch of half a ring leaves producers no room

ConfigChange number(std::string_view section, std::string_view key, std::uint64_t value) {
  return {.section = section, .key = key, .value = PropertyValue(value)};
}

ConfigChange text(std::string_view section, std::size_t item, std::string_view key,
                  PropertyValue value) {
  return {.section = section, .item = item, .key = key, .value = std::move(value)};
}

bool is_within(const ConfigChange& change) {
  const Property& property = *find_property(change.section, change.key);
  const auto value = std::get<std::uint64_t>(*change.value);
  return value >= std::max<std::uint64_t>(property.min, 1) && value <= property.max;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Why this plan is not what was asked for, or more than may be asked for; empty: it is.
std::string would_be_different(const KnobsInput& input, const Config& config, const Plan& plan) {
  const WaitKind asked = config.pipeline.threads.wait;
  const WaitKind given = input.config->pipeline.threads.wait;
  // Where not even the given config waits as it says, others that do the same are no worse.
  if (plan.wait != asked && (asked != given || input.plan.wait == given))
    return "too many threads would spin on " + std::to_string(input.cpus) + " CPUs";
  const std::uint64_t memory_max = std::max(kMemoryFree, 2 * input.plan.memory.total);
  if (plan.memory.total > memory_max)
    return "it takes " + bytes_in_short(static_cast<double>(plan.memory.total)) + " of memory";
  const auto crowds = [](const PipelineOptions& options) {
    return std::uint64_t{options.batch.events} * kBatchesPerRing > options.ring.slots;
  };
  if (crowds(config.pipeline) && !crowds(input.config->pipeline))
    return "a batch could take more than a quarter of the ring";
  if (plan.segments.size() > input.plan.segments.size() && plan.runner_threads <= plan.partitions)
    return "there is no CPU left for another runner thread";
  return {};
}

/// Makes the knobs of one config.
class KnobMaker {
 public:
  explicit KnobMaker(const KnobsInput& input) : input_(input), options_(input.config->pipeline) {}

  Knobs make() {
    add(wait());
    add(batch());
    add(partitions());
    add(ring());
    add(segments());
    return std::move(out_);
  }

 private:
  [[nodiscard]] Knob wait() const;
  [[nodiscard]] Knob batch() const;
  [[nodiscard]] Knob partitions() const;
  [[nodiscard]] Knob ring() const;
  [[nodiscard]] Knob segments();
  void add_divisions(Knob& knob) const;
  [[nodiscard]] KnobChoice divided_before(std::size_t stage) const;
  [[nodiscard]] KnobChoice fused() const;
  void add(Knob knob);
  void leave_out(const std::string& what, const std::string& why) {
    out_.left_out.push_back(what + ": " + why);
  }

  const KnobsInput& input_;
  const PipelineOptions& options_;
  Knobs out_;
};

Knob KnobMaker::wait() const {
  Knob knob{.name = "wait", .ordered = false, .given = 0, .choices = {}};
  const auto names = find_property("threads", "wait")->choices;
  for (std::size_t kind = 0; kind < names.size(); ++kind) {
    const bool is_given = kind == static_cast<std::size_t>(options_.threads.wait);
    if (is_given) knob.given = kind;
    knob.choices.push_back({std::string(names[kind]), {}});
    const auto here = static_cast<std::size_t>(input_.plan.wait);
    if (is_given && kind != here)
      knob.choices.back().label += " (" + std::string(names[here]) + " here)";
    if (!is_given) knob.choices.back().changes = {number("threads", "wait", kind)};
  }
  return knob;
}

/// Steps down, the given value, steps up.
template <class MakeChoice>
void add_steps(Knob& knob, const MakeChoice& make_choice) {
  for (int step = -static_cast<int>(kStepsEachWay); step <= static_cast<int>(kStepsEachWay);
       ++step) {
    KnobChoice choice = make_choice(std::pow(static_cast<double>(kStep), step));
    if (step == 0) {
      choice.changes.clear();
      knob.given = knob.choices.size();
    } else if (!std::ranges::all_of(choice.changes, is_within)) {
      continue;
    }
    knob.choices.push_back(std::move(choice));
  }
}

std::uint64_t times(std::uint64_t value, double factor) {
  return static_cast<std::uint64_t>(static_cast<double>(value) * factor);
}

/// More events need more bytes, or the bytes would end the batch first.
Knob KnobMaker::batch() const {
  Knob knob{.name = "batch", .ordered = true, .given = 0, .choices = {}};
  add_steps(knob, [this](double factor) {
    const std::uint64_t events = times(options_.batch.events, factor);
    const auto bytes = std::bit_ceil(
        static_cast<std::uint64_t>(static_cast<double>(events) * input_.event_bytes_mean));
    KnobChoice choice{with_commas(events) + (events == 1 ? " event" : " events"),
                      {number("batch", "events", events)}};
    if (factor > 1 && bytes > options_.batch.bytes) {
      choice.label += " or " + format_size(bytes);
      choice.changes.push_back(number("batch", "bytes", bytes));
    }
    return choice;
  });
  std::erase_if(knob.choices, [this](const KnobChoice& choice) {
    return !choice.changes.empty() &&
           std::get<std::uint64_t>(*choice.changes.front().value) * kBatchesPerRing >
               options_.ring.slots;
  });
  return knob;
}

Knob KnobMaker::partitions() const {
  Knob knob{.name = "partitions", .ordered = true, .given = 0, .choices = {}};
  std::vector<unsigned> counts{input_.plan.partitions, input_.cpus};
  for (unsigned count = 1; count <= input_.cpus; count *= 2) counts.push_back(count);
  std::ranges::sort(counts);
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  for (const unsigned count : counts) {
    const bool is_given = count == input_.plan.partitions;
    if (is_given) knob.given = knob.choices.size();
    const bool by_itself = is_given && options_.partitions == 0;
    knob.choices.push_back({std::to_string(count) + (count == 1 ? " partition" : " partitions") +
                                (by_itself ? " (auto)" : ""),
                            {}});
    if (!is_given) knob.choices.back().changes = {number("pipeline", "partitions", count)};
  }
  return knob;
}

Knob KnobMaker::ring() const {
  Knob knob{.name = "ring", .ordered = true, .given = 0, .choices = {}};
  add_steps(knob, [this](double factor) {
    const std::uint64_t slots = times(options_.ring.slots, factor);
    const std::uint64_t arena = times(options_.ring.arena_bytes, factor);
    return KnobChoice{with_commas(slots) + " slots, " + format_size(arena),
                      {number("ring", "slots", slots), number("ring", "arena", arena)}};
  });
  return knob;
}

Knob KnobMaker::segments() {
  Knob knob{.name = "segments", .ordered = false, .given = 0, .choices = {}};
  const bool divided = options_.segments.size() > 1;
  knob.choices.push_back({divided ? "as given" : "all on one thread", {}});
  if (!input_.stages_work && !options_.stages.empty()) {
    leave_out("segments",
              "the stages are code of their host and do nothing here, so how they are best divided "
              "cannot be measured; the host can, by tune_config()");
  } else if (divided) {
    knob.choices.push_back(fused());
  } else if (std::ranges::any_of(
                 options_.stages,
                 [](const StageOptions& stage) { return !stage.segment.empty(); }) ||
             options_.segments.size() == 1) {
    leave_out("segments", "the config names its one segment; take that out to have others tried");
  } else {
    add_divisions(knob);
  }
  return knob;
}

/// Before the first stage, between two, and behind the last one.
void KnobMaker::add_divisions(Knob& knob) const {
  for (std::size_t stage = 0; stage <= options_.stages.size(); ++stage)
    knob.choices.push_back(divided_before(stage));
}

KnobChoice KnobMaker::divided_before(std::size_t stage) const {
  const bool has_stage = stage < options_.stages.size();
  std::string name = has_stage ? options_.stages[stage].name : "sinks";
  if (name == "main") name = "main2";
  KnobChoice choice{"divided before " + name, {}};
  choice.changes = {text("segment", 0, "name", std::string("main")),
                    text("segment", 1, "name", name),
                    text("segment", 1, "after", std::vector<std::string>{"main"})};
  if (has_stage) choice.changes.push_back(text("stage", stage, "segment", name));
  return choice;
}

/// Keys first, then items, from the back: that is what apply_change() takes.
KnobChoice KnobMaker::fused() const {
  KnobChoice choice{"all on one thread", {}};
  for (std::size_t stage = 0; stage < options_.stages.size(); ++stage)
    if (!options_.stages[stage].segment.empty())
      choice.changes.push_back({.section = "stage", .item = stage, .key = "segment"});
  for (std::size_t item = options_.segments.size(); item > 0; --item)
    choice.changes.push_back({.section = "segment", .item = item - 1, .key = {}});
  return choice;
}

void KnobMaker::add(Knob knob) {
  if (std::ranges::find(input_.keep, knob.name) != input_.keep.end()) {
    leave_out(knob.name, "kept as it is, as told");
    return;
  }
  Knob usable = knob;
  usable.choices.clear();
  std::string why;
  for (std::size_t i = 0; i < knob.choices.size(); ++i) {
    const std::vector<ConfigChange>& changes = knob.choices[i].changes;
    const std::string reason = changes.empty() ? std::string{} : why_not(input_, changes);
    if (changes.empty()) usable.given = usable.choices.size();
    if (reason.empty()) usable.choices.push_back(std::move(knob.choices[i]));
    // One reason mostly holds for all choices: it is told once.
    else if (std::exchange(why, reason) != reason)
      leave_out(knob.name + " = " + knob.choices[i].label, reason);
  }
  if (usable.choices.size() > 1) out_.all.push_back(std::move(usable));
}

}  // namespace

const std::vector<std::string_view>& knob_names() noexcept {
  static const std::vector<std::string_view> kNames{"wait", "batch", "partitions", "ring",
                                                    "segments"};
  return kNames;
}

Knobs knobs_of(const KnobsInput& input) { return KnobMaker(input).make(); }

std::string why_not(const KnobsInput& input, const std::vector<ConfigChange>& changes) {
  const auto written = rewrite_config(input.text, input.config->path, changes);
  if (!written) return first_line(written.error().message);
  Config config = *input.config;
  for (const ConfigChange& change : changes) apply_change(change, config);
  const Result<Plan> plan = input.plan_of(config);
  if (!plan) return first_line(plan.error().message);
  return would_be_different(input, config, *plan);
}

std::vector<ConfigChange> changes_of(const std::vector<Knob>& knobs,
                                     const std::vector<std::size_t>& point) {
  PENSTOCK_CHECK(knobs.size() == point.size());
  std::vector<ConfigChange> changes;
  for (std::size_t i = 0; i < knobs.size(); ++i) {
    const std::vector<ConfigChange>& of = knobs[i].choices[point[i]].changes;
    changes.insert(changes.end(), of.begin(), of.end());
  }
  return changes;
}

}  // namespace penstock
