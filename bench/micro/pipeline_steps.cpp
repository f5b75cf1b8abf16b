// SPDX-License-Identifier: Apache-2.0
// An event through a whole pipeline of one partition and one stage, in the host's own loop, so that
// one thread does it all: its two halves, and both together. With what the other steps cost alone
// the halves can be taken apart.
#include <cstdlib>
#include <string>
#include <vector>

#include <penstock/io/load/order_generator.hpp>
#include <penstock/pipeline/flow/pipeline.hpp>

#include "step.hpp"

namespace penstock::bench {
namespace {

class PipelineStep : public Step {
 public:
  PipelineStep() : pipeline_(make()), producer_(started(pipeline_)) {
    OrderGenerator generator({});
    for (std::size_t i = 0; i < kEventsOfTurn; ++i) generator.append(events_.emplace_back());
  }

 protected:
  void publish_all() {
    for (const std::string& event : events_)
      if (producer_.publish(event) != PublishResult::accepted) std::abort();
  }
  void poll_all() {
    while (pipeline_.poll(0, kEventsOfTurn) != 0) {
    }
  }

 private:
  static Pipeline make() {
    PipelineOptions options;
    PipelineBuilder builder(options);
    builder.host_driven();
    builder.stage("keep", [](Event& event, Context&) {
      keep(event.id());
      return Outcome::next();
    });
    Result<Pipeline> pipeline = builder.build();
    if (!pipeline) std::abort();
    return std::move(*pipeline);
  }
  static Producer started(Pipeline& pipeline) {
    if (!pipeline.start()) std::abort();
    return pipeline.producer();
  }

  std::vector<std::string> events_;
  Pipeline pipeline_;
  Producer producer_;
};

class BothHalves final : public PipelineStep {
  void timed() override {
    publish_all();
    poll_all();
  }
};

class PublishHalf final : public PipelineStep {
  void timed() override { publish_all(); }
  void after() override { poll_all(); }
};

class PollHalf final : public PipelineStep {
  void before() override { publish_all(); }
  void timed() override { poll_all(); }
};

template <class Made>
NamedStep named(std::string name, std::string what) {
  return {std::move(name), std::move(what), [] { return std::make_unique<Made>(); }};
}

}  // namespace

void add_pipeline_steps(std::vector<NamedStep>& to) {
  to.push_back(named<BothHalves>("pipeline", "500 bytes through a pipeline of one stage"));
  to.push_back(named<PublishHalf>("pipeline_publish", "its first half: Producer::publish"));
  to.push_back(named<PollHalf>("pipeline_poll", "its second half: decoded, handled, ended"));
}

}  // namespace penstock::bench
