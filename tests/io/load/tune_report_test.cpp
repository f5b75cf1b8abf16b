// SPDX-License-Identifier: Apache-2.0
// What tuning says of what it found: words, JSON, and the new config with its evidence, from a
// result that the test makes up.
#include <penstock/io/load/tune/tune_report.hpp>

#include <regex>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace penstock::test {
namespace {

constexpr const char* kConfig =
    "# mine\n[pipeline]\nname = \"orders\" # ours\n[batch]\nevents = 64\n";

PairedCosts costs(double before, double after, std::size_t pairs) {
  PairedCosts made;
  for (std::size_t i = 0; i < pairs; ++i) {
    const double noise = i % 2 == 0 ? 1.01 : 1 / 1.01;
    made.add(before, after * noise);
  }
  return made;
}

/// Batches of 256 and two partitions in place of 64 and one; parking is worse.
TuneResult some_tuning() {
  TuneResult result;
  result.asked.slo = *parse_slo("p99.9=100us");
  result.asked.rate = result.rate = 100'000;
  result.duration = std::chrono::milliseconds(500);
  result.events = "20,000 generated orders";
  result.machine = {.cpu = "Turbine 9000",
                    .cpus_online = 2,
                    .cpus_ours = "2 effective CPUs",
                    .kernel = "Linux",
                    .governor = "unknown",
                    .compiler = "gcc",
                    .build = "Release",
                    .revision = "abc"};
  const auto number = [](std::string_view section, std::string_view key, std::uint64_t value) {
    return ConfigChange{.section = section, .key = key, .value = PropertyValue(value)};
  };
  result.knobs.all = {
      {.name = "wait", .choices = {{"adaptive", {}}, {"park", {number("threads", "wait", 2)}}}},
      {.name = "batch",
       .ordered = true,
       .choices = {{"64 events", {}}, {"256 events", {number("batch", "events", 256)}}}},
      {.name = "partitions",
       .ordered = true,
       .choices = {{"1 partition", {}}, {"2 partitions", {number("pipeline", "partitions", 2)}}}}};
  result.knobs.left_out = {"segments: there is no CPU left for another runner thread"};
  result.search.winner = {0, 1, 1};
  result.search.trials = {
      {.knob = 0, .from = 0, .to = 1, .costs = costs(0.7, 1.4, 1), .end = TrialEnd::dropped},
      {.knob = 1, .from = 0, .to = 1, .costs = costs(0.7, 0.56, 6), .end = TrialEnd::better},
      {.knob = 2, .from = 0, .to = 1, .costs = costs(0.56, 0.42, 6), .end = TrialEnd::better},
      {.knob = 1,
       .from = 0,
       .to = 1,
       .prunes = true,
       .costs = costs(0.5, 0.42, 6),
       .end = TrialEnd::better}};
  result.confirmation = TuneTrial{.costs = costs(0.7, 0.42, 8), .end = TrialEnd::better};
  result.slo_met = 7;
  result.price_before =
      TunePrice{.idle_cpus = 0.001, .cpu_s_per_million = 0.4, .memory_bytes = 24'000'000};
  result.price_after =
      TunePrice{.idle_cpus = 1, .cpu_s_per_million = 0.5, .memory_bytes = 48'000'000};
  result.finding = TuneFinding::pays;
  return result;
}

TEST(TuneReport, new_config_differs_in_its_lines_with_their_evidence_below_a_head) {
  const TuneResult result = some_tuning();
  const auto text = tuned_config(result, kConfig, "x.toml", "penstock tune x.toml --out 'a\nb'");
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_TRUE(std::regex_search(
      *text, std::regex("^# Tuned for p99\\.9 at 100 k/s on [-0-9]{10} [0-9]{2}:[0-9]{2} UTC, from "
                        "x\\.toml\\.\n")))
      << *text;
  const std::string rest = text->substr(text->find('\n') + 1);
  EXPECT_EQ(
      rest,
      "# command  penstock tune x.toml --out 'a?b'\n"
      "# machine  Turbine 9000 · 2 effective CPUs · Linux\n"
      "# program  gcc · Release · abc\n"
      "# events   20,000 generated orders\n"
      "# result   70 µs -> 42 µs, x0.60 (0.59 to 0.61, 99 % interval, 8 pairs); p99.9=100us is "
      "met in 7 of 8 runs\n"
      "# price    idle 0.00 -> 1.00 CPUs, 0.4 -> 0.5 CPU s per million events, up to 24 MB -> "
      "48 MB of memory\n"
      "# price    events of different keys keep no order among each other, as with one "
      "partition they did; --keep partitions leaves it at one\n"
      "\n"
      "# mine\n[pipeline]\nname = \"orders\" # ours\n"
      "# 1 partition -> 2 partitions: 56 µs -> 42 µs, x0.75 (0.74 to 0.76, 99 % interval, 6 "
      "pairs)\n"
      "partitions = 2\n[batch]\n"
      "# 64 events -> 256 events: 50 µs -> 42 µs, x0.84 (0.83 to 0.86, 99 % interval, 6 pairs)\n"
      "events = 256\n");
  const auto config = parse_config(*text, "x.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->pipeline.batch.events, 256U);
  EXPECT_EQ(config->pipeline.partitions, 2U);
}

TEST(TuneReport, words_have_every_trial_and_the_finding) {
  const std::string words = tune_text(some_tuning());
  for (const char* told :
       {"for         p99.9 at 100 k/s · runs of 0.50 s",
        "untried     segments: there is no CPU left", "wait        adaptive -> park",
        "dropped       70 µs -> 141 µs, x2.02 (1 pair)",
        "batch       again: 64 events -> 256 events", "change      batch.events = 256\n",
        "change      pipeline.partitions = 2\n", "price       idle 0.00 -> 1.00 CPUs",
        "finding     it pays\n"})
    EXPECT_NE(words.find(told), std::string::npos) << told << "\n" << words;
}

TEST(TuneReport, config_that_stands_is_told_with_the_reason) {
  TuneResult result = some_tuning();
  result.search.winner = result.given();
  result.confirmation.reset();
  result.price_before.reset();
  result.finding = TuneFinding::stands;
  result.why = "no candidate was better";
  const std::string words = tune_text(result);
  EXPECT_NE(words.find("finding     the config stands: no candidate was better\n"),
            std::string::npos);
  EXPECT_EQ(words.find("change"), std::string::npos);
  EXPECT_EQ(words.find("price"), std::string::npos);
}

TEST(TuneReport, what_was_found_and_not_confirmed_is_told_as_unproven) {
  TuneResult result = some_tuning();
  result.finding = TuneFinding::stands;
  const std::string words = tune_text(result);
  EXPECT_NE(words.find("unproven    batch.events = 256\n"), std::string::npos) << words;
  EXPECT_EQ(words.find("change  "), std::string::npos);
}

TEST(TuneReport, winner_that_does_not_meet_the_slo_either_is_told_so) {
  TuneResult result = some_tuning();
  result.confirmation = TuneTrial{.costs = costs(2, 1.5, 8), .end = TrialEnd::better};
  result.slo_met = 3;
  EXPECT_NE(tune_text(result).find("8 pairs); p99.9=100us is met in 3 of 8 runs\n"),
            std::string::npos);
}

TEST(TuneReport, throughput_is_told_in_events_a_second_and_more_is_better) {
  TuneResult result = some_tuning();
  result.asked.slo = {};
  result.confirmation = TuneTrial{.costs = costs(1000, 500, 8), .end = TrialEnd::better};
  const std::string words = tune_text(result);
  EXPECT_NE(words.find("for         events a second at full speed"), std::string::npos) << words;
  EXPECT_NE(words.find("confirm     1.0 M/s -> 2.0 M/s, x2.00 (1.9"), std::string::npos) << words;
}

TEST(TuneReport, searches_of_the_confirmation_are_told_with_their_interval) {
  TuneResult result = some_tuning();
  result.asked.rate.reset();
  result.confirmation.reset();
  result.rates_before = {400e3, 410e3, 390e3};
  result.rates_after = {520e3, 530e3, 510e3};
  result.rates = compare_measure({.name = "rate found", .less_is_better = false},
                                 result.rates_before, result.rates_after);
  const std::string words = tune_text(result);
  EXPECT_NE(words.find("confirm     highest rate with p99.9=100us: 400 k/s -> 520 k/s, x1.30 (1."),
            std::string::npos)
      << words;
  EXPECT_NE(words.find(", 99.8 % interval, 3 searches of each)\n"), std::string::npos) << words;
  const auto json = nlohmann::json::parse(tune_json(result, "x.toml", ""));
  EXPECT_EQ(json["rates_after"], nlohmann::json({520e3, 530e3, 510e3}));
}

TEST(TuneReport, json_has_what_the_words_have) {
  const TuneResult result = some_tuning();
  const auto json = nlohmann::json::parse(tune_json(result, "x.toml", "y.toml"));
  EXPECT_EQ(json["penstock_tune"], 1);
  EXPECT_EQ(json["finding"], "pays");
  EXPECT_EQ(json["unit"], "ns");
  EXPECT_EQ(json["written"], "y.toml");
  ASSERT_EQ(json["trials"].size(), 4U);
  EXPECT_EQ(json["trials"][0]["end"], "dropped");
  EXPECT_FALSE(json["trials"][0].contains("low"));
  EXPECT_NEAR(json["trials"][1]["before"].get<double>(), 70'000, 1);
  EXPECT_NEAR(json["confirmation"]["ratio"].get<double>(), 0.6, 0.001);
  EXPECT_LT(json["confirmation"]["high"].get<double>(), 0.62);
  ASSERT_EQ(json["changes"].size(), 2U);
  EXPECT_EQ(json["changes"][0]["where"], "batch.events");
  EXPECT_EQ(json["changes"][0]["value"], "256");
  EXPECT_EQ(json["price_after"]["idle_cpus"], 1);
  EXPECT_TRUE(nlohmann::json::parse(tune_json(result, "x.toml", ""))["written"].is_null());
}

}  // namespace
}  // namespace penstock::test
