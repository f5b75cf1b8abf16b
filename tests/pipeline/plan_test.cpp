// SPDX-License-Identifier: Apache-2.0
// What the builder refuses, all at once, and what it chooses.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "flow_fixture.hpp"

namespace penstock::test {
namespace {

CpuLimits cpus(unsigned count, double quota = std::numeric_limits<double>::infinity()) {
  CpuLimits limits;
  for (unsigned i = 0; i < count; ++i) limits.cpus.push_back(4 + i);  // ids need not start at 0
  limits.quota = quota;
  return limits;
}

Outcome pass(Event&, Context&) { return Outcome::next(); }

bool says(const std::vector<std::string>& lines, std::string_view what) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(what) != std::string::npos; });
}

TEST(Plan, every_problem_is_told_at_once) {
  PipelineOptions options;
  options.ring.slots = 1000;
  options.ring.arena_bytes = 5000;
  options.ring.event_bytes_max = 100;
  options.admission.low = 0.9;
  options.key = "";
  const Result<Plan> plan = PipelineBuilder(options).plan();
  ASSERT_FALSE(plan.has_value());
  for (const char* what :
       {"ring.slots", "ring.arena", "ring.event_bytes_max", "admission.low", "pipeline.key"})
    EXPECT_NE(plan.error().message.find(what), std::string::npos) << what << "\n"
                                                                  << plan.error().message;
}

TEST(Plan, inline_events_larger_than_half_the_arena_are_refused) {
  PipelineOptions options;
  options.ring.arena_bytes = 65536;
  options.ring.inline_bytes_max = 40000;
  const Result<Plan> plan = PipelineBuilder(options).plan();
  ASSERT_FALSE(plan.has_value());
  EXPECT_NE(plan.error().message.find("inline_bytes_max"), std::string::npos);
}

TEST(Plan, stages_of_config_and_program_meet_by_name) {
  PipelineOptions options;
  options.stages_are_fixed = true;
  options.stages = {{.name = "price", .place = "orders.toml:7:1"}, {.name = "ship"}};
  PipelineBuilder builder(options);
  builder.stage("price", pass).stage("extra", pass);
  const Result<Plan> plan = builder.plan();
  ASSERT_FALSE(plan.has_value());
  EXPECT_NE(plan.error().message.find("\"ship\""), std::string::npos);
  EXPECT_NE(plan.error().message.find("\"extra\""), std::string::npos);
  EXPECT_EQ(plan.error().message.find("\"price\""), std::string::npos);
}

TEST(Plan, order_of_stages_is_that_of_the_config) {
  PipelineOptions options;
  options.stages_are_fixed = true;
  options.stages = {{.name = "b"}, {.name = "a"}};
  PipelineBuilder builder(options);
  builder.stage("a", pass).stage("b", pass);
  EXPECT_EQ(builder.plan()->segments[0].stages, (std::vector<std::string>{"decode", "b", "a"}));
}

TEST(Plan, runner_threads_are_what_the_sources_leave_and_at_least_one) {
  PipelineOptions options;
  options.partitions = 8;
  const auto threads = [&](CpuLimits limits) {
    PipelineBuilder builder(options);
    builder.cpus(std::move(limits))
        .source(std::make_unique<LinesSource>(std::vector<std::string>{}));
    return builder.plan()->runner_threads;
  };
  EXPECT_EQ(threads(cpus(1)), 1U);
  EXPECT_EQ(threads(cpus(2)), 1U);
  EXPECT_EQ(threads(cpus(6)), 5U);
  EXPECT_EQ(threads(cpus(64)), 8U);
  EXPECT_EQ(threads(cpus(64, 0.5)), 1U);
  EXPECT_EQ(threads(cpus(64, 3.5)), 2U);
}

TEST(Plan, spinning_is_bounded_by_the_quota) {
  PipelineOptions options;
  options.threads.wait = WaitKind::busy_spin;
  PipelineBuilder builder(options);
  EXPECT_EQ(builder.cpus(cpus(4, 0.5)).plan()->wait, WaitKind::adaptive);
  EXPECT_EQ(builder.cpus(cpus(4, 0.5)).plan()->spin_ns, 0U);
  EXPECT_EQ(builder.cpus(cpus(4, 1.5)).plan()->wait, WaitKind::busy_spin);
  options.threads.wait = WaitKind::adaptive;
  PipelineBuilder adaptive(options);
  EXPECT_EQ(adaptive.cpus(cpus(1)).plan()->spin_ns, 0U) << "nobody else could run meanwhile";
  EXPECT_TRUE(says(adaptive.cpus(cpus(1)).plan()->reasons, "no spinning: 1 thread on 1"));
}

TEST(Plan, threads_are_pinned_to_cpus_that_exist_unless_they_outnumber_them) {
  PipelineBuilder builder({});
  builder.source(std::make_unique<LinesSource>(std::vector<std::string>{}));
  const Result<Plan> enough = builder.cpus(cpus(2)).plan();
  EXPECT_EQ(enough->threads[0].cpu, 4U);
  EXPECT_EQ(enough->threads[1].cpu, 5U);
  const Result<Plan> few = builder.cpus(cpus(1)).plan();
  EXPECT_FALSE(few->threads[0].cpu.has_value());
  EXPECT_TRUE(says(few->reasons, "not pinned"));
}

TEST(Plan, memory_adds_up) {
  PipelineOptions options;
  options.partitions = 3;
  const Plan plan = *PipelineBuilder(options).plan();
  const MemoryPlan& memory = plan.memory;
  EXPECT_EQ(memory.slots, 4096U * 64);
  EXPECT_EQ(memory.envelopes, 4096U * sizeof(Envelope));
  const std::uint64_t partition =
      memory.slots + memory.envelopes + memory.arena + memory.columns + memory.rounding;
  EXPECT_EQ(partition % (std::uint64_t{2} << 20), 0U) << "whole huge pages";
  EXPECT_EQ(memory.total, 3 * partition + memory.decoders + memory.sources + memory.spill_max);
  EXPECT_NE(plan.to_text().find("slots 256 KiB"), std::string::npos) << plan.to_text();
}

TEST(Plan, unknown_segment_is_refused_by_name) {
  PipelineOptions options;
  options.segments = {{.name = "a", .after = {"nowhere"}}};
  const Result<Plan> plan = PipelineBuilder(options).plan();
  ASSERT_FALSE(plan.has_value());
  EXPECT_NE(plan.error().message.find("nowhere"), std::string::npos);
}

TEST(Plan, host_driven_pipeline_with_a_source_is_refused) {
  PipelineBuilder builder({});
  builder.host_driven().source(std::make_unique<LinesSource>(std::vector<std::string>{}));
  EXPECT_FALSE(builder.plan().has_value());
}

}  // namespace
}  // namespace penstock::test
