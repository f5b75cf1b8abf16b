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
#include <penstock/io/load/student_t.hpp>

namespace penstock {
namespace {

constexpr double kConfidence = 0.99;
constexpr double kSame = 0.02;       ///< less than that nobody would change anything for
constexpr double kTolerance = 0.10;  ///< of what has no interval
constexpr std::size_t kRunsMin = 3;
constexpr std::array<std::string_view, 3> kChanges{"same", "better", "worse"};

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

/// Half the width of the interval of the difference of means (Welch, Satterthwaite).
double half_width(const Logs& a, const Logs& b) noexcept {
  const double sum = a.error() + b.error();
  if (sum == 0) return 0;
  const double freedom =
      sum * sum / (a.error() * a.error() / (a.count - 1) + b.error() * b.error() / (b.count - 1));
  return student_t_limit(kConfidence, freedom) * std::sqrt(sum);
}

struct NamedMeasure {
  Measure measure;
  double SavedRun::*value;
};

const std::vector<NamedMeasure>& measures() {
  static const std::vector<NamedMeasure> all{
      {{"rate", false}, &SavedRun::rate_achieved},
      {{"p50", true}, &SavedRun::p50_ns},
      {{"p99", true}, &SavedRun::p99_ns},
      {{"p99.9", true}, &SavedRun::p999_ns},
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
  for (const SavedResult* const result : {&a, &b})
    if (result->is_search && result->rate_found <= 0)
      return error(ErrorCode::usage, result->path + ": no rate was found in this search");
  return {};
}

void add_remarks(Comparison& comparison, const SavedResult& a, const SavedResult& b) {
  const auto differ = [&](std::string_view what, const std::string& of_a, const std::string& of_b) {
    if (of_a != of_b)
      comparison.remarks.push_back(fmt::format("{} differs: {} | {}", what, of_a, of_b));
  };
  differ("the processor", a.cpu, b.cpu);
  differ("the kernel", a.kernel, b.kernel);
  differ("where events came from", a.events, b.events);
  for (const SavedResult* const result : {&a, &b}) {
    const auto late = std::ranges::count(result->runs, false, &SavedRun::kept_up);
    if (late > 0 && !result->is_search)
      comparison.remarks.push_back(fmt::format("{}: {} of {} runs did not keep up", result->path,
                                               late, result->runs.size()));
  }
  if (a.is_search)
    comparison.remarks.emplace_back("searches give one rate each: a difference counts from 10 %");
  else if (std::min(a.runs.size(), b.runs.size()) < kRunsMin)
    comparison.remarks.push_back(
        fmt::format("{} and {} runs: fewer than three have no confidence interval; a difference "
                    "counts from 10 % (--repeat 5 gives one)",
                    a.runs.size(), b.runs.size()));
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
  return std::ranges::any_of(measures,
                             [](const MeasureComparison& m) { return m.change == Change::worse; });
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
    const double half = half_width(logs_a, logs_b);
    found.low = std::exp(difference - half);
    found.high = std::exp(difference + half);
    counts =
        (*found.low > 1 || *found.high < 1) && std::max(found.ratio, 1 / found.ratio) >= 1 + kSame;
  }
  if (counts)
    found.change = (found.ratio > 1) == measure.less_is_better ? Change::worse : Change::better;
  return found;
}

Result<Comparison> compare(const SavedResult& a, const SavedResult& b) {
  if (Status same = check_same_load(a, b); !same) return tl::unexpected(std::move(same).error());
  Comparison comparison;
  if (a.is_search) {
    comparison.measures.push_back(
        compare_measure({"rate found", false}, {a.rate_found}, {b.rate_found}));
  } else {
    for (const NamedMeasure& named : measures()) {
      const std::vector<double> of_a = values_of(a, named.value);
      const std::vector<double> of_b = values_of(b, named.value);
      const auto positive = [](double value) { return value > 0; };
      if (std::ranges::all_of(of_a, positive) && std::ranges::all_of(of_b, positive))
        comparison.measures.push_back(compare_measure(named.measure, of_a, of_b));
      else
        comparison.remarks.push_back(named.measure.name + " is zero in a run and is left out");
    }
  }
  add_remarks(comparison, a, b);
  return comparison;
}

std::string comparison_text(const Comparison& comparison, const SavedResult& a,
                            const SavedResult& b) {
  std::string text = fmt::format("A  {}  ({}, {} runs)\nB  {}  ({}, {} runs)\n\n", a.path,
                                 a.revision, a.runs.size(), b.path, b.revision, b.runs.size());
  text +=
      fmt::format("{:<11}{:>12}{:>12}{:>8}  {:<16}{}\n", "", "A", "B", "B/A", "99 % sure", "B is");
  for (const MeasureComparison& measure : comparison.measures) {
    const std::string bounds =
        measure.low ? fmt::format("{:.3f} - {:.3f}", *measure.low, *measure.high) : "";
    text += fmt::format("{:<11}{:>12}{:>12}{:>8.3f}  {:<16}{}\n", measure.name,
                        value_text(measure, measure.a), value_text(measure, measure.b),
                        measure.ratio, bounds, to_string(measure.change));
  }
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
  json.end_array().key("remarks").begin_array();
  for (const std::string& remark : comparison.remarks) json.value(remark);
  return std::move(json.end_array().end_object()).text();
}

}  // namespace penstock
