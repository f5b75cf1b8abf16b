// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/load/bench.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include <penstock/io/cli/allocation_count.hpp>
#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/load/inputs.hpp>
#include <penstock/io/cli/plan.hpp>
#include <penstock/io/cli/report.hpp>
#include <penstock/io/cli/signals.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/config/config.hpp>
#include <penstock/io/files/output_file.hpp>
#include <penstock/io/load/event_pool.hpp>
#include <penstock/io/load/find_max.hpp>
#include <penstock/io/load/load_run.hpp>
#include <penstock/io/load/report/comparison.hpp>
#include <penstock/io/load/report/histogram_file.hpp>
#include <penstock/io/load/report/html_report.hpp>
#include <penstock/io/load/report/load_json.hpp>
#include <penstock/io/load/report/load_report.hpp>
#include <penstock/io/load/slo.hpp>

namespace penstock::cli {
namespace {

double seconds_of(const LoadOptions& load) {
  return std::chrono::duration<double>(load.duration).count();
}

/// A percentile of a handful of events says nothing.
Status check_enough_events(const Slo& slo, const LoadOptions& load) {
  const double planned = load.rate * seconds_of(load);
  const double needed = slo.events_needed();
  if (slo.terms.empty() || planned >= needed) return {};
  return error(
      ErrorCode::usage,
      "--slo " + slo.to_text() + " needs " + with_commas(static_cast<std::uint64_t>(needed)) +
          " events in a run, ten beyond its highest percentile, and would have " +
          with_commas(static_cast<std::uint64_t>(planned)) + "; raise --rate or --seconds");
}

std::string hlog_of(const LoadResult& result) {
  const LoadRun& run = result.typical();
  std::string text = hlog_head(run.began_ms);
  for (const LoadInterval& interval : run.intervals) {
    text += hlog_line({.tag = {}, .begin_ns = interval.begin_ns, .length_ns = interval.length_ns},
                      interval.latency_ns);
    text += hlog_line(
        {.tag = "hiccups", .begin_ns = interval.begin_ns, .length_ns = interval.length_ns},
        interval.hiccups_ns);
  }
  return text;
}

/// A file that a result goes to. It is opened before the first run, so that no run is lost to a
/// path that cannot be written; what it held stays until there is something to write.
struct ResultFile {
  OutputFile file;
  std::function<std::string()> text;
  bool is_new = false;  ///< there was none
};

Status write_file(ResultFile& to) {
  Status status = to.file.begin();
  if (status) status = write_all(to.file.number(), to.text(), to.file.path());
  return status ? to.file.close() : status;
}

/// The runs of one call.
class Bench {
 public:
  Bench(const BenchArguments& arguments, Config config, EventPool events, Slo slo,
        std::vector<std::string> remarks)
      : arguments_(arguments),
        config_(std::move(config)),
        events_(std::move(events)),
        slo_(std::move(slo)),
        remarks_(std::move(remarks)),
        setup_{.config = &config_,
               .events = &events_,
               .fill_stages =
                   [this](PipelineBuilder& builder) { fill_stages(builder, config_.pipeline); },
               .allocations = allocation_counter(),
               .own_allocations = own_allocation_counter(),
               .on_progress = [this](const Stats& stats) { draw(stats); },
               .asked_to_stop = asked_to_stop},
        progress_(true) {}
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  int drive();

 private:
  Status repeat();
  Result<Search> search_once(const std::string& which);
  Status search();
  Status open_files();
  Status write_files();
  void remove_new_files();
  int answer();
  void add_doubts();
  void draw(const Stats& stats) {
    if (!progress_.shown()) return;
    progress_.draw(doing_ + " · " + live_line(stats, drawn_));
    drawn_ = stats;
  }
  Result<LoadRun> run(const LoadOptions& options, std::string doing) {
    doing_ = std::move(doing);
    drawn_ = {};
    auto done = run_load(setup_, options);
    progress_.clear();
    return done;
  }
  [[nodiscard]] const Search* search_or_none() const { return search_ ? &*search_ : nullptr; }
  [[nodiscard]] const Slo* slo_or_none() const { return slo_.terms.empty() ? nullptr : &slo_; }

  // Fixed after construction.
  const BenchArguments& arguments_;
  Config config_;
  EventPool events_;
  Slo slo_;
  std::vector<std::string> remarks_;  ///< on the events
  LoadSetup setup_;
  // The main thread only.
  ProgressLine progress_;
  std::string doing_;
  Stats drawn_;
  LoadResult result_;
  std::optional<Search> search_;
  Search tried_;  ///< of a search that is underway
  std::vector<ResultFile> files_;
};

int Bench::drive() {
  auto described = describe_load(setup_, arguments_.load);
  if (!described) return fail(described.error(), arguments_.config);
  result_ = std::move(*described);
  result_.command = arguments_.command;
  result_.remarks.insert(result_.remarks.end(), remarks_.begin(), remarks_.end());
  for (const StageOptions& stage : config_.pipeline.stages)
    result_.remarks.push_back("stage " + stage.name +
                              " is code of its host: here it lets every event pass");
  if (Status opened = open_files(); !opened) {
    remove_new_files();
    return fail(opened.error(), arguments_.config);
  }
  const Status measured = arguments_.find_max ? search() : repeat();
  progress_.clear();
  if (result_.runs.empty()) {
    remove_new_files();
    return fail(measured.error(), arguments_.config);
  }
  result_.interrupted = !measured;
  if (!measured)
    result_.remarks.push_back("the measuring ended early, and this is what there was until then: " +
                              measured.error().message);
  add_doubts();
  // What was measured is told, whatever became of the files and of the runs behind it.
  const Status written = write_files();
  const int code = answer();
  if (!measured) return fail(measured.error(), arguments_.config);
  return written ? code : fail(written.error(), arguments_.config);
}

void Bench::add_doubts() {
  for (std::size_t i = 0; i < result_.runs.size(); ++i)
    for (const std::string& doubt : result_.runs[i].doubts())
      result_.remarks.push_back(
          (result_.runs.size() == 1 ? "" : "run " + std::to_string(i + 1) + ": ") + doubt);
}

Status Bench::repeat() {
  for (unsigned i = 0; i < arguments_.repeat; ++i) {
    auto done = run(arguments_.load,
                    "run " + std::to_string(i + 1) + " of " + std::to_string(arguments_.repeat));
    if (!done) return tl::unexpected(std::move(done).error());
    result_.runs.push_back(std::move(*done));
  }
  return {};
}

/// What was tried before an error is in `tried_`.
Result<Search> Bench::search_once(const std::string& which) {
  tried_ = {};
  const auto run_trial = [&](double rate, Trial::Step step) -> Result<Trial> {
    LoadOptions options = arguments_.load;
    options.rate = rate;
    auto done = run(options, which + std::string(to_string(step)) + " " + in_short(rate) + "/s");
    if (!done) return tl::unexpected(std::move(done).error());
    if (step != Trial::Step::confirm) done->intervals.clear();  // nobody will draw them
    Trial trial{.step = step,
                .rate_asked = rate,
                .failed_by = failed_by(*done, slo_),
                .run = std::move(*done)};
    trial.slo = slo_.found_in(trial.run.latency_ns);
    tried_.trials.push_back(trial);
    return trial;
  };
  return find_max({.first_rate = arguments_.load.rate,
                   .rate_min = slo_.events_needed() / seconds_of(arguments_.load)},
                  run_trial);
}

/// The report is of the search whose rate is the median, of an even number the lower one, and of
/// the runs that held there.
Status Bench::search() {
  std::vector<Search> searches;
  Status status;
  for (unsigned i = 0; i < arguments_.repeat && status; ++i) {
    auto found = search_once(arguments_.repeat == 1 ? ""
                                                    : "search " + std::to_string(i + 1) + " of " +
                                                          std::to_string(arguments_.repeat) + ": ");
    if (found)
      searches.push_back(std::move(*found));
    else
      status = tl::unexpected(std::move(found).error());
  }
  if (searches.empty() && tried_.trials.empty()) return status;
  search_ = searches.empty() ? std::move(tried_) : median_of(std::move(searches));
  search_->interrupted = search_->rate <= 0 && !status;
  search_->slo = slo_.to_text();
  for (const Trial& trial : search_->trials)
    if (trial.step == Trial::Step::confirm && trial.rate_asked == search_->rate &&
        trial.failed_by.empty())
      result_.runs.push_back(trial.run);
  if (result_.runs.empty()) result_.runs.push_back(search_->trials.back().run);
  result_.asked.rate = result_.runs.front().rate_asked;
  return status;
}

Status Bench::open_files() {
  const auto open = [this](const std::string& path, std::function<std::string()> text) -> Status {
    if (path.empty()) return {};
    std::error_code ignored;
    files_.push_back({.file = OutputFile(path, false),
                      .text = std::move(text),
                      .is_new = !std::filesystem::exists(path, ignored)});
    return files_.back().file.open();
  };
  Status status =
      open(arguments_.out, [this] { return load_json(result_, search_or_none()) + '\n'; });
  if (status)
    status = open(arguments_.html,
                  [this] { return html_report(result_, search_or_none(), slo_or_none()); });
  if (status)
    status = open(arguments_.hgrm, [this] { return hgrm_text(result_.typical().latency_ns); });
  if (status) status = open(arguments_.hlog, [this] { return hlog_of(result_); });
  return status;
}

/// Nothing will be written to them.
void Bench::remove_new_files() {
  std::error_code ignored;
  for (const ResultFile& file : files_)
    if (file.is_new) std::filesystem::remove(file.file.path(), ignored);
}

/// All of them, and the first error.
Status Bench::write_files() {
  Status first;
  for (ResultFile& file : files_) {
    Status written = write_file(file);
    if (first && !written) first = std::move(written);
  }
  return first;
}

int Bench::answer() {
  int printed = kFine;
  if (arguments_.json)
    printed = print_result(load_json(result_, search_or_none()) + '\n');
  else
    printed = print_result(load_report(result_) + (search_ ? search_report(*search_) : ""));
  if (printed != kFine) return printed;
  int code = kFine;
  bool unfinished = false;
  for (const LoadRun& run : result_.runs) {
    if (!run.report.stats.is_conserved()) {
      tell("penstock: the counts do not add up: events were lost");
      code = kCheckFailed;
    }
    if (!search_ && run.unfinished() > 0) {
      tell("penstock: the drain timed out with " + with_commas(run.unfinished()) +
           " events in flight");
      unfinished = true;
    }
    const std::string broken = slo_or_none() == nullptr ? "" : failed_by(run, slo_);
    if (search_ || broken.empty()) continue;
    tell("penstock: the SLO was not met: " + broken);
    code = kCheckFailed;
  }
  if (unfinished) return kDrainTimedOut;
  return search_ && search_->rate <= 0 ? kCheckFailed : code;
}

int compare_results(const BenchArguments& arguments) {
  const auto a = read_saved_result(arguments.compare[0]);
  if (!a) return fail(a.error());
  const auto b = read_saved_result(arguments.compare[1]);
  if (!b) return fail(b.error());
  const auto comparison = compare(*a, *b);
  if (!comparison) return fail(comparison.error());
  const int printed = print_result(arguments.json ? comparison_json(*comparison, *a, *b) + '\n'
                                                  : comparison_text(*comparison, *a, *b));
  if (printed != kFine) return printed;
  return comparison->worse() ? kCheckFailed : kFine;
}

/// Reports go neither over what the run reads and writes nor over each other.
Status check_report_files(const BenchArguments& arguments, const Config& config) {
  const NamedFile reports[] = {{"--out", arguments.out},
                               {"--html", arguments.html},
                               {"--hgrm", arguments.hgrm},
                               {"--hlog", arguments.hlog}};
  return check_apart(config, arguments.events, reports);
}

}  // namespace

int bench(const BenchArguments& arguments) {
  if (!arguments.compare.empty()) return compare_results(arguments);
  if (arguments.config.empty())
    return fail({ErrorCode::usage, "bench needs a config, or --compare with two results"});
  Slo slo;
  if (!arguments.slo.empty()) {
    auto parsed = parse_slo(arguments.slo);
    if (!parsed) return fail(parsed.error());
    slo = std::move(*parsed);
    if (Status enough = check_enough_events(slo, arguments.load); !enough)
      return fail(enough.error());
  } else if (arguments.find_max) {
    return fail({ErrorCode::usage,
                 "--find-max needs --slo: what the rate must meet, such as "
                 "--slo p99.9=50us"});
  }
  auto config = load_config(arguments.config);
  if (!config) return fail(config.error());
  if (Status apart = check_report_files(arguments, *config); !apart) return fail(apart.error());
  if (arguments.partitions) config->pipeline.partitions = *arguments.partitions;
  std::vector<std::string> remarks;
  auto events = events_for(arguments.events, *config, arguments.load.seed, remarks);
  if (!events) return fail(events.error());
  watch_signals();
  return Bench(arguments, *std::move(config), *std::move(events), std::move(slo),
               std::move(remarks))
      .drive();
}

}  // namespace penstock::cli
