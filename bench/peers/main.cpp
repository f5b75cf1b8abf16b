// SPDX-License-Identifier: Apache-2.0
// penstock_peers: Penstock beside its rivals, interleaved in one process.
//   round: probe, reference, way 1, reference, probe;  probe, reference, way 2, ...
// A sample counts if both probes tell of the same distance between the CPUs and both references
// agree within 8 %. What is reported is the median of paired ratios against the reference around
// it, apart for near cores, far cores, and CPUs that are two threads of one core.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <penstock/io/load/order_generator.hpp>

#include "end_to_end.hpp"
#include "machine_probe.hpp"

namespace {

using namespace penstock::bench;

constexpr std::size_t kPipeline = 1;          // where it stands among the ways; rivals follow
constexpr double kReferenceTolerance = 0.08;  // neighbours slow the cores 1.5-fold in stretches

struct Way {
  std::string name;
  std::function<Run(const Events&, std::size_t, const Cores&)> run;
  std::size_t divisor = 1;                         ///< of the number of events: slow ways do fewer
  std::array<std::vector<double>, 3> ratios = {};  ///< rate against the reference, by Distance
  std::vector<double> near_ns = {};
  unsigned dropped = 0;

  [[nodiscard]] const std::vector<double>& at(Distance distance) const {
    return ratios[static_cast<std::size_t>(distance)];
  }
};

struct Options {
  std::size_t events = 40'000;  ///< short samples fit between two disturbances
  unsigned rounds = 60;
  bool json = false;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      options.json = true;
    } else if (std::strcmp(argv[i], "--events") == 0 && i + 1 < argc) {
      options.events = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
      options.rounds = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
    } else {
      std::fprintf(stderr, "usage: penstock_peers [--events N] [--rounds N] [--json]\n");
      std::exit(2);
    }
  }
  return options;
}

std::string make_orders(std::size_t count) {
  penstock::OrderGenerator generator({});
  std::string ndjson;
  for (std::size_t i = 0; i < count; ++i) {
    generator.append(ndjson);
    ndjson += '\n';
  }
  return ndjson;
}

void sample(Way& way, const Events& events, const Cores& cores) {
  const std::size_t count = std::max<std::size_t>(events.lines().size() / way.divisor, 1);
  const double trip_before_ns = round_trip_ns(cores.consumer, cores.source);
  const Run before = bare_penstock(events, events.lines().size(), cores);
  const Run run = way.run(events, count, cores);
  const Run after = bare_penstock(events, events.lines().size(), cores);
  const double trip_after_ns = round_trip_ns(cores.consumer, cores.source);
  if (count == events.lines().size() && run.sum != before.sum) {
    std::fprintf(stderr, "%s: another sum than the reference\n", way.name.c_str());
    std::exit(1);
  }
  const double slower = std::max(before.ns_per_event, after.ns_per_event);
  const double faster = std::min(before.ns_per_event, after.ns_per_event);
  if (!same_distance(trip_before_ns, trip_after_ns) ||
      slower > faster * (1 + kReferenceTolerance)) {
    ++way.dropped;
    return;
  }
  const double ratio = (before.ns_per_event + after.ns_per_event) / 2 / run.ns_per_event;
  const Distance distance = distance_of(trip_before_ns);
  way.ratios[static_cast<std::size_t>(distance)].push_back(ratio);
  if (distance == Distance::near) way.near_ns.push_back(run.ns_per_event);
}

void print(const std::vector<Way>& ways, const Events& events, bool json) {
  if (!json)
    std::printf(
        "%zu events of %.0f B · rates against the bare one-core loop, medians (min - max)\n",
        events.lines().size(), events.bytes_per_event());
  for (const Way& way : ways) {
    const std::vector<double>& near = way.at(Distance::near);
    const std::vector<double>& far = way.at(Distance::far);
    const std::vector<double>& one_core = way.at(Distance::one_core);
    const auto [low, high] = near.empty() ? std::pair(0.0, 0.0)
                                          : std::pair(*std::min_element(near.begin(), near.end()),
                                                      *std::max_element(near.begin(), near.end()));
    if (json) {
      std::printf(
          "{\"way\":\"%s\",\"ratio\":%.3f,\"min\":%.3f,\"max\":%.3f,\"ns_per_event\":%.1f,"
          "\"near\":%zu,\"ratio_far\":%.3f,\"far\":%zu,\"ratio_one_core\":%.3f,\"one_core\":%zu,"
          "\"dropped\":%u}\n",
          way.name.c_str(), median(near), low, high, median(way.near_ns), near.size(), median(far),
          far.size(), median(one_core), one_core.size(), way.dropped);
      continue;
    }
    std::printf("%-34s %6.3f (%.3f - %.3f)  %8.1f ns/event  %2zu near", way.name.c_str(),
                median(near), low, high, median(way.near_ns), near.size());
    if (!far.empty()) std::printf("  far %.3f (%zu)", median(far), far.size());
    if (!one_core.empty()) std::printf("  one core %.3f (%zu)", median(one_core), one_core.size());
    std::printf("  %u dropped\n", way.dropped);
  }
  if (json) return;
  const double ours = median(ways[kPipeline].at(Distance::near));
  for (std::size_t i = kPipeline + 1; i < ways.size(); ++i)
    if (const double theirs = median(ways[i].at(Distance::near)); theirs > 0)
      std::printf("%s: %.2f x %s\n", ways[kPipeline].name.c_str(), ours / theirs,
                  ways[i].name.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const Events events(make_orders(options.events));
  const Cores cores;
  std::vector<Way> ways;
  ways.push_back({.name = "bare loop, simdjson get_string", .run = bare_simdjson});
  ways.push_back({.name = "penstock pipeline", .run = penstock_pipeline});
  ways.push_back({.name = "ConcurrentQueue + simdjson", .run = queue_simdjson});
  ways.push_back({.name = "the same, strings by mimalloc", .run = queue_simdjson_mimalloc});
  ways.push_back(
      {.name = "ConcurrentQueue + nlohmann::json", .run = queue_nlohmann, .divisor = 10});
  for (Way& way : ways)
    way.run(events, std::min<std::size_t>(events.lines().size(), 10'000), cores);
  for (unsigned round = 0; round < options.rounds; ++round)
    for (Way& way : ways) sample(way, events, cores);
  print(ways, events, options.json);
  return 0;
}
