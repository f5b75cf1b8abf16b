// SPDX-License-Identifier: Apache-2.0
#include <penstock/io/cli/signals.hpp>

#include <atomic>
#include <csignal>
#include <string_view>

#include <unistd.h>

#include <penstock/io/cli/exit_code.hpp>

namespace penstock::cli {
namespace {

// Written by the signal handler on any thread, read by the main thread.
std::atomic<unsigned> signals_received{0};
static_assert(std::atomic<unsigned>::is_always_lock_free, "a signal handler may not take a lock");

extern "C" void on_signal(int) {
  // relaxed: own value; nothing else is handed over by it.
  if (signals_received.fetch_add(1, std::memory_order_relaxed) == 0) return;
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
  return signals_received.load(std::memory_order_relaxed) != 0;
}

}  // namespace penstock::cli
