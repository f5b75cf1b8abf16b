// SPDX-License-Identifier: Apache-2.0
// Comparing two results, by numbers from tables; and that what was written is what is read.
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/load/report/comparison.hpp>
#include <penstock/io/load/report/load_json.hpp>
#include <penstock/io/load/student_t.hpp>

#include "load_fixture.hpp"

namespace penstock::test {
namespace {

TEST(StudentT, limits_are_those_of_the_tables) {
  // Two-sided, NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
  EXPECT_NEAR(student_t_limit(0.99, 1), 63.657, 0.001);
  EXPECT_NEAR(student_t_limit(0.99, 2), 9.925, 0.001);
  EXPECT_NEAR(student_t_limit(0.99, 4), 4.604, 0.001);
  EXPECT_NEAR(student_t_limit(0.99, 10), 3.169, 0.001);
  EXPECT_NEAR(student_t_limit(0.95, 30), 2.042, 0.001);
  EXPECT_NEAR(student_t_limit(0.80, 100), 1.290, 0.001);
  EXPECT_NEAR(student_t_within(2.015, 5), 0.90, 0.0001);
  EXPECT_NEAR(student_t_limit(0.99, 1e9), 2.5758, 0.0001);  // the normal distribution's
}

std::vector<double> exps(std::initializer_list<double> logs) {
  std::vector<double> values;
  for (const double log : logs) values.push_back(std::exp(log));
  return values;
}

TEST(CompareMeasure, interval_is_welchs_on_logarithms) {
  // Variances of 1 and three runs a side: sqrt(2/3) on 4 degrees of freedom.
  const MeasureComparison found = compare_measure({"p99"}, exps({1, 2, 3}), exps({2, 3, 4}));
  EXPECT_NEAR(found.ratio, std::exp(1), 1e-9);
  ASSERT_TRUE(found.low && found.high);
  const double half = 7.173182 * std::sqrt(2.0 / 3);
  EXPECT_NEAR(std::log(*found.low), 1 - half, 1e-5);
  EXPECT_NEAR(std::log(*found.high), 1 + half, 1e-5);
  EXPECT_EQ(found.change, Change::unclear);  // 1 lies inside, and 2 as well
}

TEST(CompareMeasure, unequal_variances_take_the_degrees_of_freedom_of_satterthwaite) {
  // s^2/n: 1/3 and 0.01/3; so (0.34333..)^2 / (0.11111/2 + 0.00001111/2) = 2.039796...
  const MeasureComparison found = compare_measure({"p99"}, exps({-1, 0, 1}), exps({-0.1, 0, 0.1}));
  const double error = 1.0 / 3 + 0.01 / 3;
  const double freedom = error * error / ((1.0 / 9) / 2 + (0.0001 / 9) / 2);
  EXPECT_NEAR(freedom, 2.0400, 0.0005);
  EXPECT_NEAR(std::log(*found.high), student_t_limit(0.998, freedom) * std::sqrt(error), 1e-9);
}

TEST(CompareMeasure, clear_difference_is_better_or_worse_as_the_measure_has_it) {
  const std::vector<double> less{100, 101, 99, 100};
  const std::vector<double> more{110, 111, 109, 110};
  EXPECT_EQ(compare_measure({"p99", true}, less, more).change, Change::worse);
  EXPECT_EQ(compare_measure({"p99", true}, more, less).change, Change::better);
  EXPECT_EQ(compare_measure({"rate", false}, less, more).change, Change::better);
  EXPECT_EQ(compare_measure({"rate", false}, more, less).change, Change::worse);
}

TEST(CompareMeasure, certain_but_small_difference_is_none) {
  const std::vector<double> a{100.0, 100.001, 99.999};
  const std::vector<double> b{101.5, 101.501, 101.499};
  const MeasureComparison found = compare_measure({"p99"}, a, b);
  EXPECT_GT(*found.low, 1);
  EXPECT_EQ(found.change, Change::same);
  EXPECT_EQ(compare_measure({"p99"}, {100, 100, 100}, {103, 103, 103}).change, Change::worse);
}

TEST(CompareMeasure, values_of_one_cell_are_known_to_its_width) {
  const Measure p99{.name = "p99", .in_cells = true};
  const MeasureComparison found = compare_measure(p99, {100, 100, 100}, {103, 103, 103});
  // A cell is a 64th: its variance of width^2 / 12 on each side, on 4 degrees of freedom.
  const double half = student_t_limit(0.998, 4) * std::sqrt(2.0 / 64 / 64 / 12);
  EXPECT_NEAR(std::log(*found.high), std::log(1.03) + half, 1e-9);
  EXPECT_EQ(found.change, Change::same);
  EXPECT_EQ(compare_measure(p99, {100, 100, 100}, {110, 110, 110}).change, Change::worse);
}

TEST(CompareMeasure, fewer_than_three_runs_have_a_tolerance_of_ten_percent) {
  const MeasureComparison near = compare_measure({"p99"}, {100, 100}, {109, 109, 109});
  EXPECT_FALSE(near.low || near.high);
  EXPECT_EQ(near.change, Change::same);
  EXPECT_EQ(compare_measure({"p99"}, {100}, {111}).change, Change::worse);
  EXPECT_EQ(compare_measure({"p99"}, {111}, {100}).change, Change::better);
}

SavedResult saved(double rate, double p99_ns, std::size_t runs) {
  SavedResult result{.path = "x.json", .shape = "constant", .rate_asked = rate};
  for (std::size_t i = 0; i < runs; ++i)
    result.runs.push_back({.rate_achieved = rate,
                           .p50_ns = 1000,
                           .p99_ns = p99_ns + static_cast<double>(i),
                           .p999_ns = 9000,
                           .events = 10'000,
                           .cpu_s_per_million = 0.5});
  return result;
}

TEST(Compare, one_measure_that_is_worse_makes_the_result_worse) {
  const auto same = compare(saved(1000, 5000, 5), saved(1000, 5000, 5));
  ASSERT_TRUE(same);
  EXPECT_FALSE(same->worse());
  EXPECT_EQ(same->measures.size(), 5U);
  const auto worse = compare(saved(1000, 5000, 5), saved(1000, 6000, 5));
  ASSERT_TRUE(worse);
  EXPECT_TRUE(worse->worse());
  const auto better = compare(saved(1000, 6000, 5), saved(1000, 5000, 5));
  ASSERT_TRUE(better);
  EXPECT_FALSE(better->worse());
}

TEST(Compare, different_loads_are_refused_and_doubts_are_told) {
  const auto refused = compare(saved(1000, 5000, 5), saved(2000, 5000, 5));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::usage);
  EXPECT_NE(refused.error().message.find("the rate is 1.0 k/s in x.json and 2.0 k/s in x.json"),
            std::string::npos)
      << refused.error().message;
  SavedResult other = saved(1000, 5000, 2);
  other.cpu = "another";
  other.runs[0].kept_up = false;
  other.runs[1].cpu_s_per_million = 0;
  const auto doubtful = compare(saved(1000, 5000, 5), other);
  ASSERT_TRUE(doubtful);
  const std::string text = comparison_text(*doubtful, saved(1000, 5000, 5), other);
  for (const char* told : {"the processor differs:  | another", "1 of 2 runs did not keep up",
                           "5 and 2 runs: fewer than three", "CPU is zero in a run"})
    EXPECT_NE(text.find(told), std::string::npos) << text;
}

TEST(Compare, whatever_makes_another_load_is_refused_by_its_name) {
  SavedResult a = saved(1000, 5000, 3);
  a.shape = "bursts";
  const auto refused_by = [&](auto change) {
    SavedResult b = a;
    change(b);
    const auto found = compare(a, b);
    return found ? std::string("compared") : found.error().message;
  };
  const auto told = [](const std::string& text, const char* what) {
    return text.find(std::string("the two had different loads: ") + what) != std::string::npos;
  };
  EXPECT_EQ(refused_by([](SavedResult&) {}), "compared");
  EXPECT_TRUE(told(refused_by([](SavedResult& b) { b.burst = 7; }), "the burst is 0"));
  EXPECT_TRUE(told(refused_by([](SavedResult& b) { b.seconds = 7; }), "the time is 0 s"));
  EXPECT_TRUE(told(refused_by([](SavedResult& b) { b.warmup_s = 7; }), "the warm-up is 0 s"));
  EXPECT_TRUE(
      told(refused_by([](SavedResult& b) { b.partitions = 7; }), "the number of partitions is 0"));
  a.is_search = true;
  a.rates_found = {100, 100, 100};
  a.slo = "p99=1ms";
  EXPECT_TRUE(told(refused_by([](SavedResult& b) { b.slo = "p99=2ms"; }), "the SLO is p99=1ms"));
  a.shape = "constant";
  EXPECT_EQ(refused_by([](SavedResult& b) { b.burst = 7; }), "compared");  // there are none
}

TEST(Compare, searches_are_compared_by_the_rates_that_they_found_to_a_step_of_their_ladder) {
  SavedResult a = saved(1000, 5000, 3);
  a.is_search = true;
  a.slo = "p99=1ms";
  a.rates_found = {100, 100, 100};
  SavedResult b = a;
  const auto same = compare(a, b);
  ASSERT_TRUE(same) << same.error().message;
  ASSERT_EQ(same->measures.size(), 1U);
  EXPECT_EQ(same->measures[0].change, Change::same);
  EXPECT_NEAR(*same->measures[0].low, 1 / 1.05, 1e-9);  // equal rungs are no certainty
  EXPECT_NEAR(*same->measures[0].high, 1.05, 1e-9);
  b.rates_found = {104, 104, 104};  // within the step
  EXPECT_FALSE(compare(a, b)->worse());
  EXPECT_FALSE(compare(b, a)->worse());
  b.rates_found = {80, 81, 79};
  EXPECT_TRUE(compare(a, b)->worse());
  EXPECT_EQ(compare(b, a)->measures[0].change, Change::better);
  EXPECT_NE(comparison_text(*compare(a, b), a, b).find("3 searches"), std::string::npos);
}

TEST(Compare, fewer_than_three_searches_are_refused_with_what_to_do) {
  SavedResult a = saved(1000, 5000, 3);
  a.is_search = true;
  a.rates_found = {100, 100, 100};
  SavedResult b = a;
  b.path = "y.json";
  b.rates_found = {50};
  for (const auto& refused : {compare(a, b), compare(b, a), compare(b, b)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::usage);
    EXPECT_NE(refused.error().message.find("y.json has 1 of the 3 searches"), std::string::npos);
    EXPECT_NE(refused.error().message.find("--find-max with --repeat 3"), std::string::npos);
  }
  b.rates_found = {50, 0, 50};
  EXPECT_NE(compare(a, b).error().message.find("y.json: a search of it found no rate"),
            std::string::npos);
}

TEST(Compare, another_build_compiler_or_config_is_remarked) {
  const SavedResult a = saved(1000, 5000, 3);
  SavedResult b = a;
  b.build = "Debug";
  b.compiler = "other 1";
  b.config = "b.toml";
  const auto found = compare(a, b);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->remarks, (std::vector<std::string>{"the build differs:  | Debug",
                                                      "the compiler differs:  | other 1",
                                                      "the config differs:  | b.toml"}));
}

TEST(Compare, result_that_fell_behind_is_worse_whatever_its_figures) {
  const SavedResult kept_up = saved(1000, 5000, 3);
  SavedResult late = kept_up;
  late.runs[1].kept_up = false;
  EXPECT_TRUE(compare(kept_up, late)->worse());
  EXPECT_FALSE(compare(late, kept_up)->worse());
  EXPECT_FALSE(compare(late, late)->worse());
}

TEST(Compare, percentile_without_ten_events_beyond_it_is_left_out) {
  const SavedResult enough = saved(1000, 5000, 3);
  SavedResult few = enough;
  few.runs[2].events = 9'999;
  EXPECT_EQ(compare(enough, enough)->measures.size(), 5U);
  const auto found = compare(enough, few);
  ASSERT_EQ(found->measures.size(), 4U);
  ASSERT_EQ(found->remarks.size(), 1U);
  EXPECT_EQ(found->remarks[0],
            "p99.9 has fewer than ten events beyond it in a run of 9999 and is left out");
}

TEST(SavedResult, what_was_written_is_read_back) {
  LoadResult result = some_result();
  const std::string path = ::testing::TempDir() + "penstock-saved.json";
  std::ofstream(path) << load_json(result, nullptr) << '\n';
  const auto read = read_saved_result(path);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->pipeline, result.pipeline);
  EXPECT_EQ(read->shape, "poisson");
  EXPECT_EQ(read->rate_asked, result.asked.rate);
  EXPECT_EQ(read->cpu, result.machine.cpu);
  EXPECT_EQ(read->burst, result.asked.burst);
  EXPECT_EQ(read->warmup_s, 1);
  EXPECT_EQ(read->partitions, result.partitions);
  EXPECT_EQ(read->config, result.config);
  EXPECT_EQ(read->compiler, result.machine.compiler);
  EXPECT_EQ(read->build, result.machine.build);
  EXPECT_EQ(read->runs[0].events, double(result.runs[0].latency_ns.count()));
  EXPECT_FALSE(read->is_search);
  ASSERT_EQ(read->runs.size(), result.runs.size());
  const LoadRun& run = result.runs[0];
  EXPECT_EQ(read->runs[0].p99_ns, double(run.latency_ns.percentile(99)));
  EXPECT_EQ(read->runs[0].max_ns, double(run.latency_ns.max()));
  EXPECT_NEAR(read->runs[0].rate_achieved, run.rate_achieved(), 0.01);
  EXPECT_NEAR(read->runs[0].cpu_s_per_million, run.cpu_s_per_million(), 1e-6);
  EXPECT_EQ(read->runs[0].kept_up, run.kept_up());
}

TEST(SavedResult, rates_of_every_search_are_read_back) {
  const std::string path = ::testing::TempDir() + "penstock-search.json";
  Search search{.slo = "p99=1ms", .trials = {}, .rate = 20};
  const auto rates_read = [&] {
    std::ofstream(path) << load_json(some_result(), &search) << '\n';
    const auto read = read_saved_result(path);
    return read && read->is_search ? read->rates_found : std::vector<double>{};
  };
  EXPECT_EQ(rates_read(), (std::vector<double>{20}));
  search.rates = {10, 30, 20};
  EXPECT_EQ(rates_read(), search.rates);
}

TEST(SavedResult, what_is_none_is_refused_with_its_reason) {
  const std::string path = ::testing::TempDir() + "penstock-no-result.json";
  const std::string whole = load_json(some_result(), nullptr);
  const std::size_t p99 = whole.find("\"p99\"");
  const std::vector<std::pair<std::string, std::string>> texts{
      {"", "it is empty"},
      {"[1, 2]", "no member \"penstock_bench\""},
      {"{\"penstock_bench\": 99}", "its version is 99"},
      {"{\"penstock_bench\": 1}", "it is cut off"},
      {whole.substr(0, whole.size() / 2), "is no result"},
      {"{\"penstock_bench\": 1, \"complete\": true}", "\"pipeline\": no_such_field"},
      {whole.substr(0, p99) + "\"p98\"" + whole.substr(p99 + 5), "\"latency_ns.p99\""}};
  for (const auto& [text, told] : texts) {
    std::ofstream(path) << text;
    const auto read = read_saved_result(path);
    ASSERT_FALSE(read) << text;
    EXPECT_NE(read.error().message.find(told), std::string::npos) << read.error().message;
    EXPECT_NE(read.error().message.find(path), std::string::npos) << read.error().message;
  }
  EXPECT_FALSE(read_saved_result(path + ".gone"));
}

}  // namespace
}  // namespace penstock::test
