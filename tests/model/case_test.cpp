// SPDX-License-Identifier: Apache-2.0
// Each case is a test of its own, of the size that the suite has time for.
#include <gtest/gtest.h>

#include <iostream>

#include "case.hpp"
#include "explorer/search.hpp"

namespace penstock::model {
namespace {

class CaseTest : public testing::Test {
 public:
  explicit CaseTest(const Case& one) : case_(one) {}

  void TestBody() override {
    Exhaustive every_one;
    Random by_seed(1);
    Search& search = case_.exhaustive ? static_cast<Search&>(every_one) : by_seed;
    Budget budget;
    if (!case_.exhaustive) budget.schedules = case_.schedules;
    const Explored explored = explore(case_, search, budget);
    const Verdict& verdict = explored.verdict;
    RecordProperty("schedules", std::to_string(verdict.schedules));
    std::cout << verdict.schedules << " schedules\n";
    EXPECT_FALSE(verdict.failed) << verdict.what << "\n\n"
                                 << verdict.trace << "\nrepeat: penstock_model " << case_.name
                                 << " --replay \"" << verdict.replay << "\"";
    EXPECT_TRUE(verdict.failed || verdict.exhausted == case_.exhaustive);
    const std::string missed = verdict.failed ? "" : explored.reached.missed(case_.reaches);
    EXPECT_EQ(missed, "") << "what no schedule came to";
  }

 private:
  Case case_;
};

const bool registered = [] {
  for (const Case& one : every_case())
    testing::RegisterTest("Model", one.name, nullptr, nullptr, __FILE__, __LINE__,
                          [one]() -> CaseTest* { return new CaseTest(one); });
  return true;
}();

}  // namespace
}  // namespace penstock::model
