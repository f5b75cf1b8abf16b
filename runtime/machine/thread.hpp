// SPDX-License-Identifier: Apache-2.0
// The port for threads: named, perhaps pinned, deaf to signals.
// Signals are blocked in them, so that the host's handlers run on the host's threads, and a broken
// pipe is an error of write(2) instead of SIGPIPE.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <penstock/runtime/base/result.hpp>

namespace penstock {

struct ThreadOptions {
  std::string name;             ///< the first 15 bytes are shown by the system
  std::optional<unsigned> cpu;  ///< where it may run; anywhere if not given
};

/// While it lives, pthread_cancel() of the calling thread waits: for code that meets a cancellation
/// point where nothing may be unwound.
class CancellationOff {
 public:
  CancellationOff() noexcept;
  CancellationOff(const CancellationOff&) = delete;
  CancellationOff& operator=(const CancellationOff&) = delete;
  ~CancellationOff();

 private:
  int before_ = 0;
};

/// A handle of one thread; destroying it joins.
class Thread {
 public:
  /// Runs `body()` on a new thread. Errors: unavailable.
  template <class Body>
  static Result<Thread> start(const ThreadOptions& options, Body body) {
    return start_task(options, std::make_unique<TaskOf<Body>>(std::move(body)));
  }

  Thread() noexcept = default;
  Thread(Thread&& other) noexcept
      : handle_(other.handle_),
        ended_(std::move(other.ended_)),
        running_(std::exchange(other.running_, false)),
        pin_denied_(other.pin_denied_) {}
  /// What this handle held goes to `other`, whose destruction then joins it.
  Thread& operator=(Thread&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(ended_, other.ended_);
    std::swap(running_, other.running_);
    std::swap(pin_denied_, other.pin_denied_);
    return *this;
  }
  ~Thread();

  /// Waits until it ended, at most until `deadline_ns` of the steady clock; false if the time ran
  /// out.
  bool join_until(std::uint64_t deadline_ns) noexcept;
  /// Lets it go on without a handle.
  void detach() noexcept;
  /// True if the system did not let it run on the CPU asked for: it runs anywhere.
  [[nodiscard]] bool pin_denied() const noexcept { return pin_denied_; }

 private:
  /// Written by the thread when it has done, read by who joins it. It outlives both.
  struct Ended {
    std::atomic<std::uint32_t> word{0};
  };
  class Task {
   public:
    virtual ~Task() = default;
    virtual void run() = 0;
    std::string name;
    std::shared_ptr<Ended> ended;
  };
  template <class Body>
  class TaskOf final : public Task {
   public:
    explicit TaskOf(Body body) : body_(std::move(body)) {}
    void run() override { body_(); }

   private:
    Body body_;
  };

  static Result<Thread> start_task(const ThreadOptions& options, std::unique_ptr<Task> task);
  static void* run_task(void* task);

  unsigned long handle_ = 0;  ///< a pthread_t
  std::shared_ptr<Ended> ended_;
  bool running_ = false;
  bool pin_denied_ = false;
};

}  // namespace penstock
