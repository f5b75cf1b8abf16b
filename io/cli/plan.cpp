// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/plan.hpp>

#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/config/table.hpp>
#include <penstock/io/json_writer.hpp>
#include <penstock/io/pipeline.hpp>

namespace penstock::cli {
namespace {

void write_memory(JsonWriter& json, const MemoryPlan& memory) {
  json.key("memory_bytes").begin_object().member("slots", memory.slots);
  json.member("envelopes", memory.envelopes).member("arena", memory.arena);
  json.member("columns", memory.columns).member("rounding", memory.rounding);
  json.member("decoders", memory.decoders).member("sources", memory.sources);
  json.member("spill_max", memory.spill_max).member("total", memory.total).end_object();
}

void write_segments(JsonWriter& json, const std::vector<SegmentPlan>& segments) {
  json.key("segments").begin_array();
  for (const SegmentPlan& segment : segments) {
    json.begin_object().member("name", segment.name);
    json.member("stages", segment.stages);
    json.key("after").begin_array();
    for (const unsigned before : segment.after) json.value(segments[before].name);
    json.end_array().end_object();
  }
  json.end_array();
}

void write_threads(JsonWriter& json, const std::vector<ThreadPlan>& threads) {
  json.key("threads").begin_array();
  for (const ThreadPlan& thread : threads) {
    json.begin_object().member("name", thread.name).key("cpu");
    if (thread.cpu)
      json.value(*thread.cpu);
    else
      json.null();
    json.member("runs", thread.runs);
    json.end_object();
  }
  json.end_array();
}

std::string plan_json(const Plan& plan) {
  const Property& wait = *find_property("threads", "wait");
  JsonWriter json;
  json.begin_object().member("partitions", plan.partitions);
  json.member("runner_threads", plan.runner_threads).member("source_threads", plan.source_threads);
  json.member("source_decodes", plan.source_decodes);
  json.member("wait", wait.choices[static_cast<std::size_t>(plan.wait)]);
  json.member("spin_ns", plan.spin_ns);
  write_memory(json, plan.memory);
  write_segments(json, plan.segments);
  write_threads(json, plan.threads);
  json.member("reasons", plan.reasons);
  return std::move(json.end_object()).text();
}

}  // namespace

void fill_stages(PipelineBuilder& builder, const PipelineOptions& options) {
  for (const StageOptions& stage : options.stages)
    builder.stage(stage.name, [](Event&, Context&) { return Outcome::next(); });
}

int plan(const PlanArguments& arguments) {
  auto loaded = load_config(arguments.config);
  if (!loaded) return fail(loaded.error());
  if (arguments.partitions) loaded->pipeline.partitions = *arguments.partitions;
  PipelineBuilder builder = pipeline(*loaded);
  fill_stages(builder, loaded->pipeline);
  const auto planned = builder.plan();
  if (!planned) return fail(planned.error(), arguments.config);
  std::string text = arguments.json ? plan_json(*planned) : planned->to_text();
  if (!text.ends_with('\n')) text += '\n';
  return print_result(text);
}

}  // namespace penstock::cli
