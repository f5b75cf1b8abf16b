// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/pipeline.hpp>

#include <penstock/io/files/reject_file.hpp>
#include <penstock/io/files/sinks.hpp>
#include <penstock/io/files/sources.hpp>

namespace penstock {
namespace {

std::unique_ptr<Source> make_source(const SourceOptions& options) {
  return options.kind == SourceKind::file ? make_file_source(options.path) : make_stdin_source();
}

std::unique_ptr<Sink> make_sink(const SinkOptions& options) {
  switch (options.kind) {
    case SinkKind::file: return make_file_sink(options.path, options.append);
    case SinkKind::standard_output: return make_stdout_sink();
    case SinkKind::null: break;
  }
  return make_null_sink();
}

}  // namespace

PipelineBuilder pipeline(const Config& config) {
  PipelineOptions options = config.pipeline;
  options.stages_are_fixed = true;
  PipelineBuilder builder(std::move(options));
  for (const SourceOptions& source : config.sources) builder.source(make_source(source));
  for (const SinkOptions& sink : config.sinks) builder.sink(make_sink(sink));
  if (config.rejects)
    builder.rejects(make_reject_file(config.rejects->path, config.rejects->append));
  return builder;
}

}  // namespace penstock
