// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/load/load_source.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include <sys/prctl.h>

#include <penstock/pipeline/flow/producer.hpp>
#include <penstock/runtime/base/atomics.hpp>
#include <penstock/runtime/base/check.hpp>

namespace penstock {
namespace {

constexpr std::uint64_t kSleepNsMax = 5'000'000;  ///< how often it looks whether it should end
/// A sleep ends late by the kernel's timer slack and the wake-up of a CPU: so much of the wait is
/// spun.
constexpr std::uint64_t kSpinNs = 200'000;
/// Between two looks at the clock some 50 ns pass; more than this, and another thread had the CPU.
constexpr std::uint64_t kAwayNs = 5'000;
/// Events that are counted as unsent between two looks whether the pipeline stops: a millisecond.
constexpr std::size_t kCountedPerPoll = 65'536;

}  // namespace

LoadSource::LoadSource(Options options, const EventPool& pool, const Clock& clock)
    : options_(std::move(options)),
      pool_(&pool),
      clock_(&clock),
      schedule_(options_.schedule),
      due_ns_(schedule_.next()),
      event_(options_.first_event % pool.size()) {
  PENSTOCK_CHECK(pool.size() > 0 && options_.event_step > 0);
}

Result<SourceState> LoadSource::poll(SourcePort& port, std::size_t budget) {
  // Of this thread: 50 us of slack would be most of the lateness where it cannot spin.
  if (!std::exchange(timer_is_sharp_, true)) ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  // acquire: pairs with begin_at(); what the pipeline was told before that is seen.
  const std::uint64_t begin_ns = begin_ns_.load(std::memory_order_acquire);
  if (begin_ns == 0) {
    StdAtomics::sleep_ns(kSpinNs);
    return SourceState::more;
  }
  if (given_up_ns_) return give_up();
  const std::uint64_t last_ns = begin_ns + options_.duration_ns + options_.overrun_ns;
  for (std::size_t i = 0; i < budget; ++i) {
    if (due_ns_ >= options_.duration_ns) return done();
    const std::uint64_t due_ns = begin_ns + due_ns_;
    std::uint64_t now_ns = clock_->now_ns();
    if (now_ns < due_ns && !wait_until(due_ns, now_ns)) return SourceState::more;
    PublishResult result = PublishResult::full;
    if (now_ns < last_ns)
      result = port.publish_planned((*pool_)[event_], due_ns,
                                    std::chrono::nanoseconds(last_ns - now_ns));
    if (result == PublishResult::closed) return SourceState::end;
    if (result == PublishResult::full) {
      given_up_ns_ = clock_->now_ns() - begin_ns;
      all_sent();
      return SourceState::more;
    }
    note_lateness(now_ns - due_ns, port);
    sent_.add(1);
    event_ += options_.event_step;
    if (event_ >= pool_->size()) event_ %= pool_->size();
    due_ns_ = schedule_.next();
  }
  return SourceState::more;
}

void LoadSource::note_lateness(std::uint64_t late_ns, const SourcePort& port) noexcept {
  const std::uint64_t own_ns = own_lateness_.of(late_ns);
  const std::uint64_t before_ns = std::exchange(blocked_ns_, port.blocked_ns());
  own_lateness_.waited_for_room(blocked_ns_ - before_ns);
  if (!counts()) return;
  lateness_ns_.record(late_ns);
  own_lateness_ns_.record(own_ns);
}

void LoadSource::all_sent() {
  if (options_.phases != nullptr && !std::exchange(told_all_sent_, true))
    options_.phases->sending.count_down();
}

SourceState LoadSource::done() {
  all_sent();
  if (options_.phases == nullptr) return SourceState::end;
  if (!std::exchange(done_, true)) options_.phases->counting.count_down();
  StdAtomics::sleep_ns(kSleepNsMax);
  return SourceState::more;
}

/// False if the event is not due yet: to be called again, so that a stop is noticed.
bool LoadSource::wait_until(std::uint64_t due_ns, std::uint64_t& now_ns) {
  const std::uint64_t spin_ns = spins_ ? kSpinNs : 0;
  if (due_ns - now_ns > spin_ns) {
    StdAtomics::sleep_ns(std::min(due_ns - now_ns - spin_ns, kSleepNsMax));
    now_ns = clock_->now_ns();
    if (!spins_ || now_ns + spin_ns < due_ns) return now_ns >= due_ns;
  }
  std::uint64_t spun_ns = 0;
  while (now_ns < due_ns) {
    StdAtomics::pause();
    const std::uint64_t before_ns = std::exchange(now_ns, clock_->now_ns());
    if (now_ns - before_ns < kAwayNs) spun_ns += now_ns - before_ns;
  }
  spun_ns_.add(spun_ns);
  return true;
}

/// Some at a time, so that a stop is noticed: an hour's load may have billions.
SourceState LoadSource::give_up() {
  for (std::size_t i = 0; i < kCountedPerPoll; ++i) {
    if (due_ns_ >= options_.duration_ns) return done();
    unsent_.add(1);
    if (counts()) unsent_ns_.record(*given_up_ns_ > due_ns_ ? *given_up_ns_ - due_ns_ : 0);
    due_ns_ = schedule_.next();
  }
  return SourceState::more;
}

}  // namespace penstock
