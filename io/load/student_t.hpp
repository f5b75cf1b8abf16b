// SPDX-License-Identifier: Apache-2.0
// Student's t distribution: how far apart the means of a few runs may be by chance.
// Pure functions, any thread.
#pragma once

namespace penstock {

/// P(|T| <= t) for so many degrees of freedom, which need not be whole (Welch). Requires: t >= 0,
/// freedom > 0. Source: NIST Digital Library of Mathematical Functions, 8.17 (incomplete beta).
[[nodiscard]] double student_t_within(double t, double freedom) noexcept;
/// The t for which student_t_within() is `confidence`. Requires: 0 < confidence < 1.
[[nodiscard]] double student_t_limit(double confidence, double freedom) noexcept;

}  // namespace penstock
