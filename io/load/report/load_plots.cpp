// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/report/load_plots.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <penstock/io/in_words.hpp>
#include <penstock/io/load/report/svg_plot.hpp>

namespace penstock {
namespace {

PlotAxis latency_axis() {
  return {.label = "latency",
          .logarithmic = true,
          .in_words = [](double value) { return duration_in_short(value); },
          .ticks = {}};
}

/// 1/(1 - share): 10 is p90, 100 is p99.
std::string percentile_name(double left) { return fmt::format("p{:.6g}", 100 - 100 / left); }

PlotSeries by_percentile(std::string name, const HistogramSnapshot& histogram) {
  PlotSeries series{.name = std::move(name), .points = {}};
  if (histogram.count() == 0) return series;
  constexpr int kPointsPerDecade = 12;
  // Beyond the last event there is nothing to tell.
  const double decades = std::log10(static_cast<double>(histogram.count()));
  const int points = static_cast<int>(decades * kPointsPerDecade);
  for (int i = 0; i <= points; ++i) {
    const double left = std::pow(10, static_cast<double>(i) / kPointsPerDecade);
    series.points.emplace_back(left, static_cast<double>(histogram.percentile(100 - 100 / left)));
  }
  series.points.emplace_back(static_cast<double>(histogram.count()),
                             static_cast<double>(histogram.max()));
  return series;
}

std::vector<PlotMark> marks_of(const Slo* slo) {
  std::vector<PlotMark> marks;
  if (slo != nullptr)
    for (const SloTerm& term : slo->terms)
      marks.push_back({static_cast<double>(term.limit_ns), term.text});
  return marks;
}

}  // namespace

std::string plot_by_percentile(const LoadResult& result, const Slo* slo) {
  constexpr std::size_t kRunsDrawn = 5;  // more lines than colours tell nobody more
  Plot plot{.title = "Latency by percentile",
            .x = {.label = "percentile",
                  .logarithmic = true,
                  .in_words = percentile_name,
                  .ticks = {1, 2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}},
            .y = latency_axis(),
            .series = {},
            .marks = marks_of(slo)};
  // The first ones, and the typical one in place of the last of them.
  const auto typical = static_cast<std::size_t>(&result.typical() - result.runs.data());
  for (std::size_t i = 0; i < result.runs.size() && i < kRunsDrawn; ++i) {
    const std::size_t drawn = i + 1 == kRunsDrawn ? std::max(i, typical) : i;
    plot.series.push_back(
        by_percentile(result.runs.size() == 1 ? "latency" : "run " + std::to_string(drawn + 1),
                      result.runs[drawn].latency_ns));
  }
  plot.series.push_back(by_percentile("hiccups", result.typical().hiccups_ns));
  plot.series.back().faint = true;
  return svg_plot(plot);
}

std::string plot_over_time(const LoadRun& run, const Slo* slo) {
  Plot plot{.title = "Latency over time",
            .x = {.label = "seconds since the end of the warm-up",
                  .logarithmic = false,
                  .in_words = [](double value) { return fmt::format("{:.6g}", value); },
                  .ticks = {}},
            .y = latency_axis(),
            .series = {{.name = "p50", .points = {}},
                       {.name = "p99", .points = {}},
                       {.name = "max", .points = {}},
                       {.name = "longest hiccup", .points = {}, .line = true, .faint = true}},
            .marks = marks_of(slo)};
  for (const LoadInterval& interval : run.intervals) {
    if (interval.latency_ns.count() == 0) continue;
    const double at_s =
        (static_cast<double>(interval.begin_ns) + static_cast<double>(interval.length_ns)) / 1e9;
    const std::array<std::uint64_t, 4> values{interval.latency_ns.percentile(50),
                                              interval.latency_ns.percentile(99),
                                              interval.latency_ns.max(), interval.hiccups_ns.max()};
    for (std::size_t i = 0; i < values.size(); ++i)
      plot.series[i].points.emplace_back(at_s, static_cast<double>(values[i]));
  }
  return svg_plot(plot);
}

std::string plot_ladder(const Search& search, const Slo* slo) {
  const double percent = slo == nullptr || slo->terms.empty() ? 99 : slo->terms.front().percent;
  Plot plot{.title = "Latency by rate",
            .x = {.label = "events a second",
                  .logarithmic = true,
                  .in_words = [](double value) { return in_short(value); },
                  .ticks = {}},
            .y = latency_axis(),
            .series = {{.name = "held", .points = {}, .line = false},
                       {.name = "failed", .points = {}, .line = false}},
            .marks = marks_of(slo)};
  if (plot.marks.size() > 1) plot.marks.resize(1);  // the limit of what is drawn
  plot.y.label = percent >= 100 ? "maximum" : fmt::format("p{:.6g}", percent);
  for (const Trial& trial : search.trials)
    plot.series[trial.failed_by.empty() ? 0 : 1].points.emplace_back(
        trial.rate_asked, static_cast<double>(trial.run.latency_ns.percentile(percent)));
  return svg_plot(plot);
}

}  // namespace penstock
