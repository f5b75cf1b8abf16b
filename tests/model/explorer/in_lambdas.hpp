// SPDX-License-Identifier: Apache-2.0
// A scenario that is written where it is used: a state that is made anew for each execution, and a
// function for each thread. A state that has a member `reached` notes there what it comes to.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../reach.hpp"
#include "atomics.hpp"
#include "explorer.hpp"
#include "search.hpp"

namespace penstock::model {

template <class State>
class InLambdas final : public Scenario, public Reaching {
 public:
  using Body = std::function<void(State&)>;
  InLambdas(std::vector<Body> threads, std::function<void(State&)> finish)
      : threads_(std::move(threads)), finish_(std::move(finish)) {}

  [[nodiscard]] unsigned threads() const override { return static_cast<unsigned>(threads_.size()); }
  void setup() override {
    reached_.begin();
    state_.emplace();
    if constexpr (requires(State & state) { state.reached; }) state_->reached = &reached_;
  }
  void run(unsigned thread) override { threads_[thread - 1](*state_); }
  void finish() override { finish_(*state_); }

 private:
  std::vector<Body> threads_;
  std::function<void(State&)> finish_;
  std::optional<State> state_;
};

/// Every outcome that `describe` gives at the end of an execution, by exhaustive search.
template <class State>
std::set<std::string> outcomes(std::vector<std::function<void(State&)>> threads,
                               std::function<std::string(State&)> describe,
                               const Limits& limits = {}) {
  std::set<std::string> found;
  InLambdas<State> scenario(std::move(threads),
                            [&](State& state) { found.insert(describe(state)); });
  Exhaustive search;
  Explorer explorer;
  const Verdict verdict = explorer.explore(scenario, search, limits, {});
  if (verdict.failed) found.insert(verdict.what);
  if (!verdict.exhausted && !verdict.failed) found.insert("not exhausted");
  return found;
}

}  // namespace penstock::model
