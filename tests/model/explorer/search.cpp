// SPDX-License-Identifier: Apache-2.0
#include "search.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <utility>

namespace penstock::model {
namespace {

constexpr unsigned bit(unsigned thread) noexcept { return 1U << thread; }
constexpr unsigned lowest(unsigned mask) noexcept {
  return static_cast<unsigned>(std::countr_zero(mask));
}

bool writes(Op op) noexcept {
  return op == Op::store || op == Op::modify || op == Op::compare || op == Op::wake;
}

/// The steps of one execution, as an exhaustive search has them.
class Repeated final : public Search {
 public:
  struct Choice {
    unsigned thread;
    unsigned answer;
  };
  explicit Repeated(std::vector<Choice> choices) : choices_(std::move(choices)) {}

  bool begin() override { return !std::exchange(begun_, true); }
  unsigned pick(unsigned enabled, unsigned) override {
    if (at_ < choices_.size() && choices_[at_].thread < kThreadsMax &&
        (enabled & bit(choices_[at_].thread)) != 0)
      return choices_[at_++].thread;
    if (at_ < choices_.size()) stray("T" + std::to_string(choices_[at_].thread) + " can't go on");
    ++at_;
    return lowest(enabled);  // behind the end of what was said, or of another program
  }
  unsigned choose(unsigned count) override {
    if (at_ > choices_.size()) return 0;
    if (choices_[at_ - 1].answer >= count) stray("there is no such answer");
    return std::min(choices_[at_ - 1].answer, count - 1);
  }
  [[nodiscard]] bool repeats() const override { return true; }
  [[nodiscard]] std::string strayed() const override {
    if (!strayed_.empty() || at_ >= choices_.size()) return strayed_;
    return "it ended behind step " + std::to_string(at_) + " of " + std::to_string(choices_.size());
  }
  [[nodiscard]] std::string replay() const override { return "the same"; }

 private:
  void stray(const std::string& why) {
    if (strayed_.empty()) strayed_ = "at step " + std::to_string(at_ + 1) + " " + why;
  }

  std::vector<Choice> choices_;
  std::string strayed_;
  std::size_t at_ = 0;
  bool begun_ = false;
};

/// One seed, once.
class OneSeed final : public Search {
 public:
  explicit OneSeed(std::uint64_t seed) : random_(seed) {}
  bool begin() override { return !std::exchange(begun_, true) && random_.begin(); }
  unsigned pick(unsigned enabled, unsigned current) override {
    return random_.pick(enabled, current);
  }
  unsigned choose(unsigned count) override { return random_.choose(count); }
  bool waits_at_pause() override { return random_.waits_at_pause(); }
  [[nodiscard]] bool repeats() const override { return true; }
  [[nodiscard]] bool stops_at_plain() const override { return random_.stops_at_plain(); }
  [[nodiscard]] std::string replay() const override { return random_.replay(); }

 private:
  Random random_;
  bool begun_ = false;
};

}  // namespace

// ---- Exhaustive

bool Exhaustive::begin() {
  depth_ = 0;
  order_ = {};
  if (!std::exchange(begun_, true)) return true;
  while (!nodes_.empty()) {
    Node& node = nodes_.back();
    if (node.answer + 1 < node.answers) {
      ++node.answer;
      return true;
    }
    node.done |= static_cast<std::uint8_t>(bit(node.chosen));
    const unsigned left = node.backtrack & ~node.done & ~node.sleep & 0xFFU;
    if (left != 0) {
      node.chosen = static_cast<std::uint8_t>(lowest(left));
      node.answer = 0;
      node.answers = 1;
      return true;
    }
    nodes_.pop_back();
  }
  return false;
}

/// Whether the order of two operations can matter.
bool Exhaustive::dependent(const Pending& one, const Pending& other) noexcept {
  return one.location != nullptr && one.location == other.location &&
         (writes(one.op) || writes(other.op));
}

/// Who sleeps behind a node: who slept there or was tried there, and does not depend on what was
/// executed there.
unsigned Exhaustive::asleep_behind(const Node& node) const noexcept {
  unsigned asleep = (node.sleep | node.done) & ~bit(node.chosen);
  for (unsigned rest = asleep; rest != 0; rest &= rest - 1)
    if (dependent(pending_[lowest(rest)], executed_)) asleep &= ~bit(lowest(rest));
  return asleep;
}

unsigned Exhaustive::pick(unsigned enabled, unsigned current) {
  if (depth_ == nodes_.size()) {
    const unsigned asleep = depth_ == 0 ? 0 : asleep_behind(nodes_.back());
    const unsigned awake = enabled & ~asleep;
    if (awake == 0) return kPrune;
    const unsigned chosen = (awake & bit(current)) != 0 ? current : lowest(awake);
    nodes_.push_back({.chosen = static_cast<std::uint8_t>(chosen),
                      .enabled = static_cast<std::uint8_t>(enabled),
                      .backtrack = static_cast<std::uint8_t>(bit(chosen)),
                      .done = 0,
                      .sleep = static_cast<std::uint8_t>(asleep),
                      .answer = 0,
                      .answers = 1});
  }
  const unsigned chosen = nodes_[depth_++].chosen;
  executed_ = pending_[chosen];
  order_[chosen].at[chosen] = static_cast<Epoch>(depth_);
  if (event_order_.size() <= depth_) event_order_.resize(depth_ + 64);
  event_order_[depth_] = order_[chosen];
  return chosen;
}

unsigned Exhaustive::choose(unsigned count) {
  Node& node = nodes_[depth_ - 1];
  node.answers = static_cast<std::uint8_t>(count);
  return node.answer;
}

void Exhaustive::announced(unsigned thread, Op op, Location* location) {
  pending_[thread] = {.op = op, .location = location};
}

/// The threads that can begin what was executed since the step at `depth` without depending on it:
/// each one whose first such step has no other of them before it.
unsigned Exhaustive::initials(Epoch depth) const noexcept {
  const unsigned raced = nodes_[static_cast<std::size_t>(depth) - 1].chosen;
  std::array<Epoch, kThreadsMax> first{};
  unsigned threads = 0;
  for (std::size_t later = static_cast<std::size_t>(depth) + 1; later <= depth_; ++later) {
    const unsigned thread = nodes_[later - 1].chosen;
    // The step of now is in a race with the one at `depth`, which is not to come before it.
    if (later != depth_ && event_order_[later].covers(raced, depth)) continue;
    if ((threads & bit(thread)) != 0) continue;
    threads |= bit(thread);
    first[thread] = static_cast<Epoch>(later);
  }
  unsigned answer = threads;
  for (unsigned rest = threads; rest != 0; rest &= rest - 1) {
    const unsigned thread = lowest(rest);
    const VectorClock& order = event_order_[static_cast<std::size_t>(first[thread])];
    for (unsigned others = threads & ~bit(thread); others != 0; others &= others - 1)
      if (order.covers(lowest(others), first[lowest(others)])) answer &= ~bit(thread);
  }
  return answer;
}

/// The step of now and the one at `depth` could come in the other order: lets it be tried.
void Exhaustive::reverse(Epoch depth, unsigned thread) {
  Node& node = nodes_[static_cast<std::size_t>(depth) - 1];
  const unsigned begins = initials(depth);
  if ((begins & node.backtrack) != 0) return;
  const unsigned able = begins & node.enabled;
  const unsigned added = able == 0                   ? node.enabled
                         : (able & bit(thread)) != 0 ? bit(thread)
                                                     : bit(lowest(able));
  node.backtrack |= static_cast<std::uint8_t>(added);
}

void Exhaustive::accessed(unsigned thread, Location& location, bool write) {
  VectorClock& order = order_[thread];
  const VectorClock before = order;
  const auto depth = static_cast<Epoch>(depth_);
  order.join(location.write_order);
  if (write) order.join(location.read_order);
  order.at[thread] = depth;
  event_order_[depth_] = order;
  const auto race = [&](Epoch at, unsigned other) {
    if (at != 0 && other != thread && !before.covers(other, at)) reverse(at, thread);
  };
  race(location.write_depth, location.write_thread);
  if (write)
    for (unsigned other = 1; other < kThreadsMax; ++other) race(location.read_depth[other], other);
  if (write) {
    location.write_order = order;
    location.write_depth = depth;
    location.write_thread = thread;
  } else {
    location.read_order.join(order);
    location.read_depth[thread] = depth;
  }
}

std::string Exhaustive::replay() const {
  std::string text = "steps ";
  for (std::size_t i = 0; i < std::min(depth_, nodes_.size()); ++i) {
    text += std::to_string(nodes_[i].chosen);
    if (nodes_[i].answer != 0) text += "." + std::to_string(nodes_[i].answer);
    text += ",";
  }
  return text;
}

// ---- Random

bool Random::begin() {
  step_ = 0;
  seed_ = next_seed_++;
  dice_ = test::Dice(seed_ * 0xD1342543DE82EF95ULL + 1);
  const std::uint64_t shape = dice_.roll();
  priorities_ = (shape & 1) != 0;
  stops_at_plain_ = (shape >> 1 & 7) == 0;
  constexpr unsigned kSwitchPercents[] = {10, 25, 50, 75};
  switch_percent_ = kSwitchPercents[shape >> 4 & 3];
  constexpr unsigned kStalePercents[] = {0, 10, 30, 60};
  stale_percent_ = kStalePercents[shape >> 6 & 3];
  constexpr unsigned kWaitPercents[] = {0, 30, 70, 100};
  wait_percent_ = kWaitPercents[shape >> 18 & 3];
  if (!priorities_) return true;
  for (unsigned& priority : priority_) priority = kChangesMax + 1 + dice_.below(1000);
  changes_count_ = static_cast<unsigned>(shape >> 8) % (kChangesMax + 1);
  const unsigned steps = kStepsDrawn[shape >> 20 & 7];
  for (unsigned i = 0; i < changes_count_; ++i) changes_[i] = 1 + dice_.below(steps);
  lowest_ = kChangesMax;
  return true;
}

unsigned Random::by_priority(unsigned enabled) noexcept {
  unsigned best = lowest(enabled);
  for (unsigned rest = enabled; rest != 0; rest &= rest - 1)
    if (priority_[lowest(rest)] > priority_[best]) best = lowest(rest);
  return best;
}

unsigned Random::pick(unsigned enabled, unsigned current) {
  ++step_;
  if (std::has_single_bit(enabled)) return lowest(enabled);
  if (priorities_) {
    for (unsigned i = 0; i < changes_count_; ++i)
      if (changes_[i] == step_ && lowest_ != 0) priority_[by_priority(enabled)] = lowest_--;
    return by_priority(enabled);
  }
  const std::uint64_t roll = dice_.roll();
  if ((enabled & bit(current)) != 0 && roll % 100 >= switch_percent_) return current;
  unsigned skip =
      static_cast<unsigned>((roll >> 32) * static_cast<unsigned>(std::popcount(enabled)) >> 32);
  unsigned rest = enabled;
  for (; skip != 0; --skip) rest &= rest - 1;
  return lowest(rest);
}

unsigned Random::choose(unsigned count) {
  const std::uint64_t roll = dice_.roll();
  if (roll % 100 >= stale_percent_) return 0;
  // What is furthest in the past is the most likely to break something.
  if ((roll >> 8 & 1) != 0) return count - 1;
  return 1 + static_cast<unsigned>((roll >> 32) * (count - 1) >> 32);
}

std::string Random::replay() const { return "seed " + std::to_string(seed_); }

// ---- repeating

std::unique_ptr<Search> search_from(std::string_view replay) {
  const auto number = [](std::string_view text, auto& value) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc() ? static_cast<std::size_t>(end - text.data()) : 0;
  };
  if (replay.starts_with("seed ")) {
    std::uint64_t seed = 0;
    if (number(replay.substr(5), seed) == 0) return nullptr;
    return std::make_unique<OneSeed>(seed);
  }
  if (!replay.starts_with("steps ")) return nullptr;
  replay.remove_prefix(6);
  std::vector<Repeated::Choice> choices;
  while (!replay.empty()) {
    Repeated::Choice choice{};
    std::size_t length = number(replay, choice.thread);
    if (length == 0) return nullptr;
    replay.remove_prefix(length);
    if (replay.starts_with('.')) {
      length = number(replay.substr(1), choice.answer);
      replay.remove_prefix(std::min(replay.size(), length + 1));
    }
    if (replay.starts_with(',')) replay.remove_prefix(1);
    choices.push_back(choice);
  }
  return std::make_unique<Repeated>(std::move(choices));
}

}  // namespace penstock::model
