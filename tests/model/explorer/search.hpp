// SPDX-License-Identifier: Apache-2.0
// The ways to go through the executions of a scenario.
//   Exhaustive  every one that differs, by depth first search with dynamic partial-order reduction:
//               source sets, Abdulla, Aronis, Jonsson, Sagonas, POPL 2014; sleep sets: Godefroid,
//               LNCS 1032, 1996. What a load sees is a branch like the choice of a thread.
//   Random      by seed. Half of the executions give each thread a priority and change it at a few
//               steps (Burckhardt et al., "PCT", ASPLOS 2010: bounded preemption), half switch
//               threads with a probability of their own; each draws how often loads see the past,
//               and how often a thread that pauses lets all others go first.
//   Repeated    one execution again, from what replay() said.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../../dice.hpp"
#include "explorer.hpp"

namespace penstock::model {

class Exhaustive final : public Search {
 public:
  bool begin() override;
  unsigned pick(unsigned enabled, unsigned current) override;
  unsigned choose(unsigned count) override;
  void announced(unsigned thread, Op op, Location* location) override;
  void accessed(unsigned thread, Location& location, bool write) override;
  [[nodiscard]] std::string replay() const override;

 private:
  struct Node {
    std::uint8_t chosen;
    std::uint8_t enabled;
    std::uint8_t backtrack;  ///< whom to try here
    std::uint8_t done;       ///< who was tried here
    std::uint8_t sleep;      ///< who need not be tried: elsewhere it was, and nothing since differs
    std::uint8_t answer;     ///< of choose()
    std::uint8_t answers;
  };
  struct Pending {
    Op op = Op::begin;
    Location* location = nullptr;
  };

  [[nodiscard]] static bool dependent(const Pending& one, const Pending& other) noexcept;
  [[nodiscard]] unsigned asleep_behind(const Node& node) const noexcept;
  void reverse(Epoch depth, unsigned thread);
  [[nodiscard]] unsigned initials(Epoch depth) const noexcept;

  std::vector<Node> nodes_;
  std::size_t depth_ = 0;  ///< steps of this execution
  bool begun_ = false;
  std::array<Pending, kThreadsMax> pending_{};
  Pending executed_;
  /// What of each thread comes before a thread's next step, by dependence. Depths, from 1.
  std::array<VectorClock, kThreadsMax> order_{};
  std::vector<VectorClock> event_order_;  ///< of the step at each depth, from 1
};

class Random final : public Search {
 public:
  /// Executions `seed`, `seed` + 1, ...
  explicit Random(std::uint64_t seed) : next_seed_(seed) {}

  bool begin() override;
  unsigned pick(unsigned enabled, unsigned current) override;
  unsigned choose(unsigned count) override;
  bool waits_at_pause() override { return dice_.below(100) < wait_percent_; }
  [[nodiscard]] bool stops_at_plain() const override { return stops_at_plain_; }
  [[nodiscard]] std::string replay() const override;

 private:
  unsigned by_priority(unsigned enabled) noexcept;

  static constexpr unsigned kChangesMax = 4;
  /// Within how many steps changes are drawn: cases have 20 to 320 on average, and up to 8000.
  static constexpr unsigned kStepsDrawn[] = {16, 32, 64, 64, 128, 128, 512, 4096};

  std::uint64_t next_seed_;
  std::uint64_t seed_ = 0;
  test::Dice dice_{0};
  bool priorities_ = false;
  bool stops_at_plain_ = false;
  unsigned switch_percent_ = 0;
  unsigned stale_percent_ = 0;
  unsigned wait_percent_ = 0;
  unsigned step_ = 0;
  std::array<unsigned, kThreadsMax> priority_{};
  std::array<unsigned, kChangesMax> changes_{};
  unsigned changes_count_ = 0;
  unsigned lowest_ = 0;
};

/// Does what `replay` says once: "seed N", or "steps ..." of an exhaustive search. Null if it is
/// neither.
[[nodiscard]] std::unique_ptr<Search> search_from(std::string_view replay);

}  // namespace penstock::model
