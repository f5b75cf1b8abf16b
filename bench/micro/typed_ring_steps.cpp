// SPDX-License-Identifier: Apache-2.0
// Steps of Ring<T>, items of 8 bytes, on one thread.
#include "../peers/queues/penstock_ring.hpp"
#include "step.hpp"

namespace penstock::bench {
namespace {

using Each = PenstockRing<Item<8>>;
using Coalesced = PenstockRing<Item<8>, ProducerKind::single, Publication::coalesced>;
using Batch = PenstockRing<Item<8>, ProducerKind::single, Publication::batch>;
using Multi = PenstockRing<Item<8>, ProducerKind::multi>;
using MultiBatch = PenstockRing<Item<8>, ProducerKind::multi, Publication::batch>;

template <class Queue, std::size_t batch>
class TypedStep : public Step {
 public:
  TypedStep() : queue_(2 * kEventsOfTurn), source_(queue_.source()), consumer_(queue_.consumer()) {}

 protected:
  void push_all() { push_range<batch>(source_, 0, kEventsOfTurn, Wait{}); }
  void poll_all() {
    Checksum sum;
    consumer_.poll([&](const Item<8>& item) { sum.add(total_of(item)); }, kEventsOfTurn);
    keep(sum.sum());
  }

 private:
  Queue queue_;
  typename Queue::Source source_;
  typename Queue::Consumer consumer_;
};

template <class Queue, std::size_t batch>
class PushStep final : public TypedStep<Queue, batch> {
  void timed() override { this->push_all(); }
  void after() override { this->poll_all(); }
};

class PollStep final : public TypedStep<Each, 1> {
  void before() override { push_all(); }
  void timed() override { poll_all(); }
};

template <class Made>
NamedStep named(std::string name, std::string what) {
  return {std::move(name), std::move(what), [] { return std::make_unique<Made>(); }};
}

}  // namespace

void add_typed_ring_steps(std::vector<NamedStep>& to) {
  to.push_back(named<PushStep<Each, 1>>("typed_push", "Ring<T>: write 8 bytes, publish"));
  to.push_back(
      named<PushStep<Coalesced, 1>>("typed_push_coalesced", "the same, published when it is due"));
  to.push_back(named<PushStep<Batch, 16>>("typed_push_batch_16", "the same in batches of 16"));
  to.push_back(
      named<PushStep<Multi, 1>>("typed_push_multi", "Ring<T, multi>: claim, write, stamp"));
  to.push_back(
      named<PushStep<MultiBatch, 16>>("typed_push_multi_batch_16", "the same in batches of 16"));
  to.push_back(named<PollStep>("typed_poll", "Ring<T>: read 8 bytes and check them"));
}

}  // namespace penstock::bench
