// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/student_t.hpp>

#include <math.h>  // lgamma_r: std::lgamma leaves a sign behind that all threads share

#include <cmath>
#include <initializer_list>

namespace penstock {
namespace {

/// The continued fraction of DLMF 8.17.22, by the modified method of Lentz.
double beta_fraction(double x, double a, double b) noexcept {
  constexpr double kTiny = 1e-300;
  constexpr double kEnough = 1e-15;
  constexpr int kTermsMax = 10'000;
  const auto kept_off_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / kept_off_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < kTermsMax; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    for (const double term : {even, odd}) {
      d = 1 / kept_off_zero(1 + term * d);
      c = kept_off_zero(1 + term / c);
      fraction *= c * d;
    }
    if (std::abs(c * d - 1) < kEnough) break;
  }
  return fraction;
}

double log_gamma(double x) noexcept {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

/// I_x(a, b).
double incomplete_beta(double x, double a, double b) noexcept {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) +
                                b * std::log1p(-x));
  // The fraction converges fast on this side; the other one is its complement (DLMF 8.17.4).
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(x, a, b) / a;
  return 1 - front * beta_fraction(1 - x, b, a) / b;
}

}  // namespace

double student_t_within(double t, double freedom) noexcept {
  return 1 - incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

double student_t_limit(double confidence, double freedom) noexcept {
  double low = 0;
  double high = 1;
  while (student_t_within(high, freedom) < confidence && high < 1e12) high *= 2;
  constexpr int kHalvings = 200;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (student_t_within(middle, freedom) < confidence ? low : high) = middle;
  }
  return high;
}

}  // namespace penstock
