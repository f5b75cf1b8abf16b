// SPDX-License-Identifier: Apache-2.0
#include "explorer.hpp"

#include <bit>
#include <chrono>
#include <cstdlib>
#include <new>
#include <utility>

#include <boost/context/fiber.hpp>

#include "trace.hpp"

namespace penstock::model {
namespace {

using boost::context::fiber;
using boost::context::stack_context;

constexpr std::size_t kStackBytes = 128 * 1024;

constexpr unsigned bit(unsigned thread) noexcept { return 1U << thread; }

/// One stack, used again by each execution.
class Stack {
 public:
  Stack() : memory_(static_cast<char*>(std::aligned_alloc(4096, kStackBytes))) {}
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  ~Stack() { std::free(memory_); }

  struct Allocator {
    Stack* stack;
    [[nodiscard]] stack_context allocate() const {
      stack_context context;
      context.size = kStackBytes;
      context.sp = stack->memory_ + kStackBytes;
      return context;
    }
    void deallocate(stack_context&) const noexcept {}
  };

 private:
  char* memory_;
};

/// A fiber whose end nobody waits for: it is overwritten, never unwound.
class Slot {
 public:
  Slot() { new (raw_) fiber; }
  void renew(fiber&& next) { new (raw_) fiber(std::move(next)); }
  fiber& get() { return *std::launder(reinterpret_cast<fiber*>(raw_)); }

 private:
  alignas(fiber) std::byte raw_[sizeof(fiber)];
};

}  // namespace

struct Explorer::Fibers {
  std::array<Stack, kThreadsMax> stacks;
  std::array<Slot, kThreadsMax> threads;
  Slot scheduler;
};

Explorer::Explorer() : fibers_(std::make_unique<Fibers>()) {
  trace_.reserve(4096);
  current_explorer = this;
}
Explorer::~Explorer() { current_explorer = nullptr; }

Verdict Explorer::explore(Scenario& scenario, Search& search, const Limits& limits,
                          const Budget& budget) {
  scenario_ = &scenario;
  search_ = &search;
  limits_ = limits;
  Verdict verdict;
  const auto begin = std::chrono::steady_clock::now();
  const auto over = [&] {
    constexpr std::uint64_t kExecutionsPerLook = 256;
    if ((verdict.schedules + verdict.pruned) % kExecutionsPerLook != 0) return false;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    return elapsed.count() >= budget.seconds;
  };
  while (verdict.schedules < budget.schedules && !over()) {
    if (!search.begin()) {
      verdict.exhausted = true;
      break;
    }
    execute();
    verdict.steps += steps_;
    if (end_ == End::pruned) {
      ++verdict.pruned;
      continue;
    }
    ++verdict.schedules;
    if (search.repeats()) verdict.trace = trace();
    if (end_ != End::failed) continue;
    verdict.failed = true;
    verdict.what = what_;
    verdict.replay = search.replay();
    verdict.trace = trace();
    break;
  }
  return verdict;
}

void Explorer::execute() {
  memory_.reset(limits_.granule_shift);
  trace_.clear();
  started_ = ended_ = spinning_ = sleeping_ = parked_ = timed_ = restless_ = waiting_ = 0;
  idle_rounds_ = steps_ = 0;
  timeouts_left_ = limits_.timeouts_max;
  spurious_left_.fill(limits_.spurious_max);
  returns_left_.fill(limits_.returns_max);
  for (Attention& one : attention_) {
    one.stretch = 1;
    one.pauses = 0;
    one.at.clear();
  }
  end_ = End::none;
  running_ = 0;
  memory_.tick(0);
  const std::uint64_t unordered_before = memory_.unordered();
  scenario_->setup();
  start_threads();
  live_ = true;
  unsigned next = next_thread();
  while (end_ == End::none) {
    running_ = next;
    chosen_ = 0;
    fiber& thread = fibers_->threads[next].get();
    fibers_->threads[next].renew(std::move(thread).resume());
    next = chosen_ != 0 ? chosen_ : next_thread();  // 0: the thread has ended
  }
  live_ = false;
  running_ = 0;
  if (end_ != End::all_ended) return;
  for (unsigned thread = 1; thread <= scenario_->threads(); ++thread) memory_.order(thread, 0);
  memory_.tick(0);
  scenario_->finish();
  if (memory_.unordered() != unordered_before && !limits_.unordered_stores)
    fail("two stores to one atomic without order: only one of their orders was tried");
}

void Explorer::start_threads() {
  for (unsigned thread = 1; thread <= scenario_->threads(); ++thread) {
    memory_.order(0, thread);
    memory_.tick(thread);
    started_ |= bit(thread);
    search_->announced(thread, Op::begin, nullptr);
    fibers_->threads[thread].renew(fiber(std::allocator_arg,
                                         Stack::Allocator{&fibers_->stacks[thread]},
                                         [this, thread](fiber&& scheduler) {
                                           fibers_->scheduler.renew(std::move(scheduler));
                                           thread_body(thread);
                                           return std::move(fibers_->scheduler.get());
                                         }));
  }
}

void Explorer::thread_body(unsigned thread) {
  scenario_->run(thread);
  ended_ |= bit(thread);
  idle_rounds_ = 0;
}

// ---- who goes on

unsigned Explorer::enabled() {
  unsigned answer = started_ & ~(ended_ | spinning_ | sleeping_ | parked_ | waiting_);
  answer |= parked_ & (timed_ | restless_);
  for (unsigned rest = waiting_; rest != 0; rest &= rest - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(rest));
    if ((*awaited_[thread])()) answer |= bit(thread);
  }
  return answer;
}

/// The search's answer, or an end.
unsigned Explorer::next_thread() {
  if (ended_ == started_) {
    end_ = End::all_ended;
    return 0;
  }
  if (++steps_ > limits_.steps_max) {
    fail("livelock: no end after " + std::to_string(limits_.steps_max) + " steps");
    return 0;
  }
  unsigned able = enabled();
  if (able == 0 && (spinning_ | sleeping_) != 0) {
    if (++idle_rounds_ > limits_.idle_rounds_max) {
      fail("livelock: all that can go on wait for each other");
      return 0;
    }
    spinning_ = sleeping_ = 0;
    able = enabled();
  }
  if (able == 0) {
    deadlock();
    return 0;
  }
  const unsigned next = search_->pick(able, running_);
  if (next == Search::kPrune) end_ = End::pruned;
  return next;
}

void Explorer::deadlock() {
  std::string what = "deadlock: nobody can go on;";
  for (unsigned thread = 1; thread <= scenario_->threads(); ++thread) {
    if (ended(thread)) continue;
    what += " T" + std::to_string(thread);
    what += (parked_ & bit(thread)) != 0 ? " is parked" : " waits";
    const std::string state = scenario_->state_of(thread);
    if (!state.empty()) what += " (" + state + ")";
    what += ';';
  }
  fail(what);
}

void Explorer::hand_over() {
  const unsigned self = running_;
  const unsigned next = next_thread();
  if (end_ != End::none) leave();
  if (next == self) return;
  chosen_ = next;
  fibers_->scheduler.renew(std::move(fibers_->scheduler.get()).resume());
}

void Explorer::leave() {
  for (;;) fibers_->scheduler.renew(std::move(fibers_->scheduler.get()).resume());
}

void Explorer::point(Op op, Location* location, const Site& site) {
  search_->announced(running_, op, location);
  hand_over();
  memory_.tick(running_);
  record(op, location, site);
}

/// The running thread reads the store that has `age`.
void Explorer::looks(Location& location, unsigned age) {
  Attention& mine = attention_[running_];
  if (location.store_at(location.count - 1 - age).seen[running_] == kNever) mine.pauses = 0;
  if (std::exchange(location.looked[running_], mine.stretch) != mine.stretch)
    mine.at.push_back(&location);
}

bool Explorer::could_see_news(unsigned thread) const noexcept {
  for (Location* location : attention_[thread].at)
    if (location->latest().seen[thread] == kNever) return true;
  return false;
}

/// Who waits for a store to this goes on.
void Explorer::stored(const Location& location) noexcept {
  idle_rounds_ = 0;
  for (unsigned rest = spinning_; rest != 0; rest &= rest - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(rest));
    if (location.looked[thread] == attention_[thread].stretch) spinning_ &= ~bit(thread);
  }
}

unsigned Explorer::choose(unsigned count) {
  if (count < 2 || !live_) return 0;
  return search_->choose(count);
}

Step& Explorer::record(Op op, Location* location, const Site& site) {
  return trace_.emplace_back(Step{.thread = running_,
                                  .op = op,
                                  .location = location == nullptr ? 0 : location->id,
                                  .site = site});
}

void Explorer::fail(const std::string& what) {
  if (end_ == End::failed) return;
  end_ = End::failed;
  what_ = what;
}

void Explorer::check(bool holds, const char* what, const Site& site) {
  if (holds) return;
  record(Op::await, nullptr, site);
  fail(std::string("check failed: ") + what);
  if (live_) leave();
}

void Explorer::await(const std::function<bool()>& ready, const Site& site) {
  const unsigned self = running_;
  awaited_[self] = &ready;
  waiting_ |= bit(self);
  search_->announced(self, Op::await, nullptr);
  hand_over();
  waiting_ &= ~bit(self);
  memory_.tick(self);
  record(Op::await, nullptr, site);
}

bool Explorer::in_truth(const std::function<bool()>& look) {
  in_truth_ = true;
  const bool answer = look();
  in_truth_ = false;
  return answer;
}

std::string Explorer::trace() const { return render(trace_); }

// ---- operations

void Explorer::adopt(Location& location, std::uint64_t value) noexcept {
  location.id = memory_.next_location_id();
  memory_.store(location, running_, std::memory_order_relaxed, value);
}

std::uint64_t Explorer::load(Location& location, std::memory_order order, const Site& site) {
  if (in_truth_) return location.latest().value;
  if (!live_) return memory_.load(location, running_, order, 0);
  point(Op::load, &location, site);
  const unsigned age = choose(memory_.visible(location, running_, order, limits_.stale_max));
  looks(location, age);
  const std::uint64_t value = memory_.load(location, running_, order, age);
  search_->accessed(running_, location, false);
  Step& step = trace_.back();
  step.order = order;
  step.age = age;
  step.value = value;
  return value;
}

void Explorer::store(Location& location, std::uint64_t value, std::memory_order order,
                     const Site& site) {
  if (!live_) return memory_.store(location, running_, order, value);
  point(Op::store, &location, site);
  memory_.store(location, running_, order, value);
  search_->accessed(running_, location, true);
  trace_.back().order = order;
  trace_.back().value = value;
  stored(location);
}

std::uint64_t Explorer::modify(Location& location, Change change, std::uint64_t operand,
                               std::uint64_t mask, std::memory_order order, const Site& site) {
  if (live_) point(Op::modify, &location, site);
  const std::uint64_t before = location.latest().value;
  std::uint64_t after = 0;
  switch (change) {
    case Change::exchange: after = operand; break;
    case Change::add: after = before + operand; break;
    case Change::subtract: after = before - operand; break;
    case Change::set_bits: after = before | operand; break;
    case Change::clear_bits: after = before & operand; break;
  }
  if (live_) looks(location, 0);
  memory_.modify(location, running_, order, after & mask, false);
  if (!live_) return before;
  search_->accessed(running_, location, true);
  trace_.back().order = order;
  trace_.back().value = after & mask;
  trace_.back().before = before;
  stored(location);
  return before;
}

bool Explorer::compare_exchange(Location& location, std::uint64_t& expected, std::uint64_t desired,
                                std::memory_order success, std::memory_order failure, bool weak,
                                const Site& site) {
  unsigned age = 0;
  bool equal = location.latest().value == expected;
  if (live_) {
    point(Op::compare, &location, site);
    equal = location.latest().value == expected;
    // 0: what the latest store says; then failures that see an older one, or nothing wrong.
    const unsigned ages = memory_.visible(location, running_, failure, limits_.stale_max);
    const bool may_fail = weak && equal && spurious_left_[running_] != 0;
    age = choose(ages + (may_fail ? 1 : 0));
    if (age == ages) {
      --spurious_left_[running_];
      age = 0;
      equal = false;
    } else if (age != 0) {
      // An older value that is the expected one would have let it succeed, which only the latest
      // can do.
      if (location.store_at(location.count - 1 - age).value == expected) age = 0;
      equal = equal && age == 0;
    }
  }
  Step unused;
  Step& step = live_ ? trace_.back() : unused;
  step.order = equal ? success : failure;
  step.done = equal;
  step.age = age;
  step.before = expected;
  if (live_) looks(location, age);
  if (equal) {
    memory_.modify(location, running_, success, desired,
                   memory_.only_latest_has_its_value(location, running_));
  } else {
    expected = memory_.load(location, running_, failure, age);
  }
  step.value = equal ? desired : expected;
  if (live_) search_->accessed(running_, location, equal);
  if (equal && live_) stored(location);
  return equal;
}

void Explorer::plain(const void* address, std::size_t bytes, bool write, const Site& site) {
  if (live_ && search_->stops_at_plain()) {
    point(write ? Op::plain_write : Op::plain_read, nullptr, site);
  }
  if (memory_.access(address, bytes, write, running_, site)) return;
  record(write ? Op::plain_write : Op::plain_read, nullptr, site);
  fail(render(memory_.race()));
  if (live_) leave();
}

void Explorer::pause(const Site& site) {
  if (!live_) return;
  Attention& mine = attention_[running_];
  // Who has looked at nothing does not wait for anything.
  const bool may_wait = !mine.at.empty() && !could_see_news(running_);
  const bool enough = mine.pauses++ >= limits_.pauses_max || search_->waits_at_pause();
  if (may_wait && enough) spinning_ |= bit(running_);
  point(Op::pause, nullptr, site);
  ++mine.stretch;
  mine.at.clear();
}

void Explorer::sleep_long(const Site& site) {
  if (!live_) return;
  sleeping_ |= bit(running_);
  point(Op::pause, nullptr, site);
  ++attention_[running_].stretch;
  attention_[running_].at.clear();
}

bool Explorer::park(Location& location, std::uint64_t expected, bool may_time_out,
                    const Site& site) {
  if (!live_) return true;
  const unsigned self = running_;
  point(Op::park, &location, site);
  search_->accessed(self, location, false);
  // The kernel compares under its own lock with what wakes: it sees the latest store.
  trace_.back().value = location.latest().value;
  trace_.back().before = expected;
  trace_.back().done = location.latest().value == expected;
  if (location.latest().value != expected) return true;
  const bool may_run_out = may_time_out && timeouts_left_ != 0;
  const bool may_return = returns_left_[self] != 0;
  const unsigned answer = choose(1U + (may_run_out ? 1U : 0U) + (may_return ? 1U : 0U));
  if (answer == 1 && may_run_out) {
    --timeouts_left_;
    timed_ |= bit(self);
  } else if (answer != 0) {
    --returns_left_[self];
    restless_ |= bit(self);
  }
  parked_ |= bit(self);
  parked_at_[self] = &location;
  search_->announced(self, Op::resume, &location);
  hand_over();
  const Resumed why = (parked_ & bit(self)) == 0  ? Resumed::woken
                      : (timed_ & bit(self)) != 0 ? Resumed::timed_out
                                                  : Resumed::by_itself;
  parked_ &= ~bit(self);
  timed_ &= ~bit(self);
  restless_ &= ~bit(self);
  memory_.tick(self);
  record(Op::resume, &location, site).value = static_cast<std::uint64_t>(why);
  search_->accessed(self, location, false);
  return why != Resumed::timed_out;
}

void Explorer::wake_all(Location& location, const Site& site) {
  if (!live_) return;
  point(Op::wake, &location, site);
  search_->accessed(running_, location, true);
  for (unsigned rest = parked_; rest != 0; rest &= rest - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(rest));
    if (parked_at_[thread] == &location) parked_ &= ~bit(thread);
  }
  idle_rounds_ = 0;
}

}  // namespace penstock::model
