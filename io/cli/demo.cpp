// SPDX-License-Identifier: Apache-2.0
// Source thread: generates orders and publishes them. Runner threads: each has a Tally of its own,
// by partition. The main thread reads source and tallies after stop() has joined those threads.
#include <penstock/io/cli/demo.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <memory>
#include <vector>

#include <penstock/io/cli/allocation_count.hpp>
#include <penstock/io/cli/exit_code.hpp>
#include <penstock/io/cli/report.hpp>
#include <penstock/io/cli/signals.hpp>
#include <penstock/io/cli/terminal.hpp>
#include <penstock/io/files/sinks.hpp>
#include <penstock/io/json_writer.hpp>
#include <penstock/io/load/order_generator.hpp>
#include <penstock/pipeline/flow/pipeline.hpp>

namespace penstock::cli {
namespace {

constexpr unsigned kPartitions = 2;
constexpr std::uint64_t kKeys = 10'000;

/// What each customer ordered, in cents, and how far each order got.
struct Totals {
  std::vector<std::uint64_t> cents = std::vector<std::uint64_t>(kKeys);
  std::vector<std::uint64_t> events = std::vector<std::uint64_t>(kKeys);  ///< by key
};

/// Publishes generated orders and remembers what the result must be.
class OrderSource final : public Source {
 public:
  explicit OrderSource(std::uint64_t events)
      : events_(events), orders_({.keys = kKeys, .seed = 7}) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "generated orders"; }
  Status open() override { return {}; }

  Result<SourceState> poll(SourcePort& port, std::size_t budget) override {
    for (std::size_t i = 0; i < budget; ++i) {
      if (made_ == events_) return SourceState::end;
      event_.clear();
      const MadeOrder order = orders_.append(event_);
      expected_.cents[order.customer] += order.cents;
      ++expected_.events[order.key];
      event_.append(kPadding, '\n');
      const std::string_view bytes(event_.data(), event_.size() - kPadding);
      if (!port.publish(bytes, ++made_)) return SourceState::end;
    }
    return SourceState::more;
  }

  [[nodiscard]] const Totals& expected() const noexcept { return expected_; }
  [[nodiscard]] std::uint64_t made() const noexcept { return made_; }

 private:
  static constexpr std::size_t kPadding = 64;

  // Fixed after construction.
  std::uint64_t events_;
  // The source's thread only.
  OrderGenerator orders_;
  std::string event_;
  std::uint64_t made_ = 0;
  Totals expected_;
};

/// The demo's handler: adds up, and checks that each order's events come in their order.
class Tally {
 public:
  Outcome take(Event& event) {
    const auto key = number_after(event.subject(), "order-");
    const auto sequence = number_after(event.extension("sequence").value_or(""), "");
    const auto customer =
        number_after(event.data()["customer"]["id"].get_string().value_or(""), "customer-");
    const auto total = event.data()["totalAmount"].get_double();
    if (key >= kKeys || customer >= kKeys || !total) return Outcome::dead("no order of this demo");
    if (sequence != ++totals_.events[key]) ++out_of_order_;
    totals_.cents[customer] += static_cast<std::uint64_t>(std::llround(*total * 100));
    return Outcome::next();
  }

  [[nodiscard]] const Totals& totals() const noexcept { return totals_; }
  [[nodiscard]] std::uint64_t out_of_order() const noexcept { return out_of_order_; }

 private:
  static std::uint64_t number_after(std::string_view text, std::string_view prefix) noexcept {
    std::uint64_t number = ~std::uint64_t{0};
    if (text.starts_with(prefix))
      std::from_chars(text.data() + prefix.size(), text.data() + text.size(), number);
    return number;
  }

  // One runner thread only; the main thread after stop().
  Totals totals_;
  std::uint64_t out_of_order_ = 0;
};

struct Findings {
  std::uint64_t lost = 0;
  std::uint64_t out_of_order = 0;
  bool totals_right = true;
  [[nodiscard]] bool fine(const Report& report) const noexcept {
    return lost == 0 && out_of_order == 0 && totals_right && report.drained && !report.failure &&
           report.stats.is_conserved();
  }
};

Findings judge(const Report& report, std::uint64_t events, const Totals& expected,
               const std::vector<Tally>& tallies) {
  Findings findings;
  findings.lost = events - std::min(events, report.stats.completed);
  Totals seen;
  for (const Tally& tally : tallies) {
    findings.out_of_order += tally.out_of_order();
    for (std::size_t i = 0; i < kKeys; ++i) {
      seen.cents[i] += tally.totals().cents[i];
      seen.events[i] += tally.totals().events[i];
    }
  }
  findings.totals_right = seen.cents == expected.cents && seen.events == expected.events;
  return findings;
}

int answer_json(const Report& report, const Findings& findings) {
  JsonWriter json;
  json.begin_object().member("lost", findings.lost).member("out_of_order", findings.out_of_order);
  json.member("totals_right", findings.totals_right).end_object();
  // The report's own members first, so that both can be read alike.
  std::string text = report_json(report);
  text.back() = ',';
  return print_result(text + json.text().substr(1) + '\n');
}

int answer_text(const DemoArguments& arguments, std::uint64_t made, const Report& report,
                const Findings& findings) {
  const Stats& stats = report.stats;
  std::string text = "demo: " + with_commas(made) + " order events" +
                     (made < arguments.events ? ", interrupted · " : " · ") +
                     std::to_string(kPartitions) + " partitions · decode → total by customer\n";
  const double seconds = static_cast<double>(stats.elapsed_ns) / 1e9;
  const double rate = seconds > 0 ? static_cast<double>(stats.completed) / seconds : 0;
  const auto latency = [&stats](double percent) {
    return duration_in_short(stats.latency_ns.percentile(percent));
  };
  text += "  " + duration_in_short(stats.elapsed_ns) + " · " + in_short(rate) + " events/s · p50 " +
          latency(50) + " · p99 " + latency(99) + " · " + with_commas(stats.completed) +
          " completed · " + with_commas(stats.dead) + " dead · " + with_commas(findings.lost) +
          " lost · " + with_commas(findings.out_of_order) + " out of order\n";
  if (!findings.totals_right) text += "  the totals by customer are wrong\n";
  text += "  next: " + arguments.program +
          " generate orders --events 100k --output orders.ndjson      " + arguments.program +
          " run examples/orders.toml\n";
  return print_result(text);
}

}  // namespace

int demo(const DemoArguments& arguments) {
  PipelineOptions options;
  options.name = "demo";
  options.partitions = kPartitions;
  options.key = "subject";
  auto source = std::make_unique<OrderSource>(arguments.events);
  const OrderSource& made = *source;  // the pipeline keeps it until it is destroyed
  std::vector<Tally> tallies(kPartitions);
  auto built = PipelineBuilder(options)
                   .source(std::move(source))
                   .stage("total by customer",
                          [&tallies](Event& event, Context& context) {
                            return tallies[context.partition()].take(event);
                          })
                   .sink(make_null_sink())
                   .allocations(allocation_counter())
                   .build();
  if (!built) return fail(built.error());
  watch_signals();
  if (const Status started = built->start(); !started) return fail(started.error());
  constexpr auto kLookEvery = std::chrono::milliseconds(50);
  while (!built->wait_for_sources(kLookEvery) && !asked_to_stop()) {
  }
  const Report report = built->stop(options.drain_timeout);
  if (report.failure) return fail(*report.failure);
  const Findings findings = judge(report, made.made(), made.expected(), tallies);
  const int printed = arguments.json ? answer_json(report, findings)
                                     : answer_text(arguments, made.made(), report, findings);
  if (printed != kFine) return printed;
  if (!report.drained) return kDrainTimedOut;
  return findings.fine(report) ? kFine : kCheckFailed;
}

}  // namespace penstock::cli
