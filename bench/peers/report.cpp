// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "spread.hpp"

namespace penstock::bench {
namespace {

constexpr std::size_t kNameColumns = 48;
constexpr std::size_t kRatioColumns = 24;  ///< at least
constexpr std::size_t kOursInBlock = 4;    ///< a table of more does not fit beside the names

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
  fmt::format_to(std::back_inserter(out), "{:<{}} {:>10.2f} {:>24} {:>5}\n", implementation.name,
                 kNameColumns, ns.middle, fmt::format("({:.2f} - {:.2f})", ns.min, ns.max),
                 ns.count);
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
  fmt::format_to(
      to, "{:<{}}",
      fmt::format("[{}] {}", to_string(distance),
                  result.made->latency.empty() ? "rate of ours against it"
                                               : "its " + result.made->latency + " by ours"),
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

std::string unit_of(const Case& made) {
  if (!made.latency.empty()) return made.latency + ", ns";
  return "ns/" + (made.item == "round trip" ? std::string("trip") : made.item);
}

/// What the tables do not say.
void append_notes(std::string& out, const CaseResult& result) {
  auto to = std::back_inserter(out);
  const Spread trips = spread_of(result.round_trips_ns);
  fmt::format_to(to, "round trips: {:.0f} ns ({:.0f}–{:.0f}, {})\n", trips.middle, trips.min,
                 trips.max, trips.count);
  for (std::size_t i = 0; i < result.measured.size(); ++i) {
    const std::string& name = result.made->implementations[i].name;
    const Measured& measured = result.measured[i];
    if (!measured.gone.empty()) continue;
    if (const Spread held = spread_of(measured.ns_at(Distance::near, &Kept::held_up_ns));
        !result.made->latency.empty() && held.count != 0)
      fmt::format_to(
          to, "{}: its waiting source was held up for {:.1f} us in a sample ({:.1f}–{:.1f}, {})\n",
          name, held.middle / 1e3, held.min / 1e3, held.max / 1e3, held.count);
    if (result.made->implementations[i].settles)
      fmt::format_to(to, "{}: warmed up for {:.1f} s{}\n", name, measured.settled_after_s,
                     measured.settled ? ", then its rate stood" : ", and its rate did not stand");
    if (measured.dropped_distance + measured.dropped_speed + measured.dropped_waited > 0)
      fmt::format_to(to, "{}: dropped {} + {} + {}{}\n", name, measured.dropped_distance,
                     measured.dropped_speed, measured.dropped_waited,
                     measured.kept.empty() ? ": none of its samples counts" : "");
  }
  for (const Absent& absent : absent_of(result))
    fmt::format_to(to, "{}: not measured: {}\n", absent.name, absent.reason);
}

}  // namespace

RunFacts facts_of(int argument_count, char** arguments, const RoundOptions& options) {
  RunFacts facts;
  facts.machine = machine_facts();
  facts.dchecks = PENSTOCK_DCHECKS != 0;
  for (int i = 0; i < argument_count; ++i) {
    if (i != 0) facts.command += ' ';
    facts.command += arguments[i];
  }
  facts.options = options;
  const auto against = [&](std::string why) { facts.not_a_measurement.push_back(std::move(why)); };
  const std::string& build = facts.machine.build;
  if (build != "Release" && build != "RelWithDebInfo")
    against("the build is \"" + build + "\": Release or RelWithDebInfo is needed");
  if (facts.dchecks) against("PENSTOCK_DCHECKS is on: every event is checked");
  if (options.probes() == ProbeLength::tiny)
    against("samples are shorter than 5 ms, and so are the probes");
  const std::string& governor = facts.machine.governor;
  if (governor != "unknown" && governor != "performance")
    facts.remarks.push_back("the CPUs' governor is \"" + governor +
                            "\": under \"performance\" their speed is steadier");
  if (facts.machine.revision.ends_with("-dirty"))
    facts.remarks.push_back("the source differs from its commit");
  return facts;
}

std::string heading(const RunFacts& facts) {
  const MachineFacts& machine = facts.machine;
  const RoundOptions& options = facts.options;
  std::string out = fmt::format(
      "{}{} · CPUs {} and {} of {} · {} · governor {}\n{} · {}{} · {}\n{}\n", machine.cpu,
      machine.virtual_machine ? " (virtual)" : "", options.cores.consumer, options.cores.source,
      machine.cpus_online, machine.kernel, machine.governor, machine.compiler, machine.build,
      facts.dchecks ? " with PENSTOCK_DCHECKS" : "", machine.revision, facts.command);
  for (const std::string& why : facts.not_a_measurement) out += "NOT A MEASUREMENT: " + why + "\n";
  for (const std::string& remark : facts.remarks) out += "note: " + remark + "\n";
  fmt::format_to(
      std::back_inserter(out),
      "{} rounds, {:g} ms a sample. Ratios: median (min–max, pairs); none of fewer than {} pairs.\n"
      "Dropped: cores moved + speed changed + threads waited for their CPUs.\n"
      "Round trips under {:g} ns: the two threads of one core; from {:g} ns on: far cores.\n",
      options.rounds, options.seconds * 1e3, kSamplesMin, options.distances.near_from_ns,
      options.distances.far_from_ns);
  return out;
}

std::string table(const CaseResult& result) {
  std::string out = fmt::format("\n{}: {}\n", result.made->name, result.made->title);
  const std::vector<std::size_t> ours = ours_of(*result.made);
  for (const Distance distance : kAllDistances) {
    std::size_t most = 0;
    for (const Measured& measured : result.measured)
      most = std::max(most, measured.ns_at(distance).size());
    if (most == 0) continue;
    auto to = std::back_inserter(out);
    fmt::format_to(to, "{:<{}} {:>10} {:>24} {:>5}\n", fmt::format("[{}]", to_string(distance)),
                   kNameColumns, unit_of(*result.made), "(min - max)", "kept");
    for (std::size_t i = 0; i < result.measured.size(); ++i) append_row(out, result, i, distance);
    if (most < kSamplesMin) {
      fmt::format_to(to, "  (fewer than {} samples: not a measurement)\n", kSamplesMin);
      continue;
    }
    for (std::size_t at = 0; at < ours.size(); at += kOursInBlock)
      append_ratios(out, result, distance,
                    std::span(ours).subspan(at, std::min(kOursInBlock, ours.size() - at)));
  }
  append_notes(out, result);
  return out;
}

}  // namespace penstock::bench
