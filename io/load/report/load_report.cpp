// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/report/load_report.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include <penstock/io/in_words.hpp>

namespace penstock {
namespace {

constexpr std::array<std::pair<const char*, double>, 5> kPercentiles{
    {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99}}};
constexpr std::size_t kLabelWidth = 11;

std::string row(std::string_view label, const std::string& text) {
  std::string line(label);
  line.append(kLabelWidth - label.size(), ' ');
  return line.append(text).append("\n");
}

std::string percentiles(const HistogramSnapshot& histogram) {
  if (histogram.count() == 0) return "none";
  std::string text;
  for (const auto& [name, percent] : kPercentiles)
    text.append(name)
        .append(" ")
        .append(duration_in_short(histogram.percentile(percent)))
        .append(" · ");
  return text.append("max ").append(duration_in_short(histogram.max()));
}

std::string shape_of(const LoadOptions& asked) {
  std::string text(to_string(asked.shape));
  if (asked.shape == LoadShape::bursts) text += " of " + with_commas(asked.burst);
  return text;
}

std::string counts(const LoadRun& run) {
  const Stats& stats = run.report.stats;
  std::string text = with_commas(run.sent) + " sent";
  const auto add = [&text](std::uint64_t count, const char* what) {
    if (count > 0) text.append(" · ").append(with_commas(count)).append(what);
  };
  add(stats.completed, " completed");
  add(stats.dropped, " dropped");
  add(stats.dead, " dead");
  add(stats.refused_total(), " refused");
  add(stats.in_flight, " left in flight");
  add(run.unsent, " could not be sent");
  return text;
}

/// Where the mean event was, in order; the parts add up to its latency.
std::string places(const LoadRun& run) {
  std::string text;
  for (const SegmentStats& segment : run.segments) {
    if (run.segments.size() > 1) text.append(text.empty() ? "" : " | ").append(segment.name + ": ");
    text.append(text.empty() || text.ends_with(": ") ? "" : " · ");
    text.append("wait ").append(duration_in_short(segment.wait_ns.mean()));
    for (const StepStats& step : segment.steps)
      text.append(" · ").append(step.name).append(" ").append(
          duration_in_short(step.service_ns.mean()));
  }
  return text;
}

/// What one event costs in each step, without waiting for its batch.
std::string shares(const LoadRun& run) {
  std::string text;
  for (const SegmentStats& segment : run.segments)
    for (const StepStats& step : segment.steps)
      if (step.service_ns.count() > 0)
        text.append(text.empty() ? "" : " · ")
            .append(step.name)
            .append(" ")
            .append(duration_in_short(static_cast<double>(step.busy_ns) /
                                      static_cast<double>(step.service_ns.count())));
  return text;
}

std::string costs(const LoadRun& run) {
  std::array<char, 64> cpu{};
  std::snprintf(cpu.data(), cpu.size(), "%.3g CPU s per million events", run.cpu_s_per_million());
  std::string text = cpu.data();
  if (const auto each = run.allocations_per_event()) {
    std::array<char, 64> number{};
    std::snprintf(number.data(), number.size(), " · %.3g allocations an event", *each);
    text += number.data();
  }
  return text + " · switches " + with_commas(run.voluntary_switches()) + " voluntary, " +
         with_commas(run.involuntary_switches()) + " involuntary";
}

std::string rates(const LoadRun& run) {
  std::string text =
      in_short(run.rate_asked) + "/s asked, " + in_short(run.rate_achieved()) + "/s achieved";
  if (run.load_was_the_limit())
    text += " — the load source did not keep up";
  else if (!run.kept_up())
    text += " — the pipeline did not keep up: " + run.fell_behind_by();
  return text;
}

std::string held_until_then(const Search& search) {
  double held = 0;
  for (const Trial& trial : search.trials)
    if (trial.failed_by.empty()) held = std::max(held, trial.rate_asked);
  return held > 0 ? in_short(held) + "/s had held" : "no rate had held";
}

}  // namespace

std::string load_heading(const LoadResult& result) {
  const LoadOptions& asked = result.asked;
  const MachineFacts& machine = result.machine;
  std::string text = result.pipeline + " · " + shape_of(asked) + " " + in_short(asked.rate) +
                     "/s · " + duration_in_short(asked.duration) + " after " +
                     duration_in_short(asked.warmup) + " of warm-up · " + result.events + ", " +
                     bytes_in_short(result.event_bytes_mean) + " each\n";
  text += row("machine", machine.cpu + (machine.virtual_machine ? " (virtual)" : "") + " · " +
                             machine.cpus_ours + " · " + machine.kernel);
  text += row("program", machine.compiler + " · " + machine.build + " · " + machine.revision);
  for (const std::string& remark : result.remarks) text += row("note", remark);
  return text;
}

std::string load_line(const LoadRun& run) {
  return in_short(run.rate_achieved()) + "/s · " + percentiles(run.latency_ns) +
         (run.kept_up() ? "" : " · did not keep up");
}

std::string search_report(const Search& search) {
  std::string text;
  for (const Trial& trial : search.trials)
    text += row(to_string(trial.step),
                in_short(trial.rate_asked) + "/s · " + percentiles(trial.run.latency_ns) + " · " +
                    (trial.failed_by.empty() ? "held" : "failed: " + trial.failed_by));
  text += row("highest", search.rate > 0 ? in_short(search.rate) + "/s with " + search.slo + " · " +
                                               rung_in_words(rung_at(search, search.rate))
                         : search.interrupted
                             ? "not known: the search was interrupted; " + held_until_then(search)
                             : "none: no rate held " + search.slo);
  if (search.next_failed > 0)
    text += row("next", in_short(search.next_failed) + "/s failed · " +
                            rung_in_words(rung_at(search, search.next_failed)));
  if (!search.rates.empty()) text += row("searches", rates_in_words(search));
  return text;
}

std::string rates_in_words(const Search& search) {
  std::string text;
  for (const double rate : search.rates) text += (text.empty() ? "" : ", ") + in_short(rate) + "/s";
  return text + " found; this is the median one";
}

std::string rung_in_words(const Rung& rung) {
  std::string text = "in " + std::to_string(rung.runs) + (rung.runs == 1 ? " run, " : " runs, ") +
                     "of which " + (rung.held == 0 ? "none" : std::to_string(rung.held)) + " held";
  const char* before = ": ";
  for (const Rung::Value& value : rung.slo) {
    text.append(std::exchange(before, ", "))
        .append(value.name + " = " + duration_in_short(value.least_ns));
    if (value.most_ns > value.least_ns)
      text.append(" to ").append(duration_in_short(value.most_ns));
  }
  return rung.failed_by.empty() ? text : text + " (" + rung.failed_by + ")";
}

std::string load_report(const LoadResult& result) {
  std::string text = load_heading(result);
  const LoadRun& run = result.typical();
  if (result.runs.size() > 1) {
    for (std::size_t i = 0; i < result.runs.size(); ++i)
      text += row("run " + std::to_string(i + 1), load_line(result.runs[i]));
    text += row("typical", "run " + std::to_string(&run - result.runs.data() + 1) +
                               ", whose p99 is the median");
  }
  text += row("rate", rates(run));
  text += row("events", counts(run));
  text += row("latency", percentiles(run.latency_ns) + "   (from when an event was due)");
  text += row("load late", percentiles(run.lateness_ns) + "   (when it was published)");
  text += row("load alone", percentiles(run.own_lateness_ns) + "   (without its waits for room: " +
                                duration_in_short(run.blocked_ns) + ")");
  text += row("hiccups", percentiles(run.hiccups_ns) +
                             (run.hiccups_shared ? "   (of the machine, and of the pipeline's work)"
                                                 : "   (of the machine, beside the run)"));
  text += row("where", places(run) + "   (means; an event goes with its batch)");
  text += row("an event", shares(run));
  text += row("costs", costs(run));
  return text;
}

}  // namespace penstock
