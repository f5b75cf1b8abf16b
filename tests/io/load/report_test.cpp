// SPDX-License-Identifier: Apache-2.0
// Reports: pages that are well-formed and load nothing, plots with every point, JSON that others
// read, words that say what counts.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <penstock/io/load/find_max.hpp>
#include <penstock/io/load/report/html_report.hpp>
#include <penstock/io/load/report/load_json.hpp>
#include <penstock/io/load/report/load_plots.hpp>
#include <penstock/io/load/report/load_report.hpp>
#include <penstock/io/load/report/markup.hpp>
#include <penstock/io/load/report/svg_plot.hpp>

#include "load_fixture.hpp"

namespace penstock::test {
namespace {

std::size_t count_of(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + what.size()))
    ++count;
  return count;
}

/// Every element is closed in its order, and no `<` or `&` stands by itself. What is open at the
/// end is returned; "well-formed" if nothing is and there was no mistake.
std::string form_of(std::string_view text) {
  std::vector<std::string> open;
  if (text.starts_with("<!DOCTYPE html>")) text.remove_prefix(15);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&') {
      const std::size_t end = text.find(';', i);
      if (end == std::string_view::npos || end - i > 6) return "a lone &";
    }
    if (text[i] != '<') continue;
    const std::size_t end = text.find('>', i);
    if (end == std::string_view::npos) return "a lone <";
    const std::string_view tag = text.substr(i + 1, end - i - 1);
    if (count_of(tag, "\"") % 2 != 0) return "an attribute that is cut: " + std::string(tag);
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return "closed: " + std::string(tag);
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.emplace_back(tag.substr(0, tag.find(' ')));
    }
    i = end;
  }
  return open.empty() ? "well-formed" : "open: " + open.back();
}

Search some_search() {
  Search search{.slo = "p99=1ms", .trials = {}, .rate = 2000, .next_failed = 4000};
  for (const double rate : {1000.0, 2000.0, 4000.0})
    search.trials.push_back({.step = Trial::Step::climb,
                             .rate_asked = rate,
                             .failed_by = rate > 2000 ? "p99 = 2.0 ms > 1ms" : "",
                             .run = some_run(static_cast<std::uint64_t>(rate)),
                             .slo = {{.name = "p99",
                                      .limit_ns = 1'000'000,
                                      .found_ns = static_cast<std::uint64_t>(rate) * 400}}});
  return search;
}

TEST(Markup, texts_and_attributes_are_escaped) {
  Markup markup;
  markup.open("p", {{"class", "a\"<b"}}).text("1 < 2 & 3 > \x01\xFF").close();
  const std::string text = std::move(markup).text();
  EXPECT_EQ(text, "<p class=\"a&quot;&lt;b\">1 &lt; 2 &amp; 3 &gt; \xEF\xBF\xBD\xEF\xBF\xBD</p>\n");
  EXPECT_EQ(form_of(text), "well-formed");
}

TEST(HtmlReport, page_is_well_formed_and_loads_nothing) {
  const Search search = some_search();
  const auto slo = parse_slo("p99=1ms");
  for (const Search* const searched : {static_cast<const Search*>(nullptr), &search}) {
    const std::string page = html_report(some_result(), searched, &*slo);
    EXPECT_EQ(form_of(page), "well-formed");
    for (const char* const loads : {"<script", "src=", "href=", "url(", "@import"})
      EXPECT_EQ(count_of(page, loads), 0U) << loads;
    EXPECT_EQ(count_of(page, "<svg"), searched == nullptr ? 2U : 3U);
    // The name of the pipeline and of a stage, with what they have of markup.
    EXPECT_NE(page.find("<h1>orders &lt;&amp;&gt;</h1>"), std::string::npos);
    EXPECT_NE(page.find("a &lt; b &amp; &quot;c&quot;"), std::string::npos);
    EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);
    EXPECT_NE(page.find("penstock bench 'a &lt; b.toml'"), std::string::npos);
  }
}

TEST(HtmlReport, run_without_events_has_a_page_too) {
  LoadResult result = some_result();
  result.runs = {LoadRun{}};
  EXPECT_EQ(form_of(html_report(result, nullptr, nullptr)), "well-formed");
}

TEST(SvgPlot, every_point_has_a_dot_and_a_text) {
  const std::string svg = plot_ladder(some_search(), nullptr);
  EXPECT_EQ(form_of(svg), "well-formed");
  EXPECT_EQ(count_of(svg, "class=\"dot s0\""), 2U + 1);  // two held, and the legend
  EXPECT_EQ(count_of(svg, "class=\"dot s1\""), 1U + 1);
  EXPECT_EQ(plot_over_time(LoadRun{}, nullptr), "");
}

TEST(SvgPlot, larger_values_stand_higher_and_further_to_the_right) {
  const auto words = [](double) { return std::string(); };
  const Plot plot{.title = {},
                  .x = {.label = {}, .in_words = words, .ticks = {}},
                  .y = {.label = {}, .logarithmic = true, .in_words = words, .ticks = {}},
                  .series = {{.name = "s", .points = {{1, 10}, {2, 1000}}}},
                  .marks = {}};
  const std::string svg = svg_plot(plot);
  const std::size_t path = svg.find("d=\"M");
  ASSERT_NE(path, std::string::npos);
  double x1 = 0;
  double y1 = 0;
  double x2 = 0;
  double y2 = 0;
  ASSERT_EQ(std::sscanf(svg.c_str() + path, "d=\"M%lf %lfL%lf %lf", &x1, &y1, &x2, &y2), 4);
  EXPECT_LT(x1, x2);
  EXPECT_GT(y1, y2);
}

TEST(SvgPlot, ticks_are_round_numbers) {
  EXPECT_EQ(round_ticks(0, 10, false), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(round_ticks(1, 10, true), (std::vector<double>{1, 2, 5, 10}));
  EXPECT_EQ(round_ticks(100, 1e6, true), (std::vector<double>{100, 1e3, 1e4, 1e5, 1e6}));
}

TEST(LoadJson, members_are_there_and_numbers_are_those_of_the_run) {
  const LoadResult result = some_result();
  const Search search = some_search();
  const auto json = nlohmann::json::parse(load_json(result, &search));
  EXPECT_EQ(json["penstock_bench"], 1);
  EXPECT_EQ(json["began"], "2026-01-01T00:00:00Z");
  EXPECT_EQ(json["command"], result.command);
  EXPECT_EQ(json["asked"]["shape"], "poisson");
  ASSERT_EQ(json["runs"].size(), 3U);
  const auto& run = json["runs"][0];
  EXPECT_EQ(run["latency_ns"]["count"], 200);
  EXPECT_EQ(run["latency_ns"]["p99"], result.runs[0].latency_ns.percentile(99));
  EXPECT_EQ(run["rate_achieved"], 1000);
  EXPECT_EQ(run["hiccup_meter"]["cpu"], 3);
  EXPECT_EQ(run["hiccup_meter"]["shared"], false);
  EXPECT_EQ(run["cpu"]["seconds"], 0.1);  // 90 ms and 60 ms, 50 of them spun
  EXPECT_EQ(run["allocations_per_event"], 0.05);
  EXPECT_EQ(run["context_switches"]["voluntary"], 7);
  EXPECT_EQ(run["segments"][0]["steps"][0]["ns_per_event"], 500);
  EXPECT_EQ(run["intervals"].size(), 2U);
  EXPECT_EQ(json["search"]["trials"].size(), 3U);
  EXPECT_EQ(json["search"]["highest"]["held"], 1);
  EXPECT_EQ(json["search"]["highest"]["slo"][0]["most_ns"], 800'000);
  EXPECT_EQ(json["search"]["next_failed"]["rate"], 4000);
  EXPECT_EQ(json["search"]["next_failed"]["slo"][0]["limit_ns"], 1'000'000);
  EXPECT_EQ(json["search"]["trials"][2]["held"], false);
  EXPECT_TRUE(nlohmann::json::parse(load_json(result, nullptr))["search"].is_null());
}

TEST(LoadReport, words_name_the_typical_run_and_what_did_not_keep_up) {
  LoadResult result = some_result();
  EXPECT_EQ(&result.typical(), &result.runs[2]);  // 2,000 is the median of the three
  std::string text = load_report(result);
  EXPECT_NE(text.find("run 3, whose p99 is the median"), std::string::npos) << text;
  EXPECT_EQ(text.find("did not keep up"), std::string::npos);
  result.runs[2].unsent = 17;
  text = load_report(result);
  EXPECT_NE(text.find("the pipeline did not keep up"), std::string::npos) << text;
  EXPECT_NE(text.find("17 could not be sent"), std::string::npos) << text;
  const std::string searched = search_report(some_search());
  EXPECT_NE(searched.find("failed: p99 = 2.0 ms > 1ms"), std::string::npos) << searched;
  EXPECT_NE(searched.find("2.0 k/s with p99=1ms · in 1 run, of which 1 held: p99 = 800 µs"),
            std::string::npos)
      << searched;
  EXPECT_EQ(searched.find("searches"), std::string::npos);
  Search repeated = some_search();
  repeated.rates = {1000, 2000, 4000};
  EXPECT_NE(search_report(repeated).find("searches   1.0 k/s, 2.0 k/s, 4.0 k/s found"),
            std::string::npos)
      << search_report(repeated);
  EXPECT_NE(
      searched.find("4.0 k/s failed · in 1 run, of which none held: p99 = 1.6 ms (p99 = 2.0 ms"),
      std::string::npos)
      << searched;
}

TEST(LoadRun, keeps_up_only_if_all_came_to_an_end_and_little_was_left_at_the_last_send) {
  const LoadRun fine = some_run(1'000);
  EXPECT_TRUE(fine.kept_up());
  LoadRun run = fine;
  run.ended = 1'000;
  run.in_hand = 5;
  run.backlog = 25;  // 2 %, and what is in hand
  EXPECT_TRUE(run.kept_up());
  run.backlog = 26;
  EXPECT_FALSE(run.kept_up());
  run = fine;
  run.report.drained = false;
  EXPECT_FALSE(run.kept_up());
  run = fine;
  run.report.stats.in_flight = 1;
  EXPECT_FALSE(run.kept_up());
}

TEST(LoadRun, doubts_name_what_is_not_what_it_seems) {
  LoadRun run = some_run(1'000);
  EXPECT_TRUE(run.doubts().empty());
  run.report.stats.in_flight = 1'234;
  ASSERT_EQ(run.doubts().size(), 1U);
  EXPECT_TRUE(run.doubts()[0].starts_with("1,234 events had not ended")) << run.doubts()[0];
}

TEST(LoadRun, run_without_latencies_is_doubted) {
  LoadRun run = some_run(1'000);
  run.latency_ns = {};
  run.lateness_ns = {};
  run.own_lateness_ns = {};
  ASSERT_EQ(run.doubts().size(), 1U);
  EXPECT_TRUE(run.doubts()[0].starts_with("no event was due")) << run.doubts()[0];
  run.report.stats.offered = 7;
  run.report.stats.refused.fill(0);
  run.report.stats.refused[0] = 7;
  ASSERT_EQ(run.doubts().size(), 2U);
  EXPECT_TRUE(run.doubts()[1].starts_with("all 7 events were refused")) << run.doubts()[1];
  run.blocked_ns = 0;
  run.unsent = 5;  // and nothing of what was measured was sent, without a wait for room
  EXPECT_TRUE(run.load_was_the_limit());
}

TEST(LoadRun, what_a_run_fell_behind_by_is_told) {
  LoadRun run = some_run(1'000);
  EXPECT_EQ(run.fell_behind_by(), "");
  run.backlog = run.ended;
  EXPECT_TRUE(run.fell_behind_by().starts_with("events in flight when the last one was sent: "))
      << run.fell_behind_by();
  run.overrun_ns = run.measured_ns;
  EXPECT_TRUE(run.fell_behind_by().starts_with("the last event was sent ")) << run.fell_behind_by();
  run.unsent = 5;
  EXPECT_EQ(run.fell_behind_by(), "events that could not be sent: 5");
}

TEST(LoadRun, load_source_that_did_not_keep_up_is_told_apart_from_the_pipeline) {
  LoadRun run = some_run(1'000);
  run.lateness_ns = some_latencies(600, 200);
  run.own_lateness_ns = some_latencies(10, 200);
  ASSERT_EQ(run.doubts().size(), 1U);
  EXPECT_EQ(run.doubts()[0].find("events waited for room in the pipeline"), 0U) << run.doubts()[0];
  run.own_lateness_ns = run.lateness_ns;
  ASSERT_EQ(run.doubts().size(), 1U);
  EXPECT_EQ(run.doubts()[0].find("the load source itself was late"), 0U) << run.doubts()[0];
  EXPECT_FALSE(run.load_was_the_limit());  // late, but not too late
  run.unsent = 5;
  EXPECT_FALSE(run.load_was_the_limit());  // it had waited for room at the very end
  run.overrun_ns = 100'000'000;
  EXPECT_TRUE(run.load_was_the_limit());
  EXPECT_FALSE(run.kept_up());
  EXPECT_EQ(
      failed_by(run, {}),
      "did not keep up: events that could not be sent: 5, for the load source itself was late");
  LoadRun full = run;
  full.own_lateness_ns = some_latencies(10, 200);
  EXPECT_FALSE(full.load_was_the_limit());
  LoadRun behind = run;
  behind.ended = 1'000;
  behind.backlog = 21;  // more than 2 %: the pipeline, too, was too slow
  EXPECT_FALSE(behind.load_was_the_limit());
  LoadResult result = some_result();
  result.runs = {run};
  EXPECT_NE(load_report(result).find("the load source did not keep up"), std::string::npos);
  EXPECT_NE(html_report(result, nullptr, nullptr).find("The load source did not keep up"),
            std::string::npos);
  const auto json = nlohmann::json::parse(load_json(result, nullptr))["runs"][0];
  EXPECT_EQ(json["load_was_the_limit"], true);
  EXPECT_EQ(json["load_blocked_s"], 0.0015);
  EXPECT_EQ(json["load_own_lateness_ns"]["p99"], run.own_lateness_ns.percentile(99));
}

TEST(LoadReport, hiccups_that_have_the_pipelines_work_in_them_are_called_so) {
  LoadResult result = some_result();
  EXPECT_NE(load_report(result).find("(of the machine, beside the run)"), std::string::npos);
  EXPECT_NE(html_report(result, nullptr, nullptr).find(", on CPU 3<"), std::string::npos);
  for (LoadRun& run : result.runs) run.hiccups_shared = true;
  EXPECT_NE(load_report(result).find("and of the pipeline's work)"), std::string::npos);
  EXPECT_NE(html_report(result, nullptr, nullptr).find("shared with the pipeline"),
            std::string::npos);
}

TEST(LoadResult, typical_run_of_an_even_number_is_the_worse_middle_one_and_is_drawn) {
  LoadResult result = some_result();
  result.runs = {some_run(1'000), some_run(3'000), some_run(2'000), some_run(4'000)};
  EXPECT_EQ(&result.typical(), &result.runs[1]);
  // More than are drawn, and the typical one is the last.
  result.runs = {some_run(1'000), some_run(1'100), some_run(1'200), some_run(9'000),
                 some_run(8'000), some_run(7'000), some_run(4'000)};
  EXPECT_EQ(&result.typical(), &result.runs[6]);
  const std::string plot = plot_by_percentile(result, nullptr);
  EXPECT_NE(plot.find("run 7"), std::string::npos);
  EXPECT_NE(plot.find("run 4"), std::string::npos);
  EXPECT_EQ(plot.find("run 5"), std::string::npos);
}

}  // namespace
}  // namespace penstock::test
