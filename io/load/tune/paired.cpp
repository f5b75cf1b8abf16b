// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/tune/paired.hpp>

#include <cmath>
#include <numeric>

#include <penstock/io/load/student_t.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

double mean_of(const std::vector<double>& values) noexcept {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

void PairedCosts::add(double before, double after) {
  PENSTOCK_CHECK(before > 0 && after > 0);
  logs_.push_back(std::log(after / before));
  log_before_ += std::log(before);
}

double PairedCosts::before() const noexcept {
  return std::exp(log_before_ / static_cast<double>(pairs()));
}

double PairedCosts::after() const noexcept { return before() * ratio(); }

double PairedCosts::ratio() const noexcept { return std::exp(mean_of(logs_)); }

RatioBounds PairedCosts::bounds(double confidence) const noexcept {
  const double count = static_cast<double>(pairs());
  const double mean = mean_of(logs_);
  double squares = 0;
  for (const double log : logs_) squares += std::pow(log - mean, 2);
  const double half =
      student_t_limit(confidence, count - 1) * std::sqrt(squares / (count - 1) / count);
  return {.low = std::exp(mean - half), .high = std::exp(mean + half)};
}

}  // namespace penstock
