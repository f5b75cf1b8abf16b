// SPDX-License-Identifier: Apache-2.0
// Steps that look into an event, and the histogram that times it. Events of about 500 bytes, 256 of
// them, so that they stay in the second cache.
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include <penstock/io/load/order_generator.hpp>
#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/pipeline/decode/key.hpp>
#include <penstock/pipeline/flow/partitioner.hpp>
#include <penstock/runtime/base/histogram.hpp>

#include "step.hpp"

namespace penstock::bench {
namespace {

constexpr std::size_t kBatch = 64;

class OrdersStep : public Step {
 public:
  OrdersStep() : decoder_(make_decoder()) {
    OrderGenerator generator({});
    for (std::size_t i = 0; i < kEventsOfTurn; ++i) generator.append(events_.emplace_back());
  }

 protected:
  static Decoder make_decoder() {
    Result<Decoder> decoder = Decoder::create({});
    if (!decoder) std::abort();
    return std::move(*decoder);
  }

  std::vector<std::string> events_;
  Decoder decoder_;
  DocumentIndex index_;
};

class DecodeStep final : public OrdersStep {
  void timed() override {
    for (std::size_t i = 0; i < kEventsOfTurn; ++i) {
      if (i % kBatch == 0) decoder_.clear();
      if (!decoder_.decode(events_[i], envelope_, index_).ok()) std::abort();
      keep(envelope_);
    }
  }
  Envelope envelope_;
};

class IndexStep final : public OrdersStep {
  void timed() override {
    for (std::size_t i = 0; i < kEventsOfTurn; ++i) {
      if (i % kBatch == 0) decoder_.clear();
      decoder_.reserve(events_[i].size());
      if (!decoder_.index(events_[i], index_)) std::abort();
      keep(index_);
    }
  }
};

/// From the decoded envelope to the partition: key, hash, table.
class RouteStep final : public OrdersStep {
 public:
  RouteStep() {
    Result<KeyReader> key = KeyReader::create("subject");
    if (!key) std::abort();
    key_ = *key;
    for (const std::string& event : events_) {
      decoder_.clear();
      if (!decoder_.decode(event, envelopes_.emplace_back(), index_).ok()) std::abort();
    }
  }

 private:
  void timed() override {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kEventsOfTurn; ++i) {
      const auto key = key_.read(events_[i], envelopes_[i], {}, decoder_);
      if (!key) std::abort();
      sum += partitioner_.partition_of(partitioner_.hash(*key));
    }
    keep(sum);
  }

  KeyReader key_;
  std::vector<Envelope> envelopes_;
  Partitioner partitioner_{8, 1};
};

class RecordStep final : public Step {
 public:
  RecordStep() {
    std::uint64_t state = 1;
    for (std::uint64_t& value : values_) {
      state = state * 6364136223846793005 + 1442695040888963407;
      value = state >> 44;  // up to a millisecond
    }
  }

 private:
  void timed() override {
    for (const std::uint64_t value : values_) histogram_.record(value);
  }
  std::array<std::uint64_t, kEventsOfTurn> values_{};
  Histogram histogram_;
};

class SnapshotStep final : public Step {
 public:
  SnapshotStep() {
    for (std::uint64_t value = 1; value < 1'000'000; value += 101) histogram_.record(value);
  }

 private:
  void timed() override {
    const HistogramSnapshot snapshot = histogram_.snapshot();
    keep(snapshot.percentile(99));
  }
  Histogram histogram_;
};

template <class Made>
NamedStep named(std::string name, std::string what, std::size_t events = kEventsOfTurn) {
  return {std::move(name), std::move(what), [] { return std::make_unique<Made>(); }, events};
}

}  // namespace

void add_event_steps(std::vector<NamedStep>& to) {
  to.push_back(named<DecodeStep>("decode", "index and envelope of 500 bytes, all checked"));
  to.push_back(named<IndexStep>("index", "the structural index alone"));
  to.push_back(named<RouteStep>("route", "key from the envelope, hash, partition"));
  to.push_back(named<RecordStep>("histogram_record", "count one duration"));
  to.push_back(named<SnapshotStep>("histogram_snapshot", "copy the histogram, ask for p99", 1));
}

}  // namespace penstock::bench
