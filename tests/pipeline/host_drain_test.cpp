// SPDX-License-Identifier: Apache-2.0
// stop() of a pipeline whose host does the waiting, while somebody holds a claim.
#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "flow_fixture.hpp"

namespace penstock::test {
namespace {

using std::chrono::nanoseconds;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

/// A pipeline that only the host's turn moves on, in which somebody holds a claim.
class HostDrain : public ::testing::Test {
 protected:
  HostDrain() {
    PipelineBuilder builder({});
    builder.clock(clock_).host_driven([this](nanoseconds left) { turn_(left); });
    pipeline_.emplace(build(builder));
    Producer producer = pipeline_->producer();
    claim_ = producer.try_claim(text_.size());
    std::copy(text_.begin(), text_.end(), claim_.data().begin());
  }
  const std::string text_ = event("1");
  ManualClock clock_;
  std::function<void(nanoseconds)> turn_;
  std::optional<Pipeline> pipeline_;
  ProducerClaim claim_;
};

TEST_F(HostDrain, deadline_goes_by_a_clock_that_only_the_host_moves) {
  std::vector<nanoseconds> left;
  turn_ = [&](nanoseconds rest) {
    left.push_back(rest);
    clock_.advance(400'000);
  };
  const Report report = pipeline_->stop(1ms);
  EXPECT_FALSE(report.drained);
  EXPECT_EQ(left, (std::vector<nanoseconds>{1ms, nanoseconds(600'000), nanoseconds(200'000)}));
}

TEST_F(HostDrain, claim_that_is_published_in_the_hosts_turn_is_drained) {
  turn_ = [&](nanoseconds) { claim_.commit(text_.size()); };
  const Report report = pipeline_->stop(1ms);
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(report.stats.completed, 1U);
}

TEST_F(HostDrain, second_stop_in_the_hosts_turn_ends_the_drain) {
  turn_ = [&](nanoseconds) { EXPECT_FALSE(pipeline_->stop(1s).drained); };
  EXPECT_FALSE(pipeline_->stop(1ms).drained);
}

TEST_F(HostDrain, exception_in_the_hosts_turn_ends_the_drain) {
  turn_ = [](nanoseconds) { throw std::runtime_error("not now"); };
  EXPECT_FALSE(pipeline_->stop(1ms).drained);
}

}  // namespace
}  // namespace penstock::test
