// SPDX-License-Identifier: Apache-2.0
// penstock_peers: Penstock beside its rivals, interleaved in one process. See README.md.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <string>
#include <system_error>
#include <vector>

#include <penstock/runtime/machine/cpu.hpp>

#include "events/scenarios.hpp"
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
  app.add_option("--json", options.json_path,
                 "Write everything that was found to this file, anew after each case");
  app.add_flag("--list", options.list, "Only tell the scenarios");
  try {
    app.parse(count, arguments);
    const DistanceBounds& distances = options.rounds.distances;
    if (distances.near_from_ns >= distances.far_from_ns)
      throw CLI::ValidationError("--far-from", "must be more than --near-from");
    const std::filesystem::file_status json = std::filesystem::status(options.json_path);
    if (std::filesystem::exists(json) && !std::filesystem::is_regular_file(json))
      throw CLI::ValidationError("--json", options.json_path + " is no file to be written anew");
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

std::string partial_of(const std::string& path) { return path + ".partial"; }

/// So that a path that cannot be written is told before the work; what is there stays.
void check_can_be_written(const std::string& path) {
  const std::string partial = partial_of(path);
  if (!std::ofstream(partial)) give_up("cannot write " + partial);
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
}

/// Whole or not at all: whoever is interrupted keeps what was there before.
void write_anew(const std::string& path, const std::string& text) {
  const std::string partial = partial_of(path);
  std::ofstream file(partial);
  file << text << '\n';
  file.close();
  if (!file) give_up("cannot write " + partial);
  std::error_code error;
  std::filesystem::rename(partial, path, error);
  if (error) give_up("cannot rename " + partial + " to " + path + ": " + error.message());
}

int run(int count, char** arguments) {
  const std::vector<Scenario> known = all_scenarios();
  Options options = parse(count, arguments, known);
  if (options.list) {
    for (const Scenario& scenario : known)
      std::printf("%-12s %s\n", scenario.name.c_str(), scenario.summary.c_str());
    return 0;
  }
  options.rounds.cores = choose_cores(options.cpus);
  const RunFacts facts = facts_of(count, arguments, options.rounds);
  for (const std::string& why : facts.not_a_measurement)
    std::fprintf(stderr, "penstock_peers: NOT A MEASUREMENT: %s\n", why.c_str());
  std::fputs(heading(facts).c_str(), stdout);
  std::list<std::vector<Case>> cases;  // results point into them
  std::vector<CaseResult> results;
  const auto write_json = [&](bool complete) {
    if (!options.json_path.empty())
      write_anew(options.json_path, to_json(facts, results, complete));
  };
  if (!options.json_path.empty()) check_can_be_written(options.json_path);
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
      write_json(false);
    }
    // A JVM that is not needed any more ends here.
    for (Case& made : cases.back())
      for (Implementation& implementation : made.implementations) implementation.run = nullptr;
  }
  write_json(true);
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int count, char** arguments) { return penstock::bench::run(count, arguments); }
