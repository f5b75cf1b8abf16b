// SPDX-License-Identifier: Apache-2.0
// Penstock's two ways: bare on one core, and through a pipeline on two.
#include "end_to_end.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <penstock/io/config/table.hpp>
#include <penstock/io/load/order_generator.hpp>
#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/pipeline/flow/pipeline.hpp>

#include "open_loop.hpp"

namespace penstock::bench {
namespace {

/// Of the two threads of a pipeline.
struct Meeting {
  StartLine line;
  // Source thread only.
  alignas(128) SteadyTime::time_point begin;
  double source_waited_ns = 0;
  // Runner thread only.
  alignas(128) AmountSum sum;
  bool warm = false;
  SteadyTime::time_point end;
  double runner_waited_ns = 0;
};

/// Hands out lines in memory, as a file source does from its buffer.
template <class Times>
class MemorySource final : public Source {
 public:
  MemorySource(const Events& events, std::size_t count, Meeting& meeting, Times& times)
      : events_(&events), count_(kWarmUpEvents + count), meeting_(&meeting), times_(&times) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "memory"; }
  Status open() override { return {}; }
  Result<SourceState> poll(SourcePort& port, std::size_t budget) override {
    if (next_ == kWarmUpEvents) {
      meeting_->line.meet();
      meeting_->begin = SteadyTime::now();
      times_->begin();
    }
    // A call of its own after the warm-up: the port may keep events back until one returns.
    const std::size_t end = next_ < kWarmUpEvents ? kWarmUpEvents : count_;
    for (std::size_t i = 0; i < budget && next_ < end; ++i, ++next_) {
      if (next_ >= kWarmUpEvents && !times_->is_due(next_ - kWarmUpEvents)) {
        if (i > 0) break;  // the port hands over what it has
        times_->wait_for(next_ - kWarmUpEvents);
      }
      if (!port.publish(events_->find_line(next_), next_ + 1)) return SourceState::end;
    }
    if (next_ < count_) return SourceState::more;
    meeting_->source_waited_ns = StartLine::waited().ns();
    return SourceState::end;
  }

 private:
  const Events* events_;
  std::size_t count_;
  Meeting* meeting_;
  Times* times_;
  std::size_t next_ = 0;
};

void add_amount(const Data& data, AmountSum& sum) {
  const DataResult<double> amount = data["totalAmount"].get_double();
  if (!amount) give_up("penstock: data.totalAmount: " + std::string(to_string(amount.error())));
  sum.add(*amount);
}

}  // namespace

Events::Events(std::size_t count) {
  constexpr std::size_t kPaddingBytes = 64;
  OrderGenerator generator({});
  std::vector<std::size_t> ends;
  std::uint64_t cents = 0;
  while (ends.size() < count) {
    const std::size_t begin = text_.size();
    const MadeOrder order = generator.append(text_);
    if (order.cents == cents) {  // as its neighbour: an exchange would not be seen
      text_.resize(begin);
      continue;
    }
    cents = order.cents;
    // The nearest double, as the decimal fraction has to be read.
    amounts_.push_back(double(cents) / 100);
    ends.push_back(text_.size());
    text_ += '\n';
  }
  text_.append(kPaddingBytes, '\n');
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    lines_.emplace_back(text_.data() + begin, end - begin);
    begin = end + 1;
  }
}

Sample bare_penstock(const Events& events, std::size_t count, const Cores& cores) {
  constexpr std::size_t kBatch = 64;
  Result<Decoder> decoder = Decoder::create({});
  if (!decoder) give_up(decoder.error().message);
  return on_one_core(count, cores, [&](std::size_t first, std::size_t wanted, AmountSum& sum) {
    Envelope envelope;
    DocumentIndex index;
    for (std::size_t i = 0; i < wanted; ++i) {
      const std::string_view line = events.find_line(first + i);
      if (i % kBatch == 0 || !decoder->has_room(line.size())) decoder->clear();
      if (!decoder->decode(line, envelope, index).ok()) give_up("an event is invalid");
      add_amount(Data::of_event(line, index, envelope, *decoder), sum);
    }
  });
}

namespace {

template <class Times>
Sample through_pipeline(PipelineOptions options, const Events& events, std::size_t count,
                        const Cores& cores, Times& times) {
  Meeting meeting;
  options.threads.pin = PinKind::list;
  options.threads.cpus = {cores.consumer, cores.source};
  PipelineBuilder builder(options);
  builder.source(std::make_unique<MemorySource<Times>>(events, count, meeting, times));
  builder.stage("sum", [&meeting, &times, count](Event& event, Context&) {
    add_amount(event.data(), meeting.sum);
    if (meeting.warm) times.ended(meeting.sum.count() - 1);
    if (meeting.sum.count() == (meeting.warm ? count : kWarmUpEvents)) {
      if (meeting.warm) {
        meeting.end = SteadyTime::now();
        meeting.runner_waited_ns = StartLine::waited().ns();
      } else {
        meeting.warm = true;
        meeting.line.meet();
        meeting.sum = {};
      }
    }
    return Outcome::next();
  });
  Result<Pipeline> pipeline = builder.build();
  if (!pipeline) give_up(pipeline.error().message);
  if (Status started = pipeline->start(); !started) give_up(started.error().message);
  if (!pipeline->wait_for_sources(std::chrono::minutes(5))) give_up("the source did not end");
  const Report report = pipeline->stop(std::chrono::seconds(10));
  if (!report.drained || report.stats.completed != kWarmUpEvents + count)
    give_up("events were lost");
  return {.ns_per_item = ns_between(meeting.begin, meeting.end) / double(count),
          .checksum = meeting.sum.checksum(),
          .waited_ns = meeting.source_waited_ns + meeting.runner_waited_ns};
}

}  // namespace

Sample penstock_pipeline(const Events& events, std::size_t count, const Cores& cores) {
  AtOnce times;
  return through_pipeline({}, events, count, cores, times);
}

Sample penstock_open_loop(const Events& events, std::size_t count, const Cores& cores,
                          const DueTimes& due_ns, double percent) {
  ByPlan times(due_ns, count);
  Sample run = through_pipeline({}, events, count, cores, times);
  run.latency_ns = times.latency_ns(percent);
  run.held_up_ns = times.held_up_ns();
  return run;
}

Sample penstock_latency_open_loop(const Events& events, std::size_t count, const Cores& cores,
                                  const DueTimes& due_ns, double percent) {
  PipelineOptions options;
  apply_profile(Profile::latency, options);
  ByPlan times(due_ns, count);
  Sample run = through_pipeline(options, events, count, cores, times);
  run.latency_ns = times.latency_ns(percent);
  run.held_up_ns = times.held_up_ns();
  return run;
}

}  // namespace penstock::bench
