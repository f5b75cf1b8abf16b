// SPDX-License-Identifier: Apache-2.0
// Each anomaly is planted into a right history and must be found, alone.
#include "history.hpp"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

namespace penstock::test {
namespace {

using Anomaly = History::Anomaly;
using End = History::End;

constexpr std::uint32_t kEvents = 60;
constexpr std::uint32_t kKeys = 3;

/// A right history of `kEvents` of two producers through two stages, but for what the hooks change.
struct Planted {
  std::function<void(History&, std::uint32_t)> before_handling = [](History&, std::uint32_t) {};
  std::function<bool(std::uint32_t)> skips = [](std::uint32_t) { return false; };
  std::function<std::uint32_t(std::uint32_t)> instead = [](std::uint32_t i) { return i; };
  History::Told told{.accepted = kEvents, .ended = kEvents};

  static History::Id id(std::uint32_t i) { return {.producer = i % 2, .number = i / 2}; }

  [[nodiscard]] std::vector<Anomaly> found() const {
    History history;
    for (std::uint32_t i = 0; i < kEvents; ++i) history.accepted(id(i), i % kKeys, i);
    history.refused({.producer = 9});
    for (std::uint32_t at = 0; at < kEvents; ++at) {
      const std::uint32_t i = instead(at);
      before_handling(history, i);
      for (std::uint32_t stage = 0; stage < 2; ++stage)
        if (!skips(i)) history.handled(id(i), stage);
      if (!skips(i)) history.ended(id(i), i % 7 == 0 ? End::dead : End::completed);
    }
    std::vector<Anomaly> anomalies;
    for (const History::Finding& finding : history.check(told))
      anomalies.push_back(finding.anomaly);
    return anomalies;
  }
};

TEST(History, right_history_has_no_findings) {
  EXPECT_EQ(Planted().found(), std::vector<Anomaly>());
}

TEST(History, event_that_ended_nowhere_is_lost_or_stuck) {
  Planted planted;
  planted.skips = [](std::uint32_t i) { return i == 31; };
  planted.told.ended = kEvents - 1;
  planted.told.in_flight = 1;
  EXPECT_EQ(planted.found(), (std::vector{Anomaly::stuck}));
  planted.told.idle = false;
  EXPECT_EQ(planted.found(), std::vector<Anomaly>());
  planted.told.in_flight = 0;
  EXPECT_EQ(planted.found(), (std::vector{Anomaly::lost, Anomaly::unbalanced}));
}

TEST(History, event_that_a_stage_sees_twice_is_duplicated) {
  Planted planted;
  planted.before_handling = [](History& history, std::uint32_t i) {
    if (i == 30) history.handled(Planted::id(i), 1);
  };
  EXPECT_EQ(planted.found(), (std::vector{Anomaly::duplicated}));
}

TEST(History, event_that_ends_twice_is_duplicated) {
  Planted planted;
  planted.before_handling = [](History& history, std::uint32_t i) {
    if (i == 30) history.ended(Planted::id(i - 1), End::completed);
  };
  EXPECT_EQ(planted.found(), (std::vector{Anomaly::duplicated}));
}

TEST(History, events_of_one_key_in_the_wrong_order_are_inverted) {
  Planted planted;
  planted.instead = [](std::uint32_t i) { return i == 30 ? 33 : i == 33 ? 30 : i; };
  EXPECT_EQ(planted.found(), (std::vector{Anomaly::inverted, Anomaly::inverted}));  // both stages
  planted.instead = [](std::uint32_t i) { return i == 30 ? 31 : i == 31 ? 30 : i; };
  EXPECT_EQ(planted.found(), std::vector<Anomaly>());  // other keys
}

TEST(History, event_that_is_seen_after_its_end_or_its_refusal_is_resurrected) {
  Planted planted;
  planted.before_handling = [](History& history, std::uint32_t i) {
    if (i == 30) history.handled(Planted::id(29), 2);
    if (i == 40) history.handled({.producer = 9}, 0);
    if (i == 50) history.ended({.producer = 8}, End::completed);
  };
  EXPECT_EQ(planted.found(),
            (std::vector{Anomaly::resurrected, Anomaly::resurrected, Anomaly::resurrected}));
}

TEST(History, counts_that_are_not_those_of_the_history_are_found) {
  for (const History::Told& told :
       {History::Told{.accepted = kEvents + 1, .ended = kEvents, .in_flight = 1},
        History::Told{.accepted = kEvents, .ended = kEvents - 1, .in_flight = 1},
        History::Told{.accepted = kEvents, .ended = kEvents, .in_flight = 1}}) {
    Planted planted;
    planted.told = told;
    EXPECT_EQ(planted.found(), (std::vector{Anomaly::unbalanced}));
  }
}

/// One planting for each kind. A kind without one does not compile.
Planted planted_with(Anomaly anomaly) {
  Planted planted;
  switch (anomaly) {
    case Anomaly::lost:
      planted.skips = [](std::uint32_t i) { return i == 31; };
      planted.told = {.accepted = kEvents, .ended = kEvents, .idle = false};
      break;
    case Anomaly::stuck:
      planted.skips = [](std::uint32_t i) { return i == 31; };
      planted.told = {.accepted = kEvents, .ended = kEvents - 1, .in_flight = 1};
      break;
    case Anomaly::duplicated:
      planted.before_handling = [](History& history, std::uint32_t i) {
        if (i == 30) history.handled(Planted::id(i), 0);
      };
      break;
    case Anomaly::inverted:
      planted.instead = [](std::uint32_t i) { return i == 30 ? 33 : i == 33 ? 30 : i; };
      break;
    case Anomaly::resurrected:
      planted.before_handling = [](History& history, std::uint32_t i) {
        if (i == 30) history.handled(Planted::id(29), 2);
      };
      break;
    case Anomaly::unbalanced: planted.told.accepted = kEvents + 1; break;
  }
  return planted;
}

TEST(History, every_kind_that_the_checker_names_is_found_where_it_was_planted) {
  for (unsigned kind = 0; kind < History::kAnomalies; ++kind) {
    const auto anomaly = static_cast<Anomaly>(kind);
    const std::vector<Anomaly> found = planted_with(anomaly).found();
    EXPECT_NE(std::find(found.begin(), found.end(), anomaly), found.end()) << "kind " << kind;
  }
}

TEST(History, finding_names_the_event_and_the_note) {
  History history;
  history.handled({.producer = 3, .number = 14}, 0);
  const std::vector<History::Finding> found = history.check({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text(), "event 3-14 is resurrected (note 0)");
}

}  // namespace
}  // namespace penstock::test
