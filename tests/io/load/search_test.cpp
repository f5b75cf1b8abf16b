// SPDX-License-Identifier: Apache-2.0
// SLOs, and the search for the highest rate, against a system whose knee is known.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/io/load/find_max.hpp>
#include <penstock/io/load/slo.hpp>

namespace penstock::test {
namespace {

HistogramSnapshot snapshot_of(const std::vector<std::uint64_t>& values) {
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  return histogram.snapshot();
}

TEST(Slo, terms_are_read_with_their_percentiles_and_units) {
  const auto slo = parse_slo("p50=5us, p99.9=50us ,max=1ms");
  ASSERT_TRUE(slo) << slo.error().message;
  ASSERT_EQ(slo->terms.size(), 3U);
  EXPECT_EQ(slo->terms[0].percent, 50);
  EXPECT_EQ(slo->terms[0].limit_ns, 5'000U);
  EXPECT_EQ(slo->terms[1].percent, 99.9);
  EXPECT_EQ(slo->terms[1].limit_ns, 50'000U);
  EXPECT_EQ(slo->terms[2].percent, 100);
  EXPECT_EQ(slo->terms[2].limit_ns, 1'000'000U);
  EXPECT_EQ(slo->to_text(), "p50=5us,p99.9=50us,max=1ms");
}

TEST(Slo, mistake_is_told_with_its_term_and_what_would_be_right) {
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"", "has no limit; write it as p99.9=50us"},
      {"p99", "SLO \"p99\": has no limit"},
      {"p99=", "\"\" is not a duration above zero, such as 50us"},
      {"p99=fast", "\"fast\" is not a duration"},
      {"p99=0us", "\"0us\" is not a duration above zero"},
      {"p99=50", "\"50\" is not a duration"},
      {"p101=1ms", "\"p101\" is neither a percentile"},
      {"p0=1ms", "\"p0\" is neither a percentile"},
      {"mean=1ms", "\"mean\" is neither a percentile"},
      {"p=1ms", "\"p\" is neither a percentile"},
      {"p99=1ms,", "SLO \"\": has no limit"}};
  for (const auto& [text, told] : mistakes) {
    const auto slo = parse_slo(text);
    ASSERT_FALSE(slo) << text;
    EXPECT_EQ(slo.error().code, ErrorCode::usage);
    EXPECT_NE(slo.error().message.find(told), std::string::npos) << slo.error().message;
  }
}

TEST(Slo, first_broken_term_is_told_with_what_it_was) {
  const auto slo = parse_slo("p50=10us,max=1ms");
  ASSERT_TRUE(slo);
  EXPECT_EQ(slo->broken_by(snapshot_of({1'000, 2'000, 3'000})), "");
  EXPECT_EQ(slo->broken_by(snapshot_of({1'000, 2'000, 2'000'000})), "max = 2.0 ms > 1ms");
  EXPECT_EQ(slo->broken_by(snapshot_of({12'000, 12'000, 13'000})), "p50 = 12 µs > 10us");
  EXPECT_EQ(slo->broken_by({}), "no event that was due in the measured time came to its end");
}

LoadRun run_of(double rate, bool kept_up, std::uint64_t latency_ns) {
  LoadRun run;
  run.rate_asked = rate;
  run.measured_ns = 1'000'000'000;
  run.ended = static_cast<std::uint64_t>(rate);
  run.unsent = kept_up ? 0 : 1;
  run.report.drained = true;
  run.latency_ns = run.lateness_ns = snapshot_of({latency_ns});
  return run;
}

TEST(Slo, run_that_did_not_keep_up_fails_whatever_its_latency) {
  const auto slo = parse_slo("max=1ms");
  EXPECT_EQ(failed_by(run_of(1000, true, 500), *slo), "");
  EXPECT_EQ(failed_by(run_of(1000, false, 500), *slo),
            "did not keep up: events that could not be sent: 1");
  EXPECT_EQ(failed_by(run_of(1000, true, 2'000'000), *slo), "max = 2.0 ms > 1ms");
}

/// Holds up to its knee; `unlucky` runs fail all the same, by number.
class Knee {
 public:
  explicit Knee(double knee, std::vector<std::size_t> unlucky = {})
      : knee_(knee), unlucky_(std::move(unlucky)) {}

  Result<Search> search(const SearchOptions& options) {
    return find_max(options, [this](double rate, Trial::Step step) -> Result<Trial> {
      const bool unlucky = std::find(unlucky_.begin(), unlucky_.end(), runs_++) != unlucky_.end();
      return Trial{.step = step,
                   .rate_asked = rate,
                   .failed_by = rate > knee_ || unlucky ? "too fast" : "",
                   .run = {}};
    });
  }
  [[nodiscard]] std::size_t runs() const { return runs_; }

 private:
  double knee_;
  std::vector<std::size_t> unlucky_;
  std::size_t runs_ = 0;
};

TEST(FindMax, knee_is_found_to_the_precision_asked_for) {
  for (const double knee : {3.0, 977.0, 12'345.0, 1e6, 7.7e7}) {
    Knee system(knee);
    const auto found = system.search({.first_rate = 10'000, .precision = 1.05});
    ASSERT_TRUE(found);
    EXPECT_LE(found->rate, knee);
    EXPECT_GT(found->rate * 1.05 * 1.0001, knee);
    // Twice in a row what was found held at the end.
    ASSERT_GE(found->trials.size(), 2U);
    for (std::size_t i = found->trials.size() - 2; i < found->trials.size(); ++i) {
      EXPECT_EQ(found->trials[i].step, Trial::Step::confirm);
      EXPECT_EQ(found->trials[i].rate_asked, found->rate);
      EXPECT_EQ(found->trials[i].failed_by, "");
    }
  }
}

TEST(FindMax, lowest_rate_above_that_failed_is_told) {
  Knee system(100'000);
  const auto found = system.search({.first_rate = 10'000});
  ASSERT_TRUE(found);
  EXPECT_GT(found->next_failed, 100'000);
  EXPECT_LE(found->next_failed, found->rate * 1.05);
  for (const Trial& trial : found->trials)
    EXPECT_TRUE(trial.rate_asked <= found->rate || trial.rate_asked >= found->next_failed);
  // A step down makes what did not hold again the next one that failed.
  Knee lucky(100'000);
  const auto expected = lucky.search({.first_rate = 10'000, .precision = 1.1});
  Knee unlucky(100'000, {lucky.runs() - 2, lucky.runs() - 1});
  const auto stepped = unlucky.search({.first_rate = 10'000, .precision = 1.1});
  ASSERT_TRUE(expected && stepped);
  EXPECT_EQ(stepped->next_failed, expected->rate);
  Knee endless(1e12);
  EXPECT_EQ(endless.search({.first_rate = 10'000, .rate_max = 1e6})->next_failed, 0);
}

TEST(FindMax, search_of_the_median_rate_stands_for_repeated_ones) {
  const auto searched = [](const std::vector<double>& rates) {
    std::vector<Search> searches;
    for (const double rate : rates)
      searches.push_back({.slo = "", .trials = {}, .rate = rate, .next_failed = rate + 1});
    return median_of(searches);
  };
  const Search three = searched({30, 10, 20});
  EXPECT_EQ(three.rate, 20);
  EXPECT_EQ(three.next_failed, 21);
  EXPECT_EQ(three.rates, (std::vector<double>{30, 10, 20}));
  EXPECT_EQ(searched({40, 10, 30, 20}).rate, 20);
  EXPECT_EQ(searched({10}).rate, 10);
  EXPECT_TRUE(searched({10}).rates.empty());
}

TEST(FindMax, rung_has_all_runs_at_its_rate_with_what_they_had_at_the_slo) {
  const auto slo = parse_slo("p50=1us, max=1ms");
  ASSERT_TRUE(slo);
  Search search;
  for (const auto& [rate, latency_ns] :
       {std::pair(10.0, 30U), std::pair(20.0, 50U), std::pair(20.0, 20U), std::pair(20.0, 40U)}) {
    Trial trial{.rate_asked = rate, .failed_by = latency_ns > 45 ? "too slow" : "", .run = {}};
    trial.slo = slo->found_in(snapshot_of({latency_ns}));
    search.trials.push_back(trial);
  }
  const Rung rung = rung_at(search, 20);
  EXPECT_EQ(rung.runs, 3U);
  EXPECT_EQ(rung.held, 2U);
  EXPECT_EQ(rung.failed_by, "too slow");
  ASSERT_EQ(rung.slo.size(), 2U);
  EXPECT_EQ(rung.slo[0].name, "p50");
  EXPECT_EQ(rung.slo[1].name, "max");
  EXPECT_EQ(rung.slo[1].limit_ns, 1'000'000U);
  EXPECT_EQ(rung.slo[1].least_ns, 20U);
  EXPECT_EQ(rung.slo[1].most_ns, 50U);
  EXPECT_EQ(rung_at(search, 15).runs, 0U);
}

TEST(FindMax, one_unlucky_run_does_not_end_the_climb) {
  Knee lucky(100'000);
  Knee unlucky(100'000, {0, 3, 6});
  const auto expected = lucky.search({.first_rate = 10'000});
  const auto found = unlucky.search({.first_rate = 10'000});
  ASSERT_TRUE(found && expected);
  EXPECT_EQ(found->rate, expected->rate);
  EXPECT_GT(unlucky.runs(), lucky.runs());
}

TEST(FindMax, what_does_not_hold_again_is_given_up_for_a_step_down) {
  Knee lucky(100'000);
  const auto expected = lucky.search({.first_rate = 10'000, .precision = 1.1});
  ASSERT_TRUE(expected);
  // The last two runs of all are those that confirm.
  Knee system(100'000, {lucky.runs() - 2, lucky.runs() - 1});
  const auto found = system.search({.first_rate = 10'000, .precision = 1.1});
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->rate, expected->rate / 1.1);
}

TEST(FindMax, bound_of_the_rate_ends_the_climb_and_nothing_that_holds_is_told_as_none) {
  Knee endless(1e12);
  const auto bounded = endless.search({.first_rate = 10'000, .rate_max = 1e6});
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->rate, 1e6);
  Knee broken(0);
  const auto none = broken.search({.first_rate = 16, .rate_min = 1});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->rate, 0);
  EXPECT_EQ(none->trials.size(), 10U);  // 16, 8, 4, 2, 1, each twice
}

TEST(FindMax, search_does_not_go_below_the_rate_that_can_be_told) {
  Knee broken(0);
  const auto none = broken.search({.first_rate = 16, .rate_min = 5});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->rate, 0);
  EXPECT_EQ(none->trials.back().rate_asked, 8);
  // What does not hold again is not looked for below it either.
  Knee lucky(8, {});
  const auto expected = lucky.search({.first_rate = 8, .rate_min = 8, .precision = 1.1});
  Knee unlucky(8, {lucky.runs() - 2, lucky.runs() - 1});
  const auto found = unlucky.search({.first_rate = 8, .rate_min = 8, .precision = 1.1});
  ASSERT_TRUE(expected && found);
  EXPECT_EQ(expected->rate, 8);  // the knee itself
  EXPECT_EQ(found->rate, 0);
}

TEST(Slo, events_needed_are_ten_beyond_the_highest_percentile) {
  EXPECT_EQ(parse_slo("max=1ms")->events_needed(), 1);
  EXPECT_EQ(parse_slo("p50=1ms,max=1ms")->events_needed(), 20);
  EXPECT_EQ(parse_slo("p99=1ms,p50=1us")->events_needed(), 1'000);
  EXPECT_EQ(parse_slo("p99.9=1ms")->events_needed(), 10'000);
}

TEST(FindMax, error_of_a_run_ends_the_search) {
  const auto found = find_max({}, [](double, Trial::Step) -> Result<Trial> {
    return error(ErrorCode::storage, "no space left");
  });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "no space left");
}

}  // namespace
}  // namespace penstock::test
