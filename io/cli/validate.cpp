// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/validate.hpp>

#include <sstream>

#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/plan.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/json_writer.hpp>
#include <penstock/io/pipeline.hpp>

namespace penstock::cli {
namespace {

/// What can only be seen when the whole is planned; it has no place in the file.
void check_plan(CheckedConfig& checked) {
  if (!checked.problems.empty()) return;
  PipelineBuilder builder = pipeline(checked.config);
  fill_stages(builder, checked.config.pipeline);
  const auto planned = builder.plan();
  if (planned) return;
  std::istringstream lines(planned.error().message);
  for (std::string line; std::getline(lines, line);)
    checked.problems.push_back({0, 0, 0, line, {}});
}

int answer_json(const CheckedConfig& checked) {
  JsonWriter json;
  json.begin_object().member("valid", checked.problems.empty());
  json.key("problems").begin_array();
  for (const ConfigProblem& problem : checked.problems) {
    json.begin_object().member("line", problem.line).member("column", problem.column);
    json.member("message", problem.message).member("suggestion", problem.suggestion).end_object();
  }
  json.end_array().end_object();
  return print_result(json.text() + '\n');
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

int answer_text(const CheckedConfig& checked, const std::string& text, const std::string& name) {
  if (!checked.problems.empty())
    return print_result(format_problems(checked.problems, text, name) + '\n');
  const Config& config = checked.config;
  return print_result(name + ": valid · " + counted(config.sources.size(), "source") + ", " +
                      counted(config.pipeline.stages.size(), "stage") + ", " +
                      counted(config.sinks.size(), "sink") +
                      (config.sources.empty()
                           ? " (without a [[source]] it is for a program that publishes)\n"
                           : "\n"));
}

}  // namespace

int validate(const ValidateArguments& arguments) {
  const auto text = read_config_text(arguments.config);
  if (!text) return fail(text.error());
  CheckedConfig checked = check_config(*text, arguments.config);
  check_plan(checked);
  const int printed =
      arguments.json ? answer_json(checked) : answer_text(checked, *text, arguments.config);
  if (printed != kFine) return printed;
  return checked.problems.empty() ? kFine : kBadConfig;
}

}  // namespace penstock::cli
