// SPDX-License-Identifier: Apache-2.0
// The public handles: thin doors to the core.
#include <penstock/pipeline/flow/pipeline.hpp>

#include <optional>
#include <utility>

#include <penstock/pipeline/flow/core.hpp>
#include <penstock/pipeline/flow/layout.hpp>
#include <penstock/pipeline/flow/runner_thread.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {

Pipeline::Pipeline(std::shared_ptr<PipelineCore> core) noexcept : core_(std::move(core)) {}
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&& other) noexcept {
  std::swap(core_, other.core_);
  return *this;
}
Pipeline::~Pipeline() {
  if (core_) core_->stop(core_->layout.options.drain_timeout);
}

Status Pipeline::start() { return core_->start(); }
Producer Pipeline::producer() { return Producer(core_); }
Stats Pipeline::stats() const { return core_->stats(); }
Health Pipeline::health() const { return core_->health(); }
const Plan& Pipeline::plan() const noexcept { return core_->layout.plan; }
void Pipeline::count_from(std::uint64_t at_ns) noexcept { core_->count_from(at_ns); }
bool Pipeline::wait_for_sources(std::chrono::nanoseconds timeout) {
  return core_->wait_for_sources(timeout);
}
Report Pipeline::stop(std::chrono::nanoseconds deadline) { return core_->stop(deadline); }
void Pipeline::abandon() noexcept { core_->abandon(); }
std::size_t Pipeline::poll(unsigned partition, std::size_t budget) {
  return core_->poll(partition, budget);
}
int Pipeline::event_fd() const noexcept {
  return core_->host() == nullptr ? -1 : core_->host()->event_fd();
}
bool Pipeline::arm() {
  PENSTOCK_CHECK(core_->host() != nullptr);
  const bool nothing_to_do = core_->host()->arm();
  return nothing_to_do || core_->abandoned();  // what is left then is left for good
}

// ---- PipelineBuilder

struct PipelineBuilder::Parts {
  LayoutInput input;
  std::optional<CpuLimits> cpus;
  std::string segment;  ///< of the stages that follow
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<std::unique_ptr<Sink>> sinks;
  std::unique_ptr<RejectSink> rejects;
  PressureCallback on_pressure;
  WhileFull while_full;
  const Clock* clock = &steady_clock();
  std::uint64_t (*allocations)() = nullptr;
  bool measure_stages = false;

  bool built = false;
  bool was_given_null = false;

  [[nodiscard]] Result<Layout> layout() const {
    if (built)
      return error(ErrorCode::usage,
                   "build() was called twice: the first call took the sources and sinks along");
    if (was_given_null)
      return error(ErrorCode::usage, "a source, a sink or the rejects are a null pointer");
    LayoutInput complete = input;
    complete.cpus = cpus ? *cpus : read_cpu_limits();
    for (const std::unique_ptr<Source>& source : sources) {
      complete.source_names.emplace_back(source->name());
      complete.sources_bytes += source->memory_bytes(input.options.ring.event_bytes_max);
    }
    for (const std::unique_ptr<Sink>& sink : sinks) complete.sink_names.emplace_back(sink->name());
    return make_layout(complete);
  }
};

PipelineBuilder::PipelineBuilder(PipelineOptions options) : parts_(std::make_unique<Parts>()) {
  parts_->input.options = std::move(options);
}
PipelineBuilder::PipelineBuilder(PipelineBuilder&&) noexcept = default;
PipelineBuilder& PipelineBuilder::operator=(PipelineBuilder&&) noexcept = default;
PipelineBuilder::~PipelineBuilder() = default;

PipelineBuilder& PipelineBuilder::add_stage(std::string name,
                                            std::function<std::unique_ptr<Stage>(unsigned)> make) {
  parts_->input.stages.push_back(
      {.name = std::move(name), .segment = parts_->segment, .make = std::move(make)});
  return *this;
}

PipelineBuilder& PipelineBuilder::segment(std::string name, std::vector<std::string> after) {
  // Stages that came before any segment was named need one, too.
  if (parts_->input.options.segments.empty() && !parts_->input.stages.empty())
    parts_->input.options.segments.push_back({.name = "main", .after = {}});
  parts_->segment = name;
  parts_->input.options.segments.push_back({.name = std::move(name), .after = std::move(after)});
  return *this;
}

PipelineBuilder& PipelineBuilder::source(std::unique_ptr<Source> source) {
  parts_->was_given_null = parts_->was_given_null || source == nullptr;
  parts_->sources.push_back(std::move(source));
  return *this;
}

PipelineBuilder& PipelineBuilder::sink(std::unique_ptr<Sink> sink) {
  parts_->was_given_null = parts_->was_given_null || sink == nullptr;
  parts_->sinks.push_back(std::move(sink));
  return *this;
}

PipelineBuilder& PipelineBuilder::rejects(std::unique_ptr<RejectSink> rejects) {
  parts_->was_given_null = parts_->was_given_null || rejects == nullptr;
  parts_->rejects = std::move(rejects);
  return *this;
}

PipelineBuilder& PipelineBuilder::on_pressure(PressureCallback callback) {
  parts_->on_pressure = std::move(callback);
  return *this;
}

PipelineBuilder& PipelineBuilder::host_driven(WhileFull while_full) {
  parts_->input.host_driven = true;
  parts_->while_full = std::move(while_full);
  return *this;
}

PipelineBuilder& PipelineBuilder::clock(const Clock& clock) {
  parts_->clock = &clock;
  return *this;
}

PipelineBuilder& PipelineBuilder::cpus(CpuLimits limits) {
  parts_->cpus = std::move(limits);
  return *this;
}

PipelineBuilder& PipelineBuilder::allocations(std::uint64_t (*count)()) {
  parts_->allocations = count;
  return *this;
}

PipelineBuilder& PipelineBuilder::measure_stages() {
  parts_->measure_stages = true;
  return *this;
}

Result<Plan> PipelineBuilder::plan() const {
  Result<Layout> layout = parts_->layout();
  if (!layout) return tl::unexpected(std::move(layout).error());
  return std::move(layout->plan);
}

Result<Pipeline> PipelineBuilder::build() {
  Result<Layout> layout = parts_->layout();
  if (!layout) return tl::unexpected(std::move(layout).error());
  parts_->built = true;
  Result<std::shared_ptr<PipelineCore>> core =
      PipelineCore::create({.layout = std::move(*layout),
                            .sources = std::move(parts_->sources),
                            .sinks = std::move(parts_->sinks),
                            .rejects = std::move(parts_->rejects),
                            .on_pressure = std::move(parts_->on_pressure),
                            .while_full = std::move(parts_->while_full),
                            .clock = parts_->clock,
                            .allocations = parts_->allocations,
                            .measure_stages = parts_->measure_stages});
  if (!core) return tl::unexpected(std::move(core).error());
  return Pipeline(std::move(*core));
}

}  // namespace penstock
