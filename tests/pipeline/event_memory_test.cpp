// SPDX-License-Identifier: Apache-2.0
// Memory of events that lie outside the arena: lent and spilled ones, whatever becomes of them.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "flow_fixture.hpp"

namespace penstock::test {
namespace {

using std::chrono_literals::operator""s;

class EventMemory : public ::testing::TestWithParam<unsigned> {
 protected:
  EventMemory() { options_.partitions = GetParam(); }  // with more than one the producer decodes

  PipelineBuilder builder() {
    PipelineBuilder builder(options_);
    builder.sink(std::make_unique<CollectingSink>(sunk_))
        .rejects(std::make_unique<CollectingRejects>(rejected_))
        .host_driven();
    return builder;
  }

  PipelineOptions options_;
  std::shared_ptr<Collected> sunk_ = std::make_shared<Collected>();
  std::shared_ptr<CollectedRejects> rejected_ = std::make_shared<CollectedRejects>();
};

INSTANTIATE_TEST_SUITE_P(Partitions, EventMemory, ::testing::Values(1U, 3U));

/// Lends texts, and remembers what it got back.
class Library final : public Lender {
 public:
  std::string_view lend(const std::string& text) {
    texts_.push_back(std::make_unique<std::string>(text + std::string(64, '\n')));
    return {texts_.back()->data(), text.size()};
  }
  void give_back(const char* bytes, std::uint32_t length) noexcept override {
    EXPECT_TRUE(returned.emplace(bytes, length).second) << "given back twice";
  }
  std::map<const char*, std::uint32_t> returned;

 private:
  std::vector<std::unique_ptr<std::string>> texts_;
};

TEST_P(EventMemory, lent_events_are_not_copied_and_given_back_once_whatever_became_of_them) {
  PipelineBuilder parts = builder();
  std::set<const char*> seen;
  parts.stage("outcome", [&](Event& e, Context&) {
    seen.insert(e.bytes().data());
    if (e.id() == "drop") return Outcome::drop();
    return e.id() == "dead" ? Outcome::dead("wanted") : Outcome::next();
  });
  Library library;
  Pipeline pipeline = build(parts);
  Producer producer = pipeline.producer();
  std::set<const char*> accepted;
  const auto publish = [&](const std::string& text) {
    const std::string_view lent = library.lend(text);
    if (producer.publish_lent(lent, library) == PublishResult::accepted)
      accepted.insert(lent.data());
  };
  for (const char* const id : {"next", "drop", "dead"}) publish(event(id));
  publish("{");
  poll_all(pipeline);
  EXPECT_EQ(seen.size(), 3U);
  for (const char* const bytes : seen) EXPECT_EQ(accepted.count(bytes), 1U) << "a copy was handled";
  const Report report = pipeline.stop(1s);
  expect_conserved(report.stats);
  EXPECT_EQ(refused(report.stats, RefuseReason::invalid), 1U);
  const std::string_view late = library.lend(event("late"));
  EXPECT_EQ(producer.publish_lent(late, library), PublishResult::closed);
  EXPECT_EQ(library.returned.size(), accepted.size()) << "what was refused stays the caller's";
  for (const auto& [bytes, length] : library.returned) EXPECT_EQ(accepted.count(bytes), 1U);
}

TEST_P(EventMemory, memory_of_events_left_in_flight_is_given_back_with_the_last_handle) {
  Library library;
  std::size_t lent = 0;
  {
    options_.ring.arena_bytes = 4096;
    sunk_->fail_at = 3;
    PipelineBuilder parts = builder();
    Pipeline pipeline = build(parts);
    Producer producer = pipeline.producer();
    for (int i = 0; i < 8; ++i) {
      const std::string text = event(std::to_string(i), std::to_string(i));
      if (producer.publish_lent(library.lend(text), library) == PublishResult::accepted) ++lent;
      // A spilled one beside each: the address sanitizer tells of blocks that nobody frees.
      producer.publish(event("s", "k", "\"" + std::string(1500, 'd') + "\""));
    }
    poll_all(pipeline);
    EXPECT_GT(pipeline.stop(0s).stats.in_flight, 0U);
    EXPECT_LT(library.returned.size(), lent);
  }
  EXPECT_EQ(library.returned.size(), lent);
}

TEST_P(EventMemory, batch_that_failed_half_way_is_given_back_once) {
  Library library;
  rejected_->fail = true;
  {
    PipelineBuilder parts = builder();
    parts.stage("dead", [](Event& e, Context&) {
      return e.id() == "dead" ? Outcome::dead("wanted") : Outcome::next();
    });
    Pipeline pipeline = build(parts);
    Producer producer = pipeline.producer();
    for (const char* const id : {"next", "dead", "behind"})
      EXPECT_EQ(producer.publish_lent(library.lend(event(id)), library), PublishResult::accepted);
    poll_all(pipeline);
    EXPECT_EQ(library.returned.size(), 1U);
    pipeline.stop(0s);
  }
  EXPECT_EQ(library.returned.size(), 3U);
}

}  // namespace
}  // namespace penstock::test
