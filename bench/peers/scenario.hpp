// SPDX-License-Identifier: Apache-2.0
// What is compared: a scenario has cases (one table each), a case has implementations. All
// implementations of a case do the same work and must come to the same checksum.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace penstock::bench {

/// The two CPUs of a run.
struct Cores {
  unsigned consumer = 0;
  unsigned source = 1;
};

struct Sample {
  double ns_per_item = 0;
  std::uint64_t checksum = 0;
  double waited_ns = 0;   ///< that its threads were ready to run, and did not, while others did
  std::string gone = {};  ///< why there is no sample, and will be none: its process has ended
  double latency_ns = 0;  ///< of an open loop, at the case's percentile: what is compared there
  double held_up_ns = 0;  ///< of an open loop: the longest that its source did not run

  [[nodiscard]] double compared_ns() const noexcept {
    return latency_ns > 0 ? latency_ns : ns_per_item;
  }
};

struct Implementation {
  std::string name;
  bool ours = false;  ///< the others are compared with each of ours
  /// Passes so many items and returns once all threads have ended. Only the items that follow a
  /// warm-up are timed, by the threads themselves.
  std::function<Sample(std::uint64_t count)> run;
  std::uint64_t count_min = 2;
  std::uint64_t count_max = UINT64_MAX;
  bool sleeps = false;  ///< waits asleep: then being woken takes time that is its own
  /// Is compiled while it runs: warmed up until its rate stands.
  bool settles = false;
};

/// What this build or this machine cannot run.
struct Absent {
  std::string name;
  std::string reason;
};

struct Case {
  std::string name;          ///< "items64/1024"
  std::string title;         ///< a sentence about the work
  std::string item;          ///< what is counted: "item", "event", "round trip"
  std::string latency = {};  ///< what is compared in place of an item's time: "p99"; empty: nothing
  std::vector<Implementation> implementations;
  std::vector<Absent> absent = {};
  /// The checksum of so many items.
  std::function<std::uint64_t(std::uint64_t count)> expected;
};

struct Scenario {
  std::string name;
  std::string summary;
  std::function<std::vector<Case>(const Cores& cores)> cases;
};

/// Every scenario of this program, in the order of `--scenario all`.
[[nodiscard]] std::vector<Scenario> all_scenarios();

/// Says why on standard error and ends the program with 1: a measurement that went wrong is none.
[[noreturn]] void give_up(const std::string& why);

}  // namespace penstock::bench
