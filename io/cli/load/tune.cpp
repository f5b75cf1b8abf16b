// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/load/tune.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <penstock/io/cli/allocation_count.hpp>
#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/load/inputs.hpp>
#include <penstock/io/cli/plan.hpp>
#include <penstock/io/cli/signals.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/config/suggest.hpp>
#include <penstock/io/files/output_file.hpp>
#include <penstock/io/load/tune/tune_report.hpp>

namespace penstock::cli {
namespace {

/// As far as can be seen without making the file: where the config stands there will be none. So
/// that no minute of measuring is lost to a path that cannot be written.
Status check_can_be_written(const std::string& path) {
  if (path.empty() || descriptor_named_by(path) >= 0) return {};
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure))
    return system_error(ErrorCode::unavailable, path, EISDIR);
  std::string place = path;
  if (::access(path.c_str(), F_OK) != 0) {
    place = std::filesystem::path(path).parent_path().string();
    if (place.empty()) place = ".";
  }
  if (::access(place.c_str(), W_OK) == 0) return {};
  return system_error(ErrorCode::unavailable, path, errno);
}

Status write_in_place(const std::string& path, std::string_view text) {
  OutputFile file(path, false);
  Status status = file.open();
  if (status) status = file.begin();
  if (status) status = write_all(file.number(), text, path);
  return status ? file.close() : status;
}

/// A file is there with all of the text, or as it was before, where its folder lets others be made.
Status write_config(const std::string& path, std::string_view text) {
  namespace fs = std::filesystem;
  std::error_code failure;
  const bool is_file = fs::is_regular_file(path, failure) || !fs::exists(path, failure);
  const fs::path target = fs::weakly_canonical(path, failure);  // behind links
  if (descriptor_named_by(path) >= 0 || !is_file || failure ||
      ::access(target.parent_path().c_str(), W_OK) != 0)
    return write_in_place(path, text);
  const std::string part = target.string() + ".part";
  Status written = write_in_place(part, text);
  if (!written) {
    fs::remove(part, failure);
    return written;
  }
  fs::rename(part, target, failure);
  if (failure) return system_error(ErrorCode::storage, path, failure.value());
  return {};
}

/// An SLO, a rate without which one means nothing, and names of knobs.
Status check_arguments(const TuneArguments& arguments, TuneOptions& options) {
  if (!arguments.slo.empty()) {
    auto slo = parse_slo(arguments.slo);
    if (!slo) return tl::unexpected(std::move(slo).error());
    options.slo = std::move(*slo);
  } else if (options.rate) {
    return error(ErrorCode::usage,
                 "--rate needs --slo: which latencies at this rate are to become less, such as "
                 "--slo p99.9=50us; without both it is tuned for throughput");
  }
  if (arguments.budget.count() > 0) options.budget = arguments.budget;
  if (arguments.duration.count() > 0) options.duration = arguments.duration;
  for (const std::string& name : options.keep) {
    const auto& names = knob_names();
    if (std::ranges::find(names, name) != names.end()) continue;
    const std::string_view near = suggest(name, names);
    return error(ErrorCode::usage,
                 fmt::format("--keep {}: there is no such knob{}; they are {}", in_quotes(name),
                             near.empty() ? "" : " (did you mean " + in_quotes(near) + "?)",
                             fmt::join(names, ", ")));
  }
  return {};
}

/// Exit codes: as of the runs that were measured; a config that stands is fine.
int answer(const TuneArguments& arguments, const TuneResult& result, std::string_view text) {
  Status written;
  const bool pays = result.finding == TuneFinding::pays;
  if (pays && !arguments.out.empty()) {
    const auto tuned = tuned_config(result, text, arguments.config, arguments.command);
    written = tuned ? write_config(arguments.out, *tuned) : tl::unexpected(tuned.error());
  }
  const std::string out = pays && written ? arguments.out : "";
  const int printed = print_result(arguments.json ? tune_json(result, arguments.config, out) + '\n'
                                                  : tune_text(result));
  if (!written) return fail(written.error());
  if (printed != kFine) return printed;
  if (!out.empty()) tell("penstock: " + out + " has the new config");
  if (pays && arguments.out.empty())
    tell("penstock: nothing was written; --out FILE takes the new config");
  switch (result.finding) {
    case TuneFinding::pays:
    case TuneFinding::stands: return kFine;
    case TuneFinding::no_rate: return kCheckFailed;
    case TuneFinding::stopped: break;
  }
  return result.search.ended_by ? fail(*result.search.ended_by) : kDrainTimedOut;
}

}  // namespace

int tune(const TuneArguments& arguments) {
  TuneOptions options = arguments.tune;
  if (Status right = check_arguments(arguments, options); !right) return fail(right.error());
  const auto text = read_config_text(arguments.config);
  if (!text) return fail(text.error());
  const auto config = parse_config(*text, arguments.config);
  if (!config) return fail(config.error());
  const NamedFile written[] = {{"--out", arguments.out}};
  if (Status apart = check_apart(*config, arguments.events, written); !apart)
    return fail(apart.error());
  if (Status can = check_can_be_written(arguments.out); !can) return fail(can.error());
  std::vector<std::string> remarks;
  const auto events = events_for(arguments.events, *config, options.seed, remarks);
  if (!events) return fail(events.error());
  watch_signals();
  ProgressLine progress(true);
  unsigned runs = 0;
  options.stages_work = false;
  auto result = tune_config(
      {.load = {.config = &*config,
                .events = &*events,
                .fill_stages =
                    [&](PipelineBuilder& builder) { fill_stages(builder, config->pipeline); },
                .allocations = allocation_counter(),
                .own_allocations = own_allocation_counter(),
                .asked_to_stop = asked_to_stop},
       .text = *text,
       .on_run =
           [&](const std::string& what) {
             progress.draw(fmt::format("run {} · {}", ++runs, what));
           }},
      options);
  progress.clear();
  if (!result) return fail(result.error(), arguments.config);
  result->remarks.insert(result->remarks.end(), remarks.begin(), remarks.end());
  for (const StageOptions& stage : config->pipeline.stages)
    result->remarks.push_back("stage " + stage.name +
                              " is code of its host: here it lets every event pass");
  return answer(arguments, *result, *text);
}

}  // namespace penstock::cli
