// SPDX-License-Identifier: Apache-2.0
// penstock_peers: Penstock beside its rivals, interleaved in one process. See README.md.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <list>
#include <string>
#include <vector>

#include <penstock/runtime/machine/cpu.hpp>

#include "events/scenarios.hpp"
#include "machine/facts.hpp"
#include "queues/scenarios.hpp"
#include "report.hpp"
#include "rounds.hpp"
#include "scenario.hpp"

namespace penstock::bench {

void give_up(const std::string& why) {
  std::fprintf(stderr, "penstock_peers: %s\n", why.c_str());
  std::fflush(stdout);
  std::_Exit(1);  // other threads may still spin: nothing of theirs is destroyed
}

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> scenarios = queue_scenarios();
  for (Scenario& scenario : event_scenarios()) scenarios.push_back(std::move(scenario));
  return scenarios;
}

namespace {

constexpr int kExitUsage = 2;
constexpr int kExitMissing = 69;

struct Options {
  std::vector<std::string> scenarios = {"all"};
  std::vector<unsigned> cpus;  ///< consumer, source
  std::string json_path;
  bool list = false;
  RoundOptions rounds;
};

/// Ends the program on bad arguments and on --help.
Options parse(int count, char** arguments, const std::vector<Scenario>& known) {
  Options options;
  CLI::App app("Penstock beside its rivals, interleaved in one process.", "penstock_peers");
  std::vector<std::string> names = {"all"};
  for (const Scenario& scenario : known) names.push_back(scenario.name);
  app.add_option("--scenario", options.scenarios, "What to run, parted by commas")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  app.add_option("--rounds", options.rounds.rounds,
                 "Each implementation runs at least once in each")
      ->check(CLI::Range(1U, 100'000U))
      ->capture_default_str();
  app.add_option("--seconds", options.rounds.seconds, "Length of one sample")
      ->check(CLI::Range(0.0001, 10.0))
      ->capture_default_str();
  app.add_option("--cpus", options.cpus, "Consumer's and source's CPU; the first two if not given")
      ->delimiter(',')
      ->expected(2);
  app.add_option("--settle", options.rounds.settle_seconds,
                 "Seconds of warm-up at least, of what is compiled while it runs")
      ->check(CLI::Range(0.0, 600.0))
      ->capture_default_str();
  app.add_option("--near-from", options.rounds.distances.near_from_ns,
                 "Round trips (ns) under this are those of one core's two threads")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--far-from", options.rounds.distances.far_from_ns,
                 "Round trips (ns) from this on are those of far cores")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--json", options.json_path, "Write everything that was found to this file");
  app.add_flag("--list", options.list, "Only tell the scenarios");
  try {
    app.parse(count, arguments);
    const DistanceBounds& distances = options.rounds.distances;
    if (distances.near_from_ns >= distances.far_from_ns)
      throw CLI::ValidationError("--far-from", "must be more than --near-from");
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : kExitUsage);
  }
  return options;
}

Cores choose_cores(const std::vector<unsigned>& wanted) {
  const std::vector<unsigned> cpus = wanted.empty() ? read_cpu_limits().cpus : wanted;
  if (cpus.size() < 2 || cpus[0] == cpus[1]) {
    std::fprintf(stderr, "penstock_peers: two CPUs are needed, this process may use %zu\n",
                 std::min<std::size_t>(cpus.size(), 1));
    std::exit(kExitMissing);
  }
  return {.consumer = cpus[0], .source = cpus[1]};
}

int run(int count, char** arguments) {
  const std::vector<Scenario> known = all_scenarios();
  Options options = parse(count, arguments, known);
  if (options.list) {
    for (const Scenario& scenario : known)
      std::printf("%-12s %s\n", scenario.name.c_str(), scenario.summary.c_str());
    return 0;
  }
  std::ofstream json;
  if (!options.json_path.empty()) {
    json.open(options.json_path);
    if (!json) give_up("cannot write " + options.json_path);
  }
  options.rounds.cores = choose_cores(options.cpus);
  const MachineFacts facts = machine_facts(count, arguments, options.rounds.cores);
  std::fputs(heading(facts, options.rounds).c_str(), stdout);
  std::list<std::vector<Case>> cases;  // results point into them
  std::vector<CaseResult> results;
  const auto chosen = [&](const std::string& name) {
    return std::any_of(
        options.scenarios.begin(), options.scenarios.end(),
        [&](const std::string& wanted) { return wanted == "all" || wanted == name; });
  };
  for (const Scenario& scenario : known) {
    if (!chosen(scenario.name)) continue;
    cases.push_back(scenario.cases(options.rounds.cores));
    for (const Case& made : cases.back()) {
      results.push_back(measure(made, options.rounds));
      std::fputs(table(results.back()).c_str(), stdout);
      std::fflush(stdout);
    }
    // A JVM that is not needed any more ends here.
    for (Case& made : cases.back())
      for (Implementation& implementation : made.implementations) implementation.run = nullptr;
  }
  if (json.is_open()) {
    json << to_json(facts, options.rounds, results) << '\n';
    json.close();
    if (!json) give_up("cannot write " + options.json_path);
  }
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int count, char** arguments) { return penstock::bench::run(count, arguments); }
