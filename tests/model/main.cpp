// SPDX-License-Identifier: Apache-2.0
// penstock_model: explores the lock-free core.
//   penstock_model --list
//   penstock_model CASE ...                      what the test suite runs of them
//   penstock_model --all --times 15              every case, 15 times as much
//   penstock_model CASE --seconds 60 --seed 7    so long, from this seed on
//   penstock_model CASE --replay "seed 123"      one execution, with its trace
//   penstock_model --all --points                and in how many schedules each point was reached
// A case that runs as much as in the test suite, or more, must also come to all the points that it
// names. Exit: 0 nothing was found, 1 a defect, 2 usage.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "case.hpp"
#include "explorer/search.hpp"

namespace penstock::model {
namespace {

struct Options {
  std::vector<std::string> names;
  bool list = false;
  bool all = false;
  bool random = false;
  bool first = false;
  bool points = false;
  double times = 1;
  double seconds = 0;
  std::uint64_t seed = 1;
  // Instead of a case's own limits.
  std::optional<unsigned> stale;
  std::optional<unsigned> spurious;
  std::optional<unsigned> returns;
  std::optional<unsigned> pauses;
  std::string replay;
};

Limits limits_of(const Case& one, const Options& options) {
  Limits limits = one.limits;
  limits.stale_max = options.stale.value_or(limits.stale_max);
  limits.spurious_max = options.spurious.value_or(limits.spurious_max);
  limits.returns_max = options.returns.value_or(limits.returns_max);
  limits.pauses_max = options.pauses.value_or(limits.pauses_max);
  return limits;
}

/// What of the command line an execution depends on, beside its replay.
std::string arguments_of(const Options& options) {
  std::string text;
  const auto add = [&](const char* name, const std::optional<unsigned>& value) {
    if (value) text += std::string(" ") + name + " " + std::to_string(*value);
  };
  add("--stale", options.stale);
  add("--spurious", options.spurious);
  add("--returns", options.returns);
  add("--pauses", options.pauses);
  return text;
}

Budget budget_of(const Case& one, const Options& options) {
  Budget budget;
  if (options.seconds > 0) {
    budget.seconds = options.seconds;
  } else if (!one.exhaustive || options.random) {
    constexpr std::uint64_t kRandomInstead = 1'000'000;  // of a case that is exhaustive otherwise
    budget.schedules = static_cast<std::uint64_t>(
        static_cast<double>(one.schedules == 0 ? kRandomInstead : one.schedules) * options.times);
  }
  return budget;
}

std::unique_ptr<Search> search_for(const Case& one, const Options& options) {
  if (!options.replay.empty()) return search_from(options.replay);
  if (one.exhaustive && !options.random) return std::make_unique<Exhaustive>();
  return std::make_unique<Random>(options.seed);
}

/// Whether as much is run as must come to every point that the case names.
bool whole(const Case& one, const Options& options) {
  return options.replay.empty() && options.seconds == 0 && !options.stale && !options.spurious &&
         !options.returns && !options.pauses &&
         (one.exhaustive ? !options.random : options.times >= 1);
}

/// Of executions: those are among them that were cut off since they are like another one.
void print_points(const Case& one, const Reached& reached) {
  for (std::size_t i = 0; i < kPoints; ++i) {
    const auto point = static_cast<Point>(i);
    if (reached.count(point) == 0 && !one.reaches.has(point)) continue;
    std::printf("    %c %-26s %10llu executions\n", one.reaches.has(point) ? '*' : ' ',
                name_of(point), static_cast<unsigned long long>(reached.count(point)));
  }
}

enum class Answer : std::uint8_t { fine, failed, no_replay };

Answer run(const Case& one, const Options& options, std::uint64_t& schedules) {
  const auto begin = std::chrono::steady_clock::now();
  const std::unique_ptr<Search> search = search_for(one, options);
  Case limited = one;
  limited.limits = limits_of(one, options);
  const Explored explored = explore(limited, *search, budget_of(one, options));
  const Verdict& verdict = explored.verdict;
  const std::string missed =
      whole(one, options) && !verdict.failed ? explored.reached.missed(one.reaches) : "";
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  schedules += verdict.schedules;
  if (search->repeats() && !verdict.failed && !search->strayed().empty()) {
    std::fprintf(stderr, "--replay is not of %s as it is: %s\n", one.name,
                 search->strayed().c_str());
    return Answer::no_replay;
  }
  const char* const how = search->repeats()                   ? "again"
                          : !one.exhaustive || options.random ? "by seed"
                          : verdict.exhausted                 ? "every one"
                                                              : "not all";
  std::printf("%-40s %10llu schedules %-9s %5.1f steps each %6.1f s  %s\n", one.name,
              static_cast<unsigned long long>(verdict.schedules), how,
              static_cast<double>(verdict.steps) / static_cast<double>(std::max<std::uint64_t>(
                                                       verdict.schedules + verdict.pruned, 1)),
              elapsed.count(), verdict.failed || !missed.empty() ? "FAILED" : "ok");
  if (search->repeats() && !verdict.failed) std::printf("\n%s\n", verdict.trace.c_str());
  if (verdict.failed)
    std::printf("\n%s\n\n%s\nrepeat: penstock_model %s%s --replay \"%s\"\n", verdict.what.c_str(),
                verdict.trace.c_str(), one.name, arguments_of(options).c_str(),
                verdict.replay.c_str());
  if (!missed.empty()) std::printf("\nno schedule came to: %s\n\n", missed.c_str());
  if (options.points) print_points(one, explored.reached);
  std::fflush(stdout);
  return verdict.failed || !missed.empty() ? Answer::failed : Answer::fine;
}

int run_all(const Options& options) {
  std::vector<Case> chosen = every_case();
  if (options.list) {
    for (const Case& one : chosen) std::printf("%-40s %s\n", one.name, one.what);
    return 0;
  }
  if (!options.all)
    std::erase_if(chosen, [&](const Case& one) {
      return std::find(options.names.begin(), options.names.end(), one.name) == options.names.end();
    });
  if (chosen.empty() || (!options.all && chosen.size() < options.names.size())) {
    std::fprintf(stderr, options.names.empty() ? "name a case, or --all; --list names them\n"
                                               : "no such case; --list names them\n");
    return 2;
  }
  if (!options.replay.empty() && search_from(options.replay) == nullptr) {
    std::fprintf(stderr,
                 "--replay takes what a failure printed: \"seed 12\" or \"steps 1,2.1,\"\n");
    return 2;
  }
  std::uint64_t schedules = 0;
  unsigned failures = 0;
  for (const Case& one : chosen) {
    const Answer answer = run(one, options, schedules);
    if (answer == Answer::no_replay) return 2;
    failures += answer == Answer::failed ? 1 : 0;
    if (options.first && failures != 0) break;
  }
  std::printf("%llu schedules of %zu cases, %u failures\n",
              static_cast<unsigned long long>(schedules), chosen.size(), failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace penstock::model

int main(int count, char** arguments) {
  penstock::model::Options options;
  CLI::App app{"Explores schedules of Penstock's lock-free core"};
  app.add_option("case", options.names, "cases by name");
  app.add_flag("--list", options.list, "name all cases");
  app.add_flag("--all", options.all, "every case");
  app.add_flag("--random", options.random, "by seed also where a case is exhaustive");
  app.add_flag("--points", options.points, "also print what executions came to; * the case must");
  app.add_flag("--first", options.first, "end with the first failure");
  app.add_option("--times", options.times, "so many times what the test suite runs by seed");
  app.add_option("--seconds", options.seconds, "so long for each case, instead of a number");
  app.add_option("--seed", options.seed, "the first seed");
  app.add_option("--stale", options.stale, "how often a thread reads past a store it could see");
  app.add_option("--spurious", options.spurious, "weak compare-exchanges of a thread that fail");
  app.add_option("--returns", options.returns, "parks of a thread that end by themselves");
  app.add_option("--pauses", options.pauses, "pauses of a thread that sees nothing new");
  app.add_option("--replay", options.replay, "one execution, as a failure printed it");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  return penstock::model::run_all(options);
}
