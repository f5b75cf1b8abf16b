// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/signals.hpp>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <string_view>

#include <unistd.h>

#include <penstock/io/cli/exit_code.hpp>

namespace penstock::cli {
namespace {

/// timeout(1) signals its child and then the child's whole group: two signals that are one.
constexpr std::int64_t kOneSignalNs = 50'000'000;

// Written by the signal handler on any thread, read by the main thread: 0 if there was none.
std::atomic<std::int64_t> first_signal_ns{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free,
              "a signal handler may not take a lock");

extern "C" void on_signal(int) {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  const std::int64_t now_ns = std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  std::int64_t first_ns = 0;
  // relaxed: own value; nothing else is handed over by it.
  if (first_signal_ns.compare_exchange_strong(first_ns, now_ns, std::memory_order_relaxed,
                                              std::memory_order_relaxed))
    return;
  if (now_ns - first_ns < kOneSignalNs) return;
  constexpr std::string_view kWords = "\npenstock: stopped at once; what was not drained is lost\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kWords.data(), kWords.size());
  ::_exit(kDrainTimedOut);
}

}  // namespace

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  // Without SA_RESTART: opening a FIFO that nobody reads is to end by ^C.
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    // Ignored since the start: by nohup, or by a shell that runs us in the background.
    if (before.sa_handler != SIG_IGN) ::sigaction(number, &action, nullptr);
  }
}

bool asked_to_stop() noexcept {
  // relaxed: own value; nothing else is handed over by it.
  return first_signal_ns.load(std::memory_order_relaxed) != 0;
}

}  // namespace penstock::cli
