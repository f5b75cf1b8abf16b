// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

#include <penstock/io/json_writer.hpp>

namespace penstock::bench {
namespace {

constexpr std::size_t kNameColumns = 48;
constexpr std::size_t kRatioColumns = 24;  ///< at least
constexpr std::size_t kOursInBlock = 4;    ///< a table of more does not fit beside the names
constexpr std::size_t kSamplesMin = 7;     ///< a median of fewer says little
constexpr std::array<Distance, kDistances> kAll = {Distance::near, Distance::far,
                                                   Distance::one_core};

struct Spread {
  double middle = 0;
  double min = 0;
  double max = 0;
  std::size_t count = 0;
};

Spread spread_of(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  return {median(values), *min, *max, values.size()};
}

std::vector<std::size_t> ours_of(const Case& made) {
  std::vector<std::size_t> ours;
  for (std::size_t i = 0; i < made.implementations.size(); ++i)
    if (made.implementations[i].ours) ours.push_back(i);
  return ours;
}

/// What this build or this machine does not run, and what was gone before it had run.
std::vector<Absent> absent_of(const CaseResult& result) {
  std::vector<Absent> absent = result.made->absent;
  for (std::size_t i = 0; i < result.measured.size(); ++i)
    if (!result.measured[i].gone.empty())
      absent.push_back({result.made->implementations[i].name, result.measured[i].gone});
  return absent;
}

/// "penstock, batch 16" -> "batch 16"
std::string_view short_name(std::string_view name) {
  const std::size_t comma = name.find(", ");
  return comma == std::string_view::npos ? name : name.substr(comma + 2);
}

void append_row(std::string& out, const CaseResult& result, std::size_t index, Distance distance) {
  const Implementation& implementation = result.made->implementations[index];
  const Measured& measured = result.measured[index];
  const Spread ns = spread_of(measured.ns_at(distance));
  if (ns.count == 0) return;
  fmt::format_to(std::back_inserter(out), "{:<{}} {:>10.2f} {:>24} {:>5} {:>9}\n",
                 implementation.name, kNameColumns, ns.middle,
                 fmt::format("({:.2f} - {:.2f})", ns.min, ns.max), ns.count,
                 fmt::format("{}+{}+{}", measured.dropped_distance, measured.dropped_speed,
                             measured.dropped_waited));
}

/// "1.52 (1.40–1.61, 15)"; "- (3)" where there are too few.
std::string ratio_text(const Spread& ratio) {
  if (ratio.count < kSamplesMin) return fmt::format("- ({})", ratio.count);
  return fmt::format("{:.2f} ({:.2f}–{:.2f}, {})", ratio.middle, ratio.min, ratio.max, ratio.count);
}

std::size_t ratio_columns(std::string_view of) { return std::max(kRatioColumns, of.size()); }

/// The rate of ours by that of each rival: one column for each of ours.
void append_ratios(std::string& out, const CaseResult& result, Distance distance,
                   std::span<const std::size_t> ours) {
  const std::vector<Implementation>& all = result.made->implementations;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "{:<{}}", fmt::format("[{}] rate of ours against it", to_string(distance)),
                 kNameColumns);
  for (const std::size_t mine : ours)
    fmt::format_to(to, " {:>{}}", short_name(all[mine].name), kRatioColumns);
  out += '\n';
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].ours || result.measured[i].ns_at(distance).empty()) continue;
    fmt::format_to(to, "{:<{}}", all[i].name, kNameColumns);
    for (const std::size_t mine : ours) {
      const Spread ratio =
          spread_of(paired_ratios(result.measured[mine], result.measured[i], distance));
      fmt::format_to(to, " {:>{}}", ratio_text(ratio), ratio_columns(short_name(all[mine].name)));
    }
    out += '\n';
  }
}

void append_spread(JsonWriter& json, std::string_view name, const Spread& spread) {
  json.key(name).begin_object();
  json.member("median", spread.middle).member("min", spread.min).member("max", spread.max);
  json.member("samples", spread.count).end_object();
}

/// No figures where they are too few to be quoted.
void append_ratio(JsonWriter& json, std::string_view name, const Spread& ratio) {
  if (ratio.count >= kSamplesMin) return append_spread(json, name, ratio);
  json.key(name).begin_object().key("median").null();
  json.member("samples", ratio.count).end_object();
}

void append_implementation(JsonWriter& json, const CaseResult& result, std::size_t index) {
  const Implementation& implementation = result.made->implementations[index];
  const Measured& measured = result.measured[index];
  if (!measured.gone.empty()) return;
  json.begin_object().member("name", implementation.name).member("ours", implementation.ours);
  json.member("items_per_sample", measured.count);
  json.member("dropped_distance", measured.dropped_distance);
  json.member("dropped_speed", measured.dropped_speed);
  json.member("dropped_waited_for_cpu", measured.dropped_waited);
  if (implementation.settles)
    json.member("warm_up_s", measured.settled_after_s).member("rate_stood", measured.settled);
  for (const Distance distance : kAll) {
    const Spread ns = spread_of(measured.ns_at(distance));
    if (ns.count == 0) continue;
    json.key(to_string(distance)).begin_object();
    append_spread(json, "ns_per_item", ns);
    if (!implementation.ours) {
      json.key("rate_of_ours_against_it").begin_object();
      for (const std::size_t mine : ours_of(*result.made))
        append_ratio(json, result.made->implementations[mine].name,
                     spread_of(paired_ratios(result.measured[mine], measured, distance)));
      json.end_object();
    }
    json.end_object();
  }
  json.end_object();
}

void append_case(JsonWriter& json, const CaseResult& result) {
  json.begin_object().member("name", result.made->name).member("title", result.made->title);
  json.member("item", result.made->item);
  append_spread(json, "round_trip_ns", spread_of(result.round_trips_ns));
  json.key("implementations").begin_array();
  for (std::size_t i = 0; i < result.measured.size(); ++i) append_implementation(json, result, i);
  json.end_array().key("not_measured").begin_array();
  for (const Absent& absent : absent_of(result))
    json.begin_object().member("name", absent.name).member("reason", absent.reason).end_object();
  json.end_array().end_object();
}

}  // namespace

std::string heading(const MachineFacts& facts, const RoundOptions& options) {
  return fmt::format(
      "{} · CPUs {} and {} · {}\n{} · commit {}\n{}\n"
      "{} rounds, {:g} ms a sample. Ratios: median (min–max, pairs); none of fewer than {} pairs.\n"
      "Dropped: cores moved + speed changed + threads waited for their CPUs.\n"
      "Round trips under {:g} ns: the two threads of one core; from {:g} ns on: far cores.\n",
      facts.cpu, options.cores.consumer, options.cores.source, facts.kernel, facts.compiler,
      facts.commit, facts.command, options.rounds, options.seconds * 1e3, kSamplesMin,
      options.distances.near_from_ns, options.distances.far_from_ns);
}

std::string table(const CaseResult& result) {
  std::string out = fmt::format("\n{}: {}\n", result.made->name, result.made->title);
  const std::vector<std::size_t> ours = ours_of(*result.made);
  for (const Distance distance : kAll) {
    std::size_t most = 0;
    for (const Measured& measured : result.measured)
      most = std::max(most, measured.ns_at(distance).size());
    if (most == 0) continue;
    auto to = std::back_inserter(out);
    fmt::format_to(
        to, "{:<{}} {:>10} {:>24} {:>5} {:>9}\n", fmt::format("[{}]", to_string(distance)),
        kNameColumns,
        fmt::format("ns/{}", result.made->item == "round trip" ? "trip" : result.made->item),
        "(min - max)", "kept", "dropped");
    for (std::size_t i = 0; i < result.measured.size(); ++i) append_row(out, result, i, distance);
    if (most < kSamplesMin) {
      fmt::format_to(to, "  (fewer than {} samples: not a measurement)\n", kSamplesMin);
      continue;
    }
    for (std::size_t at = 0; at < ours.size(); at += kOursInBlock)
      append_ratios(out, result, distance,
                    std::span(ours).subspan(at, std::min(kOursInBlock, ours.size() - at)));
  }
  const Spread trips = spread_of(result.round_trips_ns);
  fmt::format_to(std::back_inserter(out), "round trips: {:.0f} ns ({:.0f}–{:.0f}, {})\n",
                 trips.middle, trips.min, trips.max, trips.count);
  for (std::size_t i = 0; i < result.measured.size(); ++i) {
    const Measured& measured = result.measured[i];
    if (!measured.gone.empty()) continue;
    if (result.made->implementations[i].settles)
      out +=
          fmt::format("{}: warmed up for {:.1f} s{}\n", result.made->implementations[i].name,
                      measured.settled_after_s,
                      measured.settled ? ", then its rate stood" : ", and its rate did not stand");
    if (measured.kept.empty())
      out += fmt::format("{}: none of its samples counts ({} + {} + {} dropped)\n",
                         result.made->implementations[i].name, measured.dropped_distance,
                         measured.dropped_speed, measured.dropped_waited);
  }
  for (const Absent& absent : absent_of(result))
    out += fmt::format("{}: not measured: {}\n", absent.name, absent.reason);
  return out;
}

std::string to_json(const MachineFacts& facts, const RoundOptions& options,
                    const std::vector<CaseResult>& results) {
  JsonWriter json;
  json.begin_object().key("machine").begin_object();
  json.member("cpu", facts.cpu).member("kernel", facts.kernel);
  json.member("compiler", facts.compiler).member("commit", facts.commit);
  json.member("command", facts.command);
  json.member("cpu_consumer", facts.cores.consumer).member("cpu_source", facts.cores.source);
  json.end_object();
  json.member("rounds", options.rounds).member("seconds_per_sample", options.seconds);
  json.member("near_from_ns", options.distances.near_from_ns);
  json.member("far_from_ns", options.distances.far_from_ns);
  json.key("cases").begin_array();
  for (const CaseResult& result : results) append_case(json, result);
  json.end_array().end_object();
  return std::move(json).text();
}

}  // namespace penstock::bench
