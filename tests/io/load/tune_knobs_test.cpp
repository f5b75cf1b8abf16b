// SPDX-License-Identifier: Apache-2.0
// Which choices the tuner has for a config, on a machine that the test makes up: what cannot run
// there or cannot be written is left out with its reason.
#include <penstock/io/load/tune/knobs.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/config/describe.hpp>

namespace penstock::test {
namespace {

/// A machine: what it would make of a config.
struct Machine {
  unsigned cpus = 4;
  unsigned spinning_max = 4;

  [[nodiscard]] Result<Plan> plan_of(const Config& config) const {
    const PipelineOptions& options = config.pipeline;
    Plan plan;
    plan.partitions = options.partitions == 0 ? cpus - 1 : options.partitions;
    const auto segments = std::max<std::size_t>(options.segments.size(), 1);
    plan.segments.resize(segments);
    plan.runner_threads = std::min(static_cast<unsigned>(plan.partitions * segments), cpus - 1);
    plan.wait = options.threads.wait;
    if (plan.wait == WaitKind::busy_spin && plan.runner_threads > spinning_max)
      plan.wait = WaitKind::adaptive;
    plan.memory.total = plan.partitions * options.ring.arena_bytes;
    return plan;
  }
};

class TuneKnobs : public testing::Test {
 protected:
  Knobs knobs(const std::string& text) {
    text_ = text;
    auto config = parse_config(text, "x.toml");
    EXPECT_TRUE(config) << config.error().message;
    config_ = *config;
    input_ = {.config = &config_,
              .text = text_,
              .plan = *machine_.plan_of(config_),
              .cpus = machine_.cpus,
              .event_bytes_mean = 500,
              .keep = keep_,
              .stages_work = stages_work_,
              .plan_of = [this](const Config& of) { return machine_.plan_of(of); }};
    return knobs_of(input_);
  }
  /// Why not, of a choice of each of some knobs together.
  std::string why_not_together(
      const Knobs& knobs, const std::vector<std::pair<std::string, std::string>>& choices) const {
    std::vector<std::size_t> point;
    for (const Knob& knob : knobs.all) {
      point.push_back(knob.given);
      for (const auto& [name, label] : choices)
        for (std::size_t i = 0; i < knob.choices.size(); ++i)
          if (knob.name == name && knob.choices[i].label == label) point.back() = i;
    }
    return why_not(input_, changes_of(knobs.all, point));
  }
  /// "wait: busy_spin (adaptive) park": the given choice in brackets.
  static std::string in_words(const Knobs& knobs, std::string_view name) {
    for (const Knob& knob : knobs.all) {
      if (knob.name != name) continue;
      std::string words;
      for (std::size_t i = 0; i < knob.choices.size(); ++i)
        words += (i == 0 ? "" : " | ") +
                 (i == knob.given ? '(' + knob.choices[i].label + ')' : knob.choices[i].label);
      return words;
    }
    return "none";
  }
  static std::string left_out(const Knobs& knobs) {
    std::string words;
    for (const std::string& reason : knobs.left_out) words += reason + '\n';
    return words;
  }

  Machine machine_;
  std::vector<std::string> keep_;
  bool stages_work_ = true;
  std::string text_;
  Config config_;
  KnobsInput input_;
};

TEST_F(TuneKnobs, choices_stand_around_the_given_values) {
  const Knobs made = knobs("");
  EXPECT_EQ(in_words(made, "wait"), "busy_spin | (adaptive) | park");
  EXPECT_EQ(in_words(made, "batch"),
            "4 events | 16 events | (64 events) | 256 events or 128KiB | 1,024 events or 512KiB");
  EXPECT_EQ(in_words(made, "partitions"), "(1 partition) | 2 partitions | 4 partitions");
  EXPECT_EQ(in_words(made, "ring"),
            "256 slots, 256KiB | 1,024 slots, 1MiB | (4,096 slots, 4MiB) | 16,384 slots, 16MiB | "
            "65,536 slots, 64MiB");
  EXPECT_EQ(in_words(made, "segments"), "(all on one thread) | divided before sinks");
  EXPECT_EQ(left_out(made), "");
}

TEST_F(TuneKnobs, choices_stay_within_the_bounds_of_their_keys) {
  const Knobs made = knobs("[batch]\nevents = 2\n[ring]\nslots = 64\narena = \"64KiB\"\n");
  EXPECT_EQ(in_words(made, "batch"), "(2 events) | 8 events");
  EXPECT_EQ(in_words(made, "ring"), "(64 slots, 64KiB) | 256 slots, 256KiB | 1,024 slots, 1MiB");
  EXPECT_EQ(left_out(made), "");
}

TEST_F(TuneKnobs, automatic_partitions_are_told_as_what_they_are) {
  EXPECT_EQ(in_words(knobs("[pipeline]\npartitions = \"auto\"\n"), "partitions"),
            "1 partition | 2 partitions | (3 partitions (auto)) | 4 partitions");
}

TEST_F(TuneKnobs, what_the_machine_would_not_do_is_left_out_with_its_reason) {
  machine_ = {.cpus = 2, .spinning_max = 0};
  const Knobs made = knobs("");
  EXPECT_EQ(in_words(made, "wait"), "(adaptive) | park");
  EXPECT_EQ(in_words(made, "segments"), "none");
  EXPECT_EQ(left_out(made),
            "wait = busy_spin: too many threads would spin on 2 CPUs\n"
            "segments = divided before sinks: there is no CPU left for another runner thread\n");
}

TEST_F(TuneKnobs, choices_that_are_fine_alone_may_not_be_so_together) {
  machine_ = {.cpus = 3, .spinning_max = 2};
  const Knobs made = knobs("[ring]\narena = \"32MiB\"\n");
  EXPECT_EQ(why_not_together(made, {{"wait", "busy_spin"}, {"batch", "256 events or 128KiB"}}), "");
  EXPECT_EQ(
      why_not_together(made, {{"partitions", "2 partitions"}, {"segments", "all on one thread"}}),
      "");
  EXPECT_EQ(why_not_together(
                made, {{"partitions", "2 partitions"}, {"segments", "divided before sinks"}}),
            "there is no CPU left for another runner thread");
  EXPECT_EQ(
      why_not_together(made, {{"partitions", "3 partitions"}, {"ring", "16,384 slots, 128MiB"}}),
      "it takes 403 MB of memory");
  EXPECT_EQ(
      why_not_together(made, {{"batch", "256 events or 128KiB"}, {"ring", "256 slots, 2MiB"}}),
      "a batch could take more than a quarter of the ring");
  machine_ = {.cpus = 4, .spinning_max = 1};
  const Knobs spinning = knobs("");
  EXPECT_EQ(why_not_together(spinning, {{"wait", "busy_spin"}, {"partitions", "2 partitions"}}),
            "too many threads would spin on 4 CPUs");
}

TEST_F(TuneKnobs, way_of_waiting_that_the_machine_does_not_honour_blocks_no_other_knob) {
  machine_ = {.cpus = 2, .spinning_max = 0};
  const Knobs made = knobs("[threads]\nwait = \"busy_spin\"\n");
  EXPECT_EQ(in_words(made, "wait"), "(busy_spin (adaptive here)) | adaptive | park");
  EXPECT_NE(in_words(made, "batch"), "none");
  EXPECT_NE(in_words(made, "ring"), "none");
}

TEST_F(TuneKnobs, memory_has_a_bound) {
  const Knobs made = knobs("[ring]\narena = \"128MiB\"\n");
  EXPECT_EQ(in_words(made, "ring"), "256 slots, 8MiB | 1,024 slots, 32MiB | (4,096 slots, 128MiB)");
  EXPECT_NE(left_out(made).find("ring = 16,384 slots, 512MiB: it takes 537 MB of memory"),
            std::string::npos)
      << left_out(made);
}

TEST_F(TuneKnobs, value_that_the_text_does_not_let_be_changed_is_left_out) {
  const Knobs made = knobs("batch.bytes = \"64KiB\"\n[threads]\nwait = \"${WAIT:-park}\"\n");
  EXPECT_EQ(in_words(made, "wait"), "none");
  EXPECT_EQ(in_words(made, "batch"), "none");
  EXPECT_NE(left_out(made).find("x.toml:3:8: the value of \"wait\" comes from the environment"),
            std::string::npos)
      << left_out(made);
  EXPECT_NE(left_out(made).find("x.toml:1:1: \"batch\" is written in dotted keys"),
            std::string::npos);
}

TEST_F(TuneKnobs, what_is_to_be_kept_is_kept) {
  keep_ = {"wait", "batch", "partitions", "ring", "segments"};
  const Knobs made = knobs("");
  EXPECT_TRUE(made.all.empty());
  EXPECT_EQ(made.left_out.size(), 5U);
}

constexpr const char* kTwoStages = "[[stage]]\nname = \"a\"\n[[stage]]\nname = \"b\"\n";

TEST_F(TuneKnobs, pipeline_may_be_divided_before_each_stage_and_before_the_sinks) {
  EXPECT_EQ(in_words(knobs(kTwoStages), "segments"),
            "(all on one thread) | divided before a | divided before b | divided before sinks");
}

TEST_F(TuneKnobs, stages_that_do_nothing_here_are_not_divided) {
  stages_work_ = false;
  const Knobs made = knobs(kTwoStages);
  EXPECT_EQ(in_words(made, "segments"), "none");
  EXPECT_NE(left_out(made).find("segments: the stages are code of their host"), std::string::npos);
}

TEST_F(TuneKnobs, divided_pipeline_may_be_fused) {
  const std::string text =
      "[[segment]]\nname = \"x\"\n[[segment]]\nname = \"y\"\nafter = [\"x\"]\n"
      "[[stage]]\nname = \"a\"\n[[stage]]\nname = \"b\"\nsegment = \"y\"\n";
  const Knobs made = knobs(text);
  EXPECT_EQ(in_words(made, "segments"), "(as given) | all on one thread");
  Config fused = config_;
  for (const ConfigChange& change : made.all.back().choices[1].changes) apply_change(change, fused);
  EXPECT_EQ(describe_config(fused), describe_config(*parse_config(kTwoStages, "x.toml")));
}

TEST_F(TuneKnobs, all_choices_go_together_in_the_options_and_in_the_text) {
  const Knobs made = knobs(std::string("# mine\n") + kTwoStages);
  ASSERT_EQ(made.all.size(), 5U);
  std::vector<std::size_t> point(made.all.size(), 0);
  // Every point of the whole grid: 3 * 5 * 3 * 5 * 4.
  for (std::size_t points = 0;; ++points) {
    const auto changes = changes_of(made.all, point);
    Config config = config_;
    for (const ConfigChange& change : changes) apply_change(change, config);
    const auto text = rewrite_config(text_, "x.toml", changes);
    ASSERT_TRUE(text) << text.error().message;
    ASSERT_EQ(describe_config(*parse_config(*text, "x.toml")), describe_config(config));
    std::size_t knob = 0;
    while (knob < point.size() && ++point[knob] == made.all[knob].choices.size()) point[knob++] = 0;
    if (knob < point.size()) continue;
    EXPECT_EQ(points + 1, 900U);
    break;
  }
}

}  // namespace
}  // namespace penstock::test
