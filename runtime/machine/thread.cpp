// SPDX-License-Identifier: Apache-2.0
#include <penstock/runtime/machine/thread.hpp>

#include <pthread.h>
#include <sched.h>

#include <cerrno>
#include <csignal>
#include <type_traits>

#include <penstock/runtime/base/atomics.hpp>
#include <penstock/runtime/machine/clock.hpp>

namespace penstock {
namespace {

constexpr std::size_t kNameBytesMax = 15;  // pthread_setname_np refuses more

static_assert(std::is_same_v<pthread_t, unsigned long>);

/// All but what a thread does to itself, which the kernel would answer by killing the process past
/// its handlers, and what profilers send.
sigset_t signals_to_block() {
  sigset_t set;
  sigfillset(&set);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF})
    sigdelset(&set, number);
  return set;
}

/// Thread attributes that name one CPU, so that the thread touches no memory before it runs there.
class Attributes {
 public:
  explicit Attributes(const std::optional<unsigned>& cpu) {
    pthread_attr_init(&attributes_);
    if (!cpu || *cpu >= CPU_SETSIZE) return;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(*cpu, &cpus);
    pthread_attr_setaffinity_np(&attributes_, sizeof cpus, &cpus);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { pthread_attr_destroy(&attributes_); }
  [[nodiscard]] const pthread_attr_t* get() const { return &attributes_; }

 private:
  pthread_attr_t attributes_;
};

}  // namespace

CancellationOff::CancellationOff() noexcept {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_);
}

CancellationOff::~CancellationOff() { pthread_setcancelstate(before_, nullptr); }

void* Thread::run_task(void* argument) {
  auto* const given = static_cast<Task*>(argument);
  struct Announce {  // also when the thread is unwound by pthread_exit or cancellation
    std::shared_ptr<Ended> ended;
    ~Announce() {
      // relaxed: says only that pthread_join will not wait long, which hands over the rest.
      ended->word.store(1, std::memory_order_relaxed);
      StdAtomics::wake_all(ended->word);
    }
  } const announce{given->ended};
  // Behind the above: what the body holds ends before the thread counts as ended.
  const std::unique_ptr<Task> task(given);
  pthread_setname_np(pthread_self(), task->name.c_str());
  task->run();
  return nullptr;
}

Result<Thread> Thread::start_task(const ThreadOptions& options, std::unique_ptr<Task> task) {
  task->name = options.name.substr(0, kNameBytesMax);
  task->ended = std::make_shared<Ended>();
  Thread thread;
  thread.ended_ = task->ended;
  const sigset_t deaf = signals_to_block();
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, &deaf, &before);  // inherited by the new thread
  int failure =
      pthread_create(&thread.handle_, Attributes(options.cpu).get(), run_task, task.get());
  const bool out_of_range = options.cpu && *options.cpu >= CPU_SETSIZE;
  // EINVAL: no such CPU, or not for us; EPERM: a sandbox.
  const bool denied = options.cpu && (failure == EINVAL || failure == EPERM);
  thread.pin_denied_ = out_of_range || denied;
  if (denied) failure = pthread_create(&thread.handle_, nullptr, run_task, task.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure != 0)
    return system_error(ErrorCode::unavailable, "starting thread " + options.name, failure);
  static_cast<void>(task.release());  // the thread owns it
  thread.running_ = true;
  return thread;
}

Thread::~Thread() {
  if (running_) pthread_join(handle_, nullptr);
}

// Not pthread_clockjoin_np: ThreadSanitizer does not know it.
bool Thread::join_until(std::uint64_t deadline_ns) noexcept {
  if (!running_) return true;
  // relaxed: what the thread did is handed over by pthread_join.
  while (ended_->word.load(std::memory_order_relaxed) == 0) {
    const std::uint64_t now_ns = steady_clock().now_ns();
    if (now_ns >= deadline_ns) return false;
    StdAtomics::wait(ended_->word, 0, deadline_ns - now_ns);
  }
  pthread_join(handle_, nullptr);
  running_ = false;
  return true;
}

void Thread::detach() noexcept {
  if (running_) pthread_detach(handle_);
  running_ = false;
}

}  // namespace penstock
