// SPDX-License-Identifier: Apache-2.0
// Penstock's two ways: bare on one core, and through a pipeline on two.
#include "end_to_end.hpp"

#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <penstock/pipeline/decode/decoder.hpp>
#include <penstock/pipeline/flow/pipeline.hpp>

#include "../machine/start_line.hpp"

namespace penstock::bench {
namespace {

/// Of one thread of a pipeline.
struct Seen {
  SteadyTime::time_point at;
  std::optional<WaitedForCpu> waited;
  double waited_ns = 0;
};

/// Hands out lines in memory, as a file source does from its buffer.
class MemorySource final : public Source {
 public:
  MemorySource(const Events& events, std::size_t count, Seen& begin)
      : events_(&events), count_(count), begin_(&begin) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "memory"; }
  Status open() override { return {}; }
  Result<SourceState> poll(SourcePort& port, std::size_t budget) override {
    if (next_ == 0) {
      begin_->waited.emplace();
      begin_->at = SteadyTime::now();  // both threads run: runners are ready before sources
    }
    const std::vector<std::string_view>& lines = events_->lines();
    for (std::size_t i = 0; i < budget && next_ < count_; ++i, ++next_) {
      // A file source has to look for the end of each line; so does this one.
      const char* const line = lines[next_].data();
      const auto* const end =
          static_cast<const char*>(std::memchr(line, '\n', lines[next_].size() + 1));
      if (!port.publish({line, static_cast<std::size_t>(end - line)}, next_ + 1))
        return SourceState::end;
    }
    if (next_ < count_) return SourceState::more;
    begin_->waited_ns = begin_->waited->ns();
    return SourceState::end;
  }

 private:
  const Events* events_;
  std::size_t count_;
  Seen* begin_;
  std::size_t next_ = 0;
};

}  // namespace

Events::Events(std::string ndjson) : text_(std::move(ndjson)) {
  text_.append(64, '\n');
  for (std::size_t at = 0; text_[at] != '\n';) {
    const std::size_t end = text_.find('\n', at);
    lines_.emplace_back(text_.data() + at, end - at);
    at = end + 1;
  }
}

Sample bare_penstock(const Events& events, std::size_t count, const Cores& cores) {
  Sample run;
  std::thread thread([&] {
    pin_or_give_up(cores.consumer);
    constexpr std::size_t kBatch = 64;
    Result<Decoder> decoder = Decoder::create({});
    if (!decoder) give_up(decoder.error().message);
    Envelope envelope;
    DocumentIndex index;
    const WaitedForCpu waited;
    const auto begin = SteadyTime::now();
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view line = events.lines()[i];
      if (i % kBatch == 0 || !decoder->has_room(line.size())) decoder->clear();
      if (!decoder->decode(line, envelope, index).ok()) give_up("an event is invalid");
      const auto length = [&](View view) { return decoder->text(line, view).size(); };
      run.checksum += length(envelope.id) + length(envelope.source) + length(envelope.type) +
                      length(envelope.subject) + length(envelope.time) +
                      length(envelope.datacontenttype);
    }
    run.ns_per_item = ns_between(begin, SteadyTime::now()) / double(count);
    run.waited_ns = waited.ns();
  });
  thread.join();
  return run;
}

Sample penstock_pipeline(const Events& events, std::size_t count, const Cores& cores) {
  Sample run;
  Seen begin;
  Seen end;
  PipelineOptions options;
  options.threads.pin = PinKind::list;
  options.threads.cpus = {cores.consumer, cores.source};
  std::uint64_t sum = 0;
  std::size_t seen = 0;
  PipelineBuilder builder(options);
  builder.source(std::make_unique<MemorySource>(events, count, begin));
  builder.stage("sum", [&sum, &seen, &end, count](Event& event, Context&) {
    sum += event.id().size() + event.source().size() + event.type().size() +
           event.subject().size() + event.time().size() + event.datacontenttype().size();
    if (seen == 0) end.waited.emplace();
    if (++seen == count) {
      end.at = SteadyTime::now();
      end.waited_ns = end.waited->ns();
    }
    return Outcome::next();
  });
  Result<Pipeline> pipeline = builder.build();
  if (!pipeline) give_up(pipeline.error().message);
  if (Status started = pipeline->start(); !started) give_up(started.error().message);
  if (!pipeline->wait_for_sources(std::chrono::minutes(5))) give_up("the source did not end");
  const Report report = pipeline->stop(std::chrono::seconds(10));
  if (!report.drained || report.stats.completed != count) give_up("events were lost");
  run.checksum = sum;
  run.waited_ns = begin.waited_ns + end.waited_ns;
  run.ns_per_item = ns_between(begin.at, end.at) / double(count);
  return run;
}

}  // namespace penstock::bench
