// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/slo.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <penstock/io/config/units.hpp>
#include <penstock/io/in_words.hpp>

namespace penstock {
namespace {

std::string quoted(std::string_view text) { return std::string("\"").append(text).append("\""); }

std::string_view trimmed(std::string_view text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// "p99.9" or "max".
std::optional<double> percent_of(std::string_view name) noexcept {
  if (name == "max") return 100;
  if (!name.starts_with('p')) return std::nullopt;
  name.remove_prefix(1);
  double percent = 0;
  const auto [end, failure] =
      std::from_chars(name.data(), name.data() + name.size(), percent, std::chars_format::fixed);
  const bool whole = failure == std::errc() && end == name.data() + name.size();
  return whole && percent > 0 && percent <= 100 ? std::optional(percent) : std::nullopt;
}

Result<SloTerm> parse_term(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return error(ErrorCode::usage, "SLO " + quoted(text) + ": " + why);
  };
  const std::size_t mark = text.find('=');
  if (mark == std::string_view::npos) return wrong("has no limit; write it as p99.9=50us");
  const std::string_view name = trimmed(text.substr(0, mark));
  const std::string_view limit = trimmed(text.substr(mark + 1));
  const auto percent = percent_of(name);
  if (!percent)
    return wrong(quoted(name) +
                 " is neither a percentile above p0 up to p100, such as p99.9, nor max");
  const auto limit_ns = parse_duration(limit);
  if (!limit_ns || *limit_ns == 0)
    return wrong(quoted(limit) + " is not a duration above zero, such as 50us or 1ms");
  return SloTerm{.percent = *percent, .limit_ns = *limit_ns, .text = std::string(text)};
}

}  // namespace

std::string Slo::broken_by(const HistogramSnapshot& latency_ns) const {
  if (latency_ns.count() == 0) return "no event that was due in the measured time came to its end";
  for (const SloTerm& term : terms) {
    const std::uint64_t found_ns = latency_ns.percentile(term.percent);
    if (found_ns <= term.limit_ns) continue;
    const std::size_t mark = term.text.find('=');
    return term.text.substr(0, mark) + " = " + duration_in_short(found_ns) + " > " +
           term.text.substr(mark + 1);
  }
  return {};
}

std::vector<SloValue> Slo::found_in(const HistogramSnapshot& latency_ns) const {
  std::vector<SloValue> values;
  for (const SloTerm& term : terms)
    values.push_back({.name = std::string(trimmed(term.text.substr(0, term.text.find('=')))),
                      .limit_ns = term.limit_ns,
                      .found_ns = latency_ns.percentile(term.percent)});
  return values;
}

double Slo::events_needed() const noexcept {
  constexpr double kBeyond = 10;
  double needed = 1;
  for (const SloTerm& term : terms)
    if (term.percent < 100) needed = std::max(needed, kBeyond * 100 / (100 - term.percent));
  return std::round(needed);
}

std::string Slo::to_text() const {
  std::string text;
  for (const SloTerm& term : terms) text.append(text.empty() ? "" : ",").append(term.text);
  return text;
}

Result<Slo> parse_slo(std::string_view text) {
  Slo slo;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    Result<SloTerm> term = parse_term(trimmed(text.substr(begin, comma - begin)));
    if (!term) return tl::unexpected(std::move(term).error());
    slo.terms.push_back(std::move(*term));
    begin = comma + 1;
  }
  return slo;
}

}  // namespace penstock
