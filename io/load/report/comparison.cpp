// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/report/comparison.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <penstock/io/in_words.hpp>
#include <penstock/io/json_writer.hpp>
#include <penstock/io/load/find_max.hpp>
#include <penstock/io/load/schedule.hpp>
#include <penstock/io/load/student_t.hpp>

namespace penstock {
namespace {

/// A value is known to its histogram's cell: even over a 64th, whose variance is width^2 / 12. Runs
/// that all fell into one cell are not as certain as their equal values look.
constexpr double kCellWidth = 1.0 / 64;
constexpr double kCellError = kCellWidth * kCellWidth / 12;
constexpr double kBeyond = 10;       ///< events that a percentile needs beyond it
constexpr double kSame = 0.02;       ///< less than that nobody would change anything for
constexpr double kTolerance = 0.10;  ///< of what has no interval
constexpr std::size_t kRunsMin = 3;
constexpr std::array<std::string_view, 4> kChanges{"same", "better", "worse", "unclear"};

/// Mean and variance of logarithms.
struct Logs {
  explicit Logs(const std::vector<double>& values) : count(static_cast<double>(values.size())) {
    for (const double value : values) mean += std::log(value) / count;
    for (const double value : values) squares += std::pow(std::log(value) - mean, 2);
  }
  /// Of the mean: s^2 / n.
  [[nodiscard]] double error() const noexcept { return squares / (count - 1) / count; }

  double count;
  double mean = 0;
  double squares = 0;
};

/// Half the width of the interval of the difference of means (Welch, Satterthwaite). The cells'
/// variance is not estimated from the runs: it adds to the error and takes no part in the degrees
/// of freedom; nor does it shrink with more runs, since all may lie at the same end of a cell.
double half_width(const Logs& a, const Logs& b, double cell_error) noexcept {
  const double sum = a.error() + b.error();
  const double freedom =
      sum == 0
          ? a.count + b.count - 2
          : sum * sum /
                (a.error() * a.error() / (a.count - 1) + b.error() * b.error() / (b.count - 1));
  return student_t_limit(kMeasureConfidence, freedom) * std::sqrt(sum + 2 * cell_error);
}

struct NamedMeasure {
  Measure measure;
  double SavedRun::*value;
  double percent = 0;  ///< 0: no percentile
};

const std::vector<NamedMeasure>& measures() {
  static const std::vector<NamedMeasure> all{
      {{"rate", false}, &SavedRun::rate_achieved},
      {{"p50", true, true}, &SavedRun::p50_ns, 50},
      {{"p99", true, true}, &SavedRun::p99_ns, 99},
      {{"p99.9", true, true}, &SavedRun::p999_ns, 99.9},
      {{"CPU", true}, &SavedRun::cpu_s_per_million},
  };
  return all;
}

std::vector<double> values_of(const SavedResult& result, double SavedRun::*value) {
  std::vector<double> values;
  for (const SavedRun& run : result.runs) values.push_back(run.*value);
  return values;
}

Status check_same_load(const SavedResult& a, const SavedResult& b) {
  const auto differ = [&](std::string_view what, const std::string& of_a, const std::string& of_b) {
    return error(ErrorCode::usage,
                 fmt::format("the two had different loads: {} is {} in {} and {} in {}; run both "
                             "with the same options",
                             what, of_a, a.path, of_b, b.path));
  };
  const auto kind = [](const SavedResult& r) { return r.is_search ? "a search" : "a fixed rate"; };
  if (a.is_search != b.is_search) return differ("the kind", kind(a), kind(b));
  if (a.shape != b.shape) return differ("the shape", a.shape, b.shape);
  if (!a.is_search && a.rate_asked != b.rate_asked)
    return differ("the rate", in_short(a.rate_asked) + "/s", in_short(b.rate_asked) + "/s");
  const auto number = [](double value) { return fmt::format("{:.6g}", value); };
  const auto seconds = [](double value) { return fmt::format("{:.6g} s", value); };
  if (a.shape == to_string(LoadShape::bursts) && a.burst != b.burst)
    return differ("the burst", number(a.burst), number(b.burst));
  if (a.slo != b.slo) return differ("the SLO", a.slo, b.slo);
  if (a.seconds != b.seconds) return differ("the time", seconds(a.seconds), seconds(b.seconds));
  if (a.warmup_s != b.warmup_s)
    return differ("the warm-up", seconds(a.warmup_s), seconds(b.warmup_s));
  if (a.partitions != b.partitions)
    return differ("the number of partitions", number(a.partitions), number(b.partitions));
  for (const SavedResult* const result : {&a, &b})
    if (result->is_search) {
      const auto& rates = result->rates_found;
      if (rates.size() < kRunsMin)
        return error(
            ErrorCode::usage,
            fmt::format("{} has {} of the {} searches without which nobody knows whether a "
                        "difference is more than chance; run --find-max with --repeat {}, "
                        "or compare runs at one rate",
                        result->path, rates.size(), kRunsMin, kRunsMin));
      if (std::ranges::any_of(rates, [](double rate) { return rate <= 0; }))
        return error(ErrorCode::usage, result->path + ": a search of it found no rate");
    }
  return {};
}

void add_remarks(Comparison& comparison, const SavedResult& a, const SavedResult& b) {
  const auto differ = [&](std::string_view what, const std::string& of_a, const std::string& of_b) {
    if (of_a != of_b)
      comparison.remarks.push_back(fmt::format("{} differs: {} | {}", what, of_a, of_b));
  };
  for (const SavedResult* const result : {&a, &b})
    if (result->interrupted)
      comparison.remarks.push_back(result->path +
                                   " was interrupted: it has less than was asked for");
  differ("the processor", a.cpu, b.cpu);
  differ("the kernel", a.kernel, b.kernel);
  differ("the build", a.build, b.build);
  differ("the compiler", a.compiler, b.compiler);
  differ("the config", a.config, b.config);
  differ("where events came from", a.events, b.events);
  for (const SavedResult* const result : {&a, &b}) {
    const auto late = std::ranges::count(result->runs, false, &SavedRun::kept_up);
    if (late > 0 && !result->is_search)
      comparison.remarks.push_back(fmt::format("{}: {} of {} runs did not keep up", result->path,
                                               late, result->runs.size()));
  }
  if (!a.is_search && std::min(a.runs.size(), b.runs.size()) < kRunsMin)
    comparison.remarks.push_back(
        fmt::format("{} and {} runs: fewer than three have no confidence interval; a difference "
                    "counts from 10 % (--repeat 5 gives one)",
                    a.runs.size(), b.runs.size()));
}

bool all_kept_up(const SavedResult& result) {
  return std::ranges::all_of(result.runs, &SavedRun::kept_up);
}

/// Events of the shortest run.
double events_least(const SavedResult& result) {
  return std::ranges::min(result.runs, {}, &SavedRun::events).events;
}

void compare_named(Comparison& comparison, const NamedMeasure& named, const SavedResult& a,
                   const SavedResult& b) {
  const double events = std::min(events_least(a), events_least(b));
  constexpr double kExact = 1 - 1e-9;  // ten of ten thousand are enough, whatever 99.9 is in binary
  if (named.percent > 0 && events * (100 - named.percent) < kBeyond * 100 * kExact) {
    comparison.remarks.push_back(
        fmt::format("{} has fewer than ten events beyond it in a run of {:.0f} and is left out",
                    named.measure.name, events));
    return;
  }
  const std::vector<double> of_a = values_of(a, named.value);
  const std::vector<double> of_b = values_of(b, named.value);
  const auto positive = [](double value) { return value > 0; };
  if (std::ranges::all_of(of_a, positive) && std::ranges::all_of(of_b, positive))
    comparison.measures.push_back(compare_measure(named.measure, of_a, of_b));
  else
    comparison.remarks.push_back(named.measure.name + " is zero in a run and is left out");
}

std::string value_text(const MeasureComparison& measure, double value) {
  if (measure.name == "rate" || measure.name == "rate found") return in_short(value) + "/s";
  if (measure.name == "CPU") return fmt::format("{:.3g} s/M", value);
  return duration_in_short(value);
}

}  // namespace

std::string_view to_string(Change change) noexcept {
  return kChanges[static_cast<std::size_t>(change)];
}

bool Comparison::worse() const noexcept {
  return fell_behind || std::ranges::any_of(measures, [](const MeasureComparison& m) {
           return m.change == Change::worse;
         });
}

MeasureComparison compare_measure(const Measure& measure, const std::vector<double>& a,
                                  const std::vector<double>& b) {
  const Logs logs_a(a);
  const Logs logs_b(b);
  const double difference = logs_b.mean - logs_a.mean;
  MeasureComparison found{.name = measure.name,
                          .a = std::exp(logs_a.mean),
                          .b = std::exp(logs_b.mean),
                          .ratio = std::exp(difference)};
  bool counts = std::max(found.ratio, 1 / found.ratio) > 1 + kTolerance;
  if (std::min(a.size(), b.size()) >= kRunsMin) {
    const double half =
        half_width(logs_a, logs_b, measure.in_cells ? kCellError : 0) + std::log(measure.step);
    found.low = std::exp(difference - half);
    found.high = std::exp(difference + half);
    const bool is_sure = *found.low > 1 || *found.high < 1;
    counts = is_sure && std::max(found.ratio, 1 / found.ratio) >= 1 + kSame;
    if (!is_sure && std::max(*found.high, 1 / *found.low) > 1 + kTolerance)
      found.change = Change::unclear;
  }
  if (counts)
    found.change = (found.ratio > 1) == measure.less_is_better ? Change::worse : Change::better;
  return found;
}

Result<Comparison> compare(const SavedResult& a, const SavedResult& b) {
  if (Status same = check_same_load(a, b); !same) return tl::unexpected(std::move(same).error());
  Comparison comparison;
  if (a.is_search) {
    comparison.measures.push_back(compare_measure(
        {.name = "rate found", .less_is_better = false, .step = SearchOptions::kPrecision},
        a.rates_found, b.rates_found));
  } else {
    for (const NamedMeasure& named : measures()) compare_named(comparison, named, a, b);
    comparison.fell_behind = all_kept_up(a) && !all_kept_up(b);
    if (comparison.fell_behind)
      comparison.remarks.push_back("A kept up and B did not: B is worse, whatever its figures");
  }
  add_remarks(comparison, a, b);
  return comparison;
}

std::string comparison_text(const Comparison& comparison, const SavedResult& a,
                            const SavedResult& b) {
  const auto head = [](const char* name, const SavedResult& result) {
    return fmt::format("{}  {}  ({}, {} {})\n", name, result.path, result.revision,
                       result.is_search ? result.rates_found.size() : result.runs.size(),
                       result.is_search ? "searches" : "runs");
  };
  std::string text = head("A", a) + head("B", b) + '\n';
  text += fmt::format("{:<11}{:>12}{:>12}{:>8}  {:<16}{}\n", "", "A", "B", "B/A", "99.8 % sure",
                      "B is");
  for (const MeasureComparison& measure : comparison.measures) {
    const std::string bounds =
        measure.low ? fmt::format("{:.3f} - {:.3f}", *measure.low, *measure.high) : "";
    text += fmt::format("{:<11}{:>12}{:>12}{:>8.3f}  {:<16}{}\n", measure.name,
                        value_text(measure, measure.a), value_text(measure, measure.b),
                        measure.ratio, bounds, to_string(measure.change));
  }
  if (std::ranges::any_of(comparison.measures,
                          [](const auto& m) { return m.change == Change::unclear; }))
    text +=
        "note  unclear: the runs differ too much to tell 10 %; repeat more, on a quieter machine\n";
  for (const std::string& remark : comparison.remarks) text += "note  " + remark + '\n';
  return text;
}

std::string comparison_json(const Comparison& comparison, const SavedResult& a,
                            const SavedResult& b) {
  JsonWriter json;
  json.begin_object().member("a", a.path).member("b", b.path);
  json.member("worse", comparison.worse()).key("measures").begin_array();
  for (const MeasureComparison& measure : comparison.measures) {
    json.begin_object().member("name", measure.name).member("a", measure.a);
    json.member("b", measure.b).member("ratio", measure.ratio);
    for (const auto& [name, bound] :
         {std::pair("low", measure.low), std::pair("high", measure.high)}) {
      json.key(name);
      if (bound)
        json.value(*bound);
      else
        json.null();
    }
    json.member("change", to_string(measure.change)).end_object();
  }
  json.end_array().member("remarks", comparison.remarks);
  return std::move(json.end_object()).text();
}

}  // namespace penstock
