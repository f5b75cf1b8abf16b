// SPDX-License-Identifier: Apache-2.0
// Runs a scenario's threads as fibers of one real thread, one operation at a time, and asks a
// Search at each scheduling point who goes on, and at each load what it sees.
// 1. A scheduling point comes before each operation: atomic operations, plain accesses (where the
//    search wants them), parking, waking, pausing. What stands between two of them is atomic.
// 2. An execution is a function of the answers of the search alone, so a search can repeat it.
// 3. It fails by a check, a data race, a deadlock (nobody can go on: a lost wake-up, too), or a
//    livelock (too many steps, or all that can go on only wait for each other).
// 4. A pause is a step like any other, a few times. Then, as long as it sees nothing new, the
//    thread waits behind each until an atomic that it looked at since the one before has another
//    store, or nobody else can go on: so a search of a loop that waits has an end. A long sleep
//    (kLongSleepNs) ends when nobody else can go on: what others are at takes less.
// 5. A fiber that is not at its end when an execution is over is left as it is: nothing of it is
//    unwound, so what scenarios own lives in the Scenario, not on fibers' stacks.
// One at a time in a process. Stateless search: Godefroid, "VeriSoft", POPL 1997.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "memory.hpp"

namespace penstock::model {

/// What is explored. One object runs many executions: setup(), all run(), finish().
class Scenario {
 public:
  virtual ~Scenario() = default;
  /// How many threads, beside the host: at most kThreadsMax - 1.
  [[nodiscard]] virtual unsigned threads() const = 0;
  /// Makes everything anew, on the host.
  virtual void setup() = 0;
  /// `thread` from 1 on.
  virtual void run(unsigned thread) = 0;
  /// On the host, when all threads have ended.
  virtual void finish() {}
  /// Told beside each thread that is parked when nothing goes on, for example "3 events unread".
  [[nodiscard]] virtual std::string state_of(unsigned /*thread*/) const { return {}; }
};

inline constexpr unsigned kPausesMax = 3;
inline constexpr std::uint64_t kLongSleepNs = 10'000'000;
inline constexpr unsigned kIdleRoundsMax = 16;  // loops in the core that give up do so after ten

/// What an execution may do at most, so that there are finitely many.
struct Limits {
  unsigned stale_max = 2;     ///< how often a thread may read past a store that it could see
  unsigned timeouts_max = 0;  ///< parks that run out of time, in all threads
  unsigned spurious_max = 0;  ///< weak compare-exchanges of a thread that could succeed, but fail
  unsigned returns_max = 1;   ///< parks of a thread that end although nobody woke
  unsigned pauses_max = kPausesMax;  ///< of a thread that sees nothing new, while others can go on
  unsigned idle_rounds_max = kIdleRoundsMax;  ///< of all, while nobody stores: more is a livelock
  unsigned steps_max = 4000;                  ///< more is a livelock
  unsigned granule_shift = 6;                 ///< plain memory is told apart by 2^this bytes
  bool unordered_stores = false;  ///< allowed although only one of their orders is tried
};

enum class Op : std::uint8_t {
  begin,
  load,
  store,
  modify,
  compare,
  plain_read,
  plain_write,
  pause,
  park,
  resume,
  wake,
  await,
};

/// Why a park ended.
enum class Resumed : std::uint8_t { woken, timed_out, by_itself };

/// One step of an execution, for the trace.
struct Step {
  unsigned thread = 0;
  Op op = Op::begin;
  std::memory_order order = std::memory_order_relaxed;
  unsigned location = 0;
  unsigned age = 0;         ///< of what a load saw: 0 is the latest
  std::uint64_t value = 0;  ///< read, or for store and modify written; of resume a Resumed
  std::uint64_t before = 0;
  bool done = true;  ///< false: a compare-exchange that failed, a park that did not park
  Site site;
};

/// Who goes on, and what is seen. The set of threads is a mask, bit i for thread i.
class Search {
 public:
  static constexpr unsigned kPrune = ~0U;  ///< answer of pick(): this execution need not end

  virtual ~Search() = default;
  /// Before each execution; false when there is nothing left to try.
  virtual bool begin() = 0;
  virtual unsigned pick(unsigned enabled, unsigned current) = 0;
  /// One of `count` (over 1) answers to the operation that is being executed.
  virtual unsigned choose(unsigned count) = 0;
  /// What the thread will do next.
  virtual void announced(unsigned /*thread*/, Op /*op*/, Location* /*location*/) {}
  /// What was done to an atomic.
  virtual void accessed(unsigned /*thread*/, Location& /*location*/, bool /*write*/) {}
  /// Whether the thread that pauses lets all others go first until it can see something new.
  virtual bool waits_at_pause() { return false; }
  /// Whether plain accesses are scheduling points in this execution.
  [[nodiscard]] virtual bool stops_at_plain() const { return false; }
  /// Whether it is one execution again, whose trace is wanted whatever comes of it.
  [[nodiscard]] virtual bool repeats() const { return false; }
  /// Where a repeated execution left what was said of it; empty if it did not.
  [[nodiscard]] virtual std::string strayed() const { return {}; }
  /// How to repeat the last execution.
  [[nodiscard]] virtual std::string replay() const = 0;
};

struct Verdict {
  bool failed = false;
  bool exhausted = false;  ///< the search has tried everything within the limits
  std::string what;
  std::string trace;  ///< of what failed, or was repeated
  std::string replay;
  std::uint64_t schedules = 0;  ///< executions that came to their end
  std::uint64_t pruned = 0;     ///< executions that were cut off: equal to one that was run
  std::uint64_t steps = 0;
};

struct Budget {
  std::uint64_t schedules = UINT64_MAX;
  double seconds = 1e9;
};

class Explorer {
 public:
  Explorer();
  Explorer(const Explorer&) = delete;
  Explorer& operator=(const Explorer&) = delete;
  ~Explorer();

  /// Runs executions until one fails, the search has no more, or the budget is used up.
  Verdict explore(Scenario& scenario, Search& search, const Limits& limits, const Budget& budget);

  // ---- for scenarios, on their threads
  /// The one that runs now.
  static Explorer& current() noexcept { return *current_explorer; }
  /// Fails the execution unless `holds`.
  void check(bool holds, const char* what, const Site& site = Site::current());
  /// Waits until `ready()`, which reads what the scenario itself noted. Orders no memory: to the
  /// code under test it is as if time had passed.
  void await(const std::function<bool()>& ready, const Site& site = Site::current());
  /// What `look()` finds where every load sees the latest store: the state itself, which no thread
  /// need see yet. Leaves no trace.
  bool in_truth(const std::function<bool()>& look);
  /// True if this thread's last step was to be woken from a park.
  [[nodiscard]] bool just_woken() const noexcept {
    return !trace_.empty() && trace_.back().thread == running_ && trace_.back().op == Op::resume &&
           trace_.back().value == static_cast<std::uint64_t>(Resumed::woken);
  }
  /// True once it has come to its end.
  [[nodiscard]] bool ended(unsigned thread) const noexcept { return (ended_ >> thread & 1) != 0; }
  [[nodiscard]] unsigned thread() const noexcept { return running_; }

  // ---- for the Atomics policy
  void adopt(Location& location, std::uint64_t value) noexcept;
  std::uint64_t load(Location& location, std::memory_order order, const Site& site);
  void store(Location& location, std::uint64_t value, std::memory_order order, const Site& site);
  enum class Change : std::uint8_t { exchange, add, subtract, set_bits, clear_bits };
  /// Returns what was there before. `mask`: the bits of the type.
  std::uint64_t modify(Location& location, Change change, std::uint64_t operand, std::uint64_t mask,
                       std::memory_order order, const Site& site);
  bool compare_exchange(Location& location, std::uint64_t& expected, std::uint64_t desired,
                        std::memory_order success, std::memory_order failure, bool weak,
                        const Site& site);
  void plain(const void* address, std::size_t bytes, bool write, const Site& site);
  void pause(const Site& site);
  void sleep_long(const Site& site);
  bool park(Location& location, std::uint64_t expected, bool may_time_out, const Site& site);
  void wake_all(Location& location, const Site& site);

 private:
  struct Fibers;
  /// What a thread has looked at since its last pause.
  struct Attention {
    std::uint32_t stretch = 0;  ///< told apart by number
    unsigned pauses = 0;        ///< since it last saw a store for the first time
    std::vector<Location*> at;
  };
  enum class End : std::uint8_t { none, all_ended, failed, pruned };

  void start_threads();
  void execute();
  void thread_body(unsigned thread);
  void point(Op op, Location* location, const Site& site);
  /// Lets somebody go on; returns when it is this thread's turn.
  void hand_over();
  unsigned next_thread();
  unsigned enabled();
  void looks(Location& location, unsigned age);
  [[nodiscard]] bool could_see_news(unsigned thread) const noexcept;
  void stored(const Location& location) noexcept;
  void fail(const std::string& what);
  [[noreturn]] void leave();
  void deadlock();
  unsigned choose(unsigned count);
  Step& record(Op op, Location* location, const Site& site);
  [[nodiscard]] std::string trace() const;

  static inline Explorer* current_explorer = nullptr;

  std::unique_ptr<Fibers> fibers_;
  Memory memory_;
  Scenario* scenario_ = nullptr;
  Search* search_ = nullptr;
  Limits limits_;
  // Of the execution.
  bool live_ = false;  ///< threads run; else the host does
  bool in_truth_ = false;
  unsigned running_ = 0;  ///< thread
  unsigned chosen_ = 0;   ///< whom a thread handed over to; 0: nobody yet
  unsigned started_ = 0;  ///< mask
  unsigned ended_ = 0;
  unsigned spinning_ = 0;  ///< wait for a store to what they look at
  unsigned sleeping_ = 0;  ///< in a long sleep
  unsigned parked_ = 0;
  unsigned timed_ = 0;     ///< of those parked, who may run out of time
  unsigned restless_ = 0;  ///< of those parked, who may return by themselves
  unsigned waiting_ = 0;   ///< in await()
  std::array<Location*, kThreadsMax> parked_at_{};
  std::array<const std::function<bool()>*, kThreadsMax> awaited_{};
  std::array<Attention, kThreadsMax> attention_{};
  unsigned idle_rounds_ = 0;
  unsigned timeouts_left_ = 0;
  std::array<unsigned, kThreadsMax> spurious_left_{};
  std::array<unsigned, kThreadsMax> returns_left_{};
  unsigned steps_ = 0;
  End end_ = End::none;
  std::string what_;
  std::vector<Step> trace_;
};

}  // namespace penstock::model
