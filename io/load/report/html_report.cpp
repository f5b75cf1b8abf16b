// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/report/html_report.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <penstock/io/in_words.hpp>
#include <penstock/io/load/report/load_json.hpp>
#include <penstock/io/load/report/load_plots.hpp>
#include <penstock/io/load/report/load_report.hpp>
#include <penstock/io/load/report/markup.hpp>
#include <penstock/io/load/report/style.hpp>

namespace penstock {
namespace {

constexpr std::array<std::pair<const char*, double>, 5> kPercentiles{
    {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99}}};

std::string per_second(double rate) { return in_short(rate) + "/s"; }

/// A run without latencies has no latency of 0.
std::string latency_text(const HistogramSnapshot& latency, std::uint64_t value_ns) {
  return latency.count() == 0 ? "–" : duration_in_short(value_ns);
}

class Page {
 public:
  Page(const LoadResult& result, const Search* search, const Slo* slo)
      : result_(result), run_(result.typical()), search_(search), slo_(slo) {}

  std::string write();

 private:
  void write_summary();
  void write_cards();
  void write_plots();
  void write_runs();
  void write_places();
  void write_place(const std::string& name, double mean_ns, const HistogramSnapshot& histogram,
                   const std::string& own_share, bool waiting);
  void write_trials();
  void write_threads();
  void write_facts();
  void write_reading();
  void card(const std::string& value, const std::string& name) {
    page_.open("div", {{"class", "card"}}).element("b", value).element("span", name).close();
  }
  void begin_table(std::initializer_list<std::string_view> heads) {
    page_.open("div", {{"class", "wide"}}).open("table").open("tr");
    for (const std::string_view head : heads) page_.element("th", head);
    page_.close();
  }
  void end_table() { page_.close().close(); }
  void row(const std::vector<std::string>& cells) {
    page_.open("tr");
    for (const std::string& cell : cells) page_.element("td", cell);
    page_.close();
  }
  void fact(const std::string& name, const std::string& text) {
    page_.open("tr").element("th", name).element("td", text).close();
  }
  void plot(const char* title, const char* words, const std::string& svg) {
    if (svg.empty()) return;
    page_.element("h2", title).element("p", words, {{"class", "soft"}});
    page_.open("div", {{"class", "wide"}}).raw(svg).close();
  }

  const LoadResult& result_;
  const LoadRun& run_;
  const Search* search_;
  const Slo* slo_;
  Markup page_;
};

std::string Page::write() {
  page_.raw("<!DOCTYPE html>\n").open("html", {{"lang", "en"}}).open("head");
  page_.empty("meta", {{"charset", "utf-8"}});
  page_.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page_.element("title", "Penstock: load of " + result_.pipeline);
  page_.open("style").raw(report_style()).close().close();
  page_.open("body").open("main");
  write_summary();
  write_cards();
  write_plots();
  write_runs();
  write_places();
  write_trials();
  write_threads();
  write_facts();
  write_reading();
  return std::move(page_.close().close().close()).text();
}

void Page::write_summary() {
  const LoadOptions& asked = result_.asked;
  page_.element("h1", result_.pipeline);
  page_.element("p",
                fmt::format("{} load of {} for {} after {} of warm-up · {} run{} · {}",
                            to_string(asked.shape), per_second(run_.rate_asked),
                            duration_in_short(asked.duration), duration_in_short(asked.warmup),
                            result_.runs.size(), result_.runs.size() == 1 ? "" : "s",
                            utc_text(result_.began_ms)),
                {{"class", "soft"}});
  if (search_ != nullptr)
    page_.element("p", search_->rate > 0 ? "Highest rate that meets " + search_->slo + ": " +
                                               per_second(search_->rate) + ", " +
                                               rung_in_words(rung_at(*search_, search_->rate)) + "."
                                         : "No rate meets " + search_->slo + ".");
  if (search_ != nullptr && !search_->rates.empty())
    page_.element("p", std::to_string(search_->rates.size()) +
                           " searches: " + rates_in_words(*search_) + ".");
  if (search_ != nullptr && search_->next_failed > 0)
    page_.element("p", "The next one that failed: " + per_second(search_->next_failed) + ", " +
                           rung_in_words(rung_at(*search_, search_->next_failed)) + ".");
  if (run_.load_was_the_limit())
    page_.element("p",
                  "The load source did not keep up with its own schedule: nothing is known of what "
                  "the pipeline can do.",
                  {{"class", "warn"}});
  else if (!run_.kept_up())
    page_.element("p", "The pipeline did not keep up: latencies are those of an overload.",
                  {{"class", "warn"}});
  for (const std::string& remark : result_.remarks) page_.element("p", remark, {{"class", "warn"}});
}

void Page::write_cards() {
  page_.open("div", {{"class", "cards"}});
  card(per_second(run_.rate_achieved()), "achieved");
  for (const auto& [name, percent] : kPercentiles)
    card(latency_text(run_.latency_ns, run_.latency_ns.percentile(percent)), name);
  card(latency_text(run_.latency_ns, run_.latency_ns.max()), "max");
  card(fmt::format("{:.3g} s", run_.cpu_s_per_million()), "CPU per million events");
  page_.close();
}

void Page::write_plots() {
  plot("Latency by percentile",
       "From when an event was due to its end. Each mark to the right leaves a tenth of the events "
       "of the one before.",
       plot_by_percentile(result_, slo_));
  plot("Latency over time", "Of the typical run, by interval.", plot_over_time(run_, slo_));
  if (search_ != nullptr)
    plot("Ladder of rates", "Each dot is a run.", plot_ladder(*search_, slo_));
}

void Page::write_runs() {
  page_.element("h2", "Runs");
  begin_table({"run", "achieved", "p50", "p90", "p99", "p99.9", "p99.99", "max", "CPU s/M"});
  for (std::size_t i = 0; i < result_.runs.size(); ++i) {
    const LoadRun& run = result_.runs[i];
    std::vector<std::string> cells{std::to_string(i + 1) + (&run == &run_ ? " (typical)" : ""),
                                   per_second(run.rate_achieved())};
    for (const auto& [name, percent] : kPercentiles)
      cells.push_back(latency_text(run.latency_ns, run.latency_ns.percentile(percent)));
    cells.push_back(latency_text(run.latency_ns, run.latency_ns.max()));
    cells.push_back(fmt::format("{:.3g}", run.cpu_s_per_million()));
    row(cells);
  }
  end_table();
}

void Page::write_places() {
  page_.element("h2", "Where the time goes");
  page_.element("p",
                "Means of the typical run add up to its mean latency, since an event goes through "
                "a step with its whole batch. The last column is what the step takes for one "
                "event alone.",
                {{"class", "soft"}});
  begin_table({"step", "mean", "", "p50", "p99", "max", "an event"});
  for (const SegmentStats& segment : run_.segments) {
    const std::string prefix = run_.segments.size() > 1 ? segment.name + ": " : "";
    write_place(prefix + "wait", segment.wait_ns.mean(), segment.wait_ns, "", true);
    for (const StepStats& step : segment.steps) {
      const std::uint64_t count = step.service_ns.count();
      write_place(prefix + step.name, step.service_ns.mean(), step.service_ns,
                  count == 0 ? ""
                             : duration_in_short(static_cast<double>(step.busy_ns) /
                                                 static_cast<double>(count)),
                  false);
    }
  }
  end_table();
}

void Page::write_place(const std::string& name, double mean_ns, const HistogramSnapshot& histogram,
                       const std::string& own_share, bool waiting) {
  const double whole_ns = std::max(run_.latency_ns.mean(), 1.0);
  page_.open("tr").element("td", name).element("td", duration_in_short(mean_ns));
  page_.open("td", {{"style", "width: 30%"}});
  page_.element(
      "div", "",
      {{"class", waiting ? "bar waiting" : "bar"},
       {"style", fmt::format("width: {:.1f}%", std::min(mean_ns / whole_ns, 1.0) * 100)}});
  page_.close();
  for (const double percent : {50.0, 99.0})
    page_.element("td", duration_in_short(histogram.percentile(percent)));
  page_.element("td", duration_in_short(histogram.max())).element("td", own_share).close();
}

void Page::write_trials() {
  if (search_ == nullptr) return;
  page_.element("h2", "Trials");
  begin_table({"rate", "step", "achieved", "p50", "p99", "p99.9", "max", ""});
  for (const Trial& trial : search_->trials) {
    const HistogramSnapshot& latency = trial.run.latency_ns;
    row({per_second(trial.rate_asked), std::string(to_string(trial.step)),
         per_second(trial.run.rate_achieved()), latency_text(latency, latency.percentile(50)),
         latency_text(latency, latency.percentile(99)),
         latency_text(latency, latency.percentile(99.9)), latency_text(latency, latency.max()),
         trial.failed_by.empty() ? "held" : trial.failed_by});
  }
  end_table();
}

void Page::write_threads() {
  page_.element("h2", "Threads");
  begin_table({"thread", "CPU", "voluntary switches", "involuntary"});
  const double measured_ns = std::max(static_cast<double>(run_.measured_ns), 1.0);
  for (const ThreadUsage& thread : run_.threads)
    row({thread.name,
         fmt::format("{:.1f} %", static_cast<double>(thread.cpu_ns) / measured_ns * 100),
         with_commas(thread.voluntary_switches), with_commas(thread.involuntary_switches)});
  end_table();
  page_.element(
      "p",
      "Load threads spin until the next event is due: " + duration_in_short(run_.spun_ns) +
          " of this run, which no figure of costs contains.",
      {{"class", "soft"}});
}

void Page::write_facts() {
  const MachineFacts& machine = result_.machine;
  const Stats& stats = run_.report.stats;
  page_.element("h2", "What was run, and on what");
  page_.open("div", {{"class", "wide"}}).open("table", {{"class", "words"}});
  if (!result_.command.empty()) fact("command", result_.command);
  fact("config", result_.config);
  fact("events", result_.events + ", " + bytes_in_short(result_.event_bytes_mean) + " each");
  fact("counts", fmt::format("{} sent, {} not sent; {} completed, {} dropped, {} dead, {} refused",
                             with_commas(run_.sent), with_commas(run_.unsent),
                             with_commas(stats.completed), with_commas(stats.dropped),
                             with_commas(stats.dead), with_commas(stats.offered - stats.accepted)));
  if (const auto each = run_.allocations_per_event())
    fact("allocations", fmt::format("{:.3g} an event", *each));
  fact("load late", "p50 " + duration_in_short(run_.lateness_ns.percentile(50)) + ", p99 " +
                        duration_in_short(run_.lateness_ns.percentile(99)) + ", max " +
                        duration_in_short(run_.lateness_ns.max()));
  fact("load alone", "p50 " + duration_in_short(run_.own_lateness_ns.percentile(50)) + ", p99 " +
                         duration_in_short(run_.own_lateness_ns.percentile(99)) + ", max " +
                         duration_in_short(run_.own_lateness_ns.max()) +
                         "; without its waits for room, " + duration_in_short(run_.blocked_ns) +
                         " in all");
  fact("hiccups",
       "p50 " + duration_in_short(run_.hiccups_ns.percentile(50)) + ", p99 " +
           duration_in_short(run_.hiccups_ns.percentile(99)) + ", max " +
           duration_in_short(run_.hiccups_ns.max()) +
           (run_.hiccups_cpu ? ", on CPU " + std::to_string(*run_.hiccups_cpu) : "") +
           (run_.hiccups_shared ? ", shared with the pipeline: its work is in them" : ""));
  fact("machine", machine.cpu + (machine.virtual_machine ? ", virtual" : ""));
  fact("CPUs", machine.cpus_ours);
  fact("kernel", machine.kernel + ", governor " + machine.governor);
  fact("program", machine.compiler + ", " + machine.build + ", revision " + machine.revision);
  for (const std::string& reason : result_.plan) fact("plan", reason);
  page_.close().close();
}

void Page::write_reading() {
  page_.element("h2", "How to read this");
  page_.element("p",
                "The load is open: when events are due is fixed before the first one is sent, and "
                "latency counts from then, so that what waits behind a stall is not left out. "
                "Hiccups are what a thread that only sleeps saw of the machine in the meantime: a "
                "latency of that size need not be the pipeline's. Events that could not be sent "
                "count with the time that they had waited by the end.");
}

}  // namespace

std::string html_report(const LoadResult& result, const Search* search, const Slo* slo) {
  return Page(result, search, slo).write();
}

}  // namespace penstock
