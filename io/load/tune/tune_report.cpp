// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/tune/tune_report.hpp>

#include <algorithm>
#include <ctime>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <penstock/io/in_words.hpp>
#include <penstock/io/json_writer.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

constexpr int kTuneJsonVersion = 1;

std::string row(std::string_view label, std::string_view text) {
  return fmt::format("{:<12}{}\n", label, text);
}

bool is_throughput(const TuneResult& result) { return result.asked.slo.terms.empty(); }

/// Of a latency: in nanoseconds, or where there are several as a share of the limit; of throughput:
/// events a second.
double natural(const TuneResult& result, double cost) {
  if (is_throughput(result)) return 1e9 / cost;
  const auto& terms = result.asked.slo.terms;
  return terms.size() == 1 ? cost * static_cast<double>(terms.front().limit_ns) : cost;
}

std::string cost_text(const TuneResult& result, double cost) {
  const double value = natural(result, cost);
  if (is_throughput(result)) return in_short(value) + "/s";
  if (result.asked.slo.terms.size() == 1) return duration_in_short(value);
  return fmt::format("{:.3g}", value);
}

struct NaturalRatio {
  double ratio = 1;
  double low = 1;
  double high = 1;
};

/// Of throughput the higher one is better: there the ratio is that of rates.
NaturalRatio ratio_of(const TuneResult& result, const PairedCosts& costs) {
  NaturalRatio found{.ratio = costs.ratio(), .low = costs.ratio(), .high = costs.ratio()};
  if (costs.pairs() > 1) {
    const RatioBounds bounds = costs.bounds(result.asked.search.confidence);
    found.low = bounds.low;
    found.high = bounds.high;
  }
  if (!is_throughput(result)) return found;
  return {.ratio = 1 / found.ratio, .low = 1 / found.high, .high = 1 / found.low};
}

/// "71 µs -> 50 µs, x0.70 (0.65 to 0.78, 99 % interval, 6 pairs)".
std::string gain_text(const TuneResult& result, const PairedCosts& costs) {
  if (costs.pairs() == 0) return "not measured";
  const NaturalRatio ratio = ratio_of(result, costs);
  std::string text = fmt::format("{} -> {}, x{:.2f} (", cost_text(result, costs.before()),
                                 cost_text(result, costs.after()), ratio.ratio);
  if (costs.pairs() > 1)
    text += fmt::format("{:.2f} to {:.2f}, {:.3g} % interval, ", ratio.low, ratio.high,
                        result.asked.search.confidence * 100);
  return text + fmt::format("{} pair{})", costs.pairs(), costs.pairs() == 1 ? "" : "s");
}

std::string rates_text(const TuneResult& result, const MeasureComparison& rates) {
  std::string text =
      fmt::format("highest rate with {}: {}/s -> {}/s, x{:.2f}", result.asked.slo.to_text(),
                  in_short(rates.a), in_short(rates.b), rates.ratio);
  if (rates.low && rates.high)
    text += fmt::format(" ({:.2f} to {:.2f}, {:.3g} % interval, {} searches of each)", *rates.low,
                        *rates.high, kMeasureConfidence * 100, result.rates_before.size());
  return text;
}

std::string result_text(const TuneResult& result) {
  if (result.rates) return rates_text(result, *result.rates);
  if (!result.confirmation) return {};
  std::string text = gain_text(result, result.confirmation->costs);
  if (!is_throughput(result))
    text += fmt::format("; {} is met in {} of {} runs", result.asked.slo.to_text(), result.slo_met,
                        result.confirmation->costs.pairs());
  return text;
}

std::string price_text(const TuneResult& result) {
  const TunePrice& before = *result.price_before;
  const TunePrice& after = *result.price_after;
  return fmt::format(
      "idle {:.2f} -> {:.2f} CPUs, {:.3g} -> {:.3g} CPU s per million events, up to {} -> {} of "
      "memory",
      before.idle_cpus, after.idle_cpus, before.cpu_s_per_million, after.cpu_s_per_million,
      bytes_in_short(static_cast<double>(before.memory_bytes)),
      bytes_in_short(static_cast<double>(after.memory_bytes)));
}

/// What the winner promises less of than the given config; empty: nothing.
std::string order_text(const TuneResult& result) {
  for (const std::size_t i : result.changed()) {
    const Knob& knob = result.knobs.all[i];
    if (knob.name == "partitions" && knob.given == 0 &&
        knob.choices.front().label.starts_with("1 "))
      return "events of different keys keep no order among each other, as with one partition they "
             "did; --keep partitions leaves it at one";
  }
  return {};
}

std::string trial_text(const TuneResult& result, const TuneTrial& trial) {
  const Knob& knob = result.knobs.all[trial.knob];
  const std::string step =
      trial.prunes
          ? "again: " + knob.choices[trial.from].label + " -> " + knob.choices[trial.to].label
          : knob.choices[trial.from].label + " -> " + knob.choices[trial.to].label;
  return row(knob.name, fmt::format("{:<42} {:<13} {}", step, to_string(trial.end),
                                    gain_text(result, trial.costs)));
}

std::string machine_text(const TuneResult& result) {
  const MachineFacts& machine = result.machine;
  return machine.cpu + (machine.virtual_machine ? " (virtual)" : "") + " · " + machine.cpus_ours +
         " · " + machine.kernel;
}

std::string program_text(const TuneResult& result) {
  const MachineFacts& machine = result.machine;
  return machine.compiler + " · " + machine.build + " · " + machine.revision;
}

/// What must not stand in a comment, or is no text, becomes "?".
std::string in_comment(std::string_view text) {
  const bool has_bytes_of_its_own = !is_utf8(text);
  std::string out;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool is_control = byte < 0x20 || byte == 0x7F;
    out += is_control || (has_bytes_of_its_own && byte >= 0x80) ? '?' : character;
  }
  return out;
}

/// How it was found that the knob's change gains: when it was tried once more beside the others, or
/// by the steps that led to it.
std::string evidence(const TuneResult& result, std::size_t knob) {
  std::string steps;
  for (const TuneTrial& trial : result.search.trials) {
    if (trial.knob != knob || trial.end != TrialEnd::better) continue;
    const auto& choices = result.knobs.all[knob].choices;
    std::string text = choices[trial.from].label + " -> " + choices[trial.to].label + ": " +
                       gain_text(result, trial.costs);
    if (trial.prunes) return text;
    steps.append(steps.empty() ? "" : "\n").append(text);
  }
  return steps;
}

std::vector<ConfigChange> changes_with_evidence(const TuneResult& result) {
  std::vector<Knob> knobs = result.knobs.all;
  for (const std::size_t i : result.changed())
    knobs[i].choices[result.search.winner[i]].changes.front().comment = evidence(result, i);
  return changes_of(knobs, result.search.winner);
}

std::string head_text(const TuneResult& result, std::string_view name, std::string_view command) {
  std::string text;
  const auto add = [&text](std::string_view label, std::string_view words) {
    text += fmt::format("{:<9}{}\n", label, in_comment(words));
  };
  text += in_comment(fmt::format("Tuned for {} on {:%Y-%m-%d %H:%M} UTC, from {}.",
                                 objective_text(result), fmt::gmtime(std::time(nullptr)), name)) +
          '\n';
  add("command", command);
  add("machine", machine_text(result));
  add("program", program_text(result));
  add("events", result.events);
  add("result", result_text(result));
  add("price", price_text(result));
  if (const std::string order = order_text(result); !order.empty()) add("price", order);
  return text;
}

void append_costs(JsonWriter& json, const TuneResult& result, const PairedCosts& costs) {
  json.member("pairs", costs.pairs());
  if (costs.pairs() == 0) return;
  const NaturalRatio ratio = ratio_of(result, costs);
  json.member("before", natural(result, costs.before()));
  json.member("after", natural(result, costs.after())).member("ratio", ratio.ratio);
  if (costs.pairs() > 1) json.member("low", ratio.low).member("high", ratio.high);
}

void append_trial(JsonWriter& json, const TuneResult& result, const TuneTrial& trial) {
  const Knob& knob = result.knobs.all[trial.knob];
  json.begin_object().member("knob", knob.name).member("from", knob.choices[trial.from].label);
  json.member("to", knob.choices[trial.to].label).member("again", trial.prunes);
  json.member("end", to_string(trial.end));
  append_costs(json, result, trial.costs);
  json.end_object();
}

void append_price(JsonWriter& json, std::string_view name, const std::optional<TunePrice>& price) {
  json.key(name);
  if (!price) {
    json.null();
    return;
  }
  json.begin_object().member("idle_cpus", price->idle_cpus);
  json.member("cpu_s_per_million_events", price->cpu_s_per_million);
  json.member("memory_bytes", price->memory_bytes).end_object();
}

std::string_view unit_of(const TuneResult& result) {
  if (is_throughput(result)) return "events/s";
  return result.asked.slo.terms.size() == 1 ? "ns" : "share of the limit";
}

void append_findings(JsonWriter& json, const TuneResult& result) {
  json.key("trials").begin_array();
  for (const TuneTrial& trial : result.search.trials) append_trial(json, result, trial);
  json.end_array().key("confirmation");
  if (result.confirmation) {
    json.begin_object().member("end", to_string(result.confirmation->end));
    append_costs(json, result, result.confirmation->costs);
    json.end_object();
  } else {
    json.null();
  }
  json.key("changes").begin_array();
  for (const ConfigChange& change : changes_of(result.knobs.all, result.search.winner)) {
    json.begin_object().member("where", change.where()).key("value");
    if (change.value)
      json.value(change.value_text());
    else
      json.null();
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string objective_text(const TuneResult& result) {
  if (is_throughput(result)) return "events a second at full speed";
  const auto& terms = result.asked.slo.terms;
  const std::string rate = " at " + in_short(result.rate) + "/s";
  if (terms.size() > 1)
    return "the worst of " + result.asked.slo.to_text() + rate + ", as a share of its limit";
  const std::string& text = terms.front().text;
  return text.substr(0, text.find('=')) + rate;
}

std::string tune_text(const TuneResult& result) {
  std::string text =
      row("for", objective_text(result) + " · runs of " + duration_in_short(result.duration) +
                     " after " + duration_in_short(result.warmup) + " · " + result.events);
  text += row("machine", machine_text(result)) + row("program", program_text(result));
  for (const std::string& remark : result.remarks) text += row("note", remark);
  for (const std::string& left_out : result.knobs.left_out) text += row("untried", left_out);
  for (const TuneTrial& trial : result.search.trials) text += trial_text(result, trial);
  if (result.search.out_of_time)
    text += row("budget", "used up before everything was tried; --budget takes more");
  if (const std::string found = result_text(result); !found.empty()) text += row("confirm", found);
  if (result.price_before) text += row("price", price_text(result));
  if (const std::string order = order_text(result); !order.empty()) text += row("price", order);
  const bool pays = result.finding == TuneFinding::pays;
  for (const ConfigChange& change : changes_of(result.knobs.all, result.search.winner))
    text += row(pays ? "change" : "unproven",
                change.where() +
                    (change.value ? " = " + change.value_text() : std::string(" is taken out")));
  return text + row(result.finding == TuneFinding::stopped ? "stopped" : "finding",
                    result.finding == TuneFinding::pays     ? "it pays"
                    : result.finding == TuneFinding::stands ? "the config stands: " + result.why
                                                            : result.why);
}

std::string tune_json(const TuneResult& result, std::string_view config, std::string_view written) {
  JsonWriter json;
  json.begin_object().member("penstock_tune", kTuneJsonVersion).member("config", config);
  json.member("finding", to_string(result.finding)).member("why", result.why);
  json.member("objective", objective_text(result)).member("unit", unit_of(result));
  json.member("slo", result.asked.slo.to_text()).member("rate", result.rate);
  json.member("run_s", std::chrono::duration<double>(result.duration).count());
  json.member("took_s", std::chrono::duration<double>(result.took).count());
  json.member("out_of_time", result.search.out_of_time);
  append_findings(json, result);
  json.member("rates_before", result.rates_before).member("rates_after", result.rates_after);
  append_price(json, "price_before", result.price_before);
  append_price(json, "price_after", result.price_after);
  json.member("untried", result.knobs.left_out).member("remarks", result.remarks);
  json.member("events", result.events).key("machine").begin_object();
  json.member("cpu", result.machine.cpu).member("cpus", result.machine.cpus_ours);
  json.member("kernel", result.machine.kernel).member("compiler", result.machine.compiler);
  json.member("build", result.machine.build).member("revision", result.machine.revision);
  json.end_object().key("written");
  if (written.empty())
    json.null();
  else
    json.value(written);
  return std::move(json.end_object()).text();
}

Result<std::string> tuned_config(const TuneResult& result, std::string_view text,
                                 std::string_view name, std::string_view command) {
  PENSTOCK_CHECK(result.finding == TuneFinding::pays && result.price_before && result.price_after);
  return rewrite_config(text, name, changes_with_evidence(result),
                        head_text(result, name, command));
}

}  // namespace penstock
