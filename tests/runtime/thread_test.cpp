// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <penstock/runtime/machine/clock.hpp>
#include <penstock/runtime/machine/cpu.hpp>
#include <penstock/runtime/machine/thread.hpp>

namespace penstock::test {
namespace {

/// Far enough that only a hanging thread meets it.
std::uint64_t far_deadline_ns() { return steady_clock().now_ns() + 120'000'000'000; }

std::string name_inside(const std::string& name) {
  std::array<char, 16> shown{};
  Result<Thread> thread = Thread::start(
      {.name = name}, [&] { pthread_getname_np(pthread_self(), shown.data(), shown.size()); });
  EXPECT_TRUE(thread);
  EXPECT_TRUE(thread->join_until(far_deadline_ns()));
  return shown.data();
}

TEST(Thread, shows_the_first_fifteen_bytes_of_its_name) {
  EXPECT_EQ(name_inside("orders/0"), "orders/0");
  EXPECT_EQ(name_inside("a-name-that-is-too-long"), "a-name-that-is-");
}

TEST(Thread, runs_only_on_the_cpu_it_is_pinned_to) {
  const unsigned cpu = read_cpu_limits().cpus.back();
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  Result<Thread> thread = Thread::start({.name = "pinned", .cpu = cpu}, [&] {
    pthread_getaffinity_np(pthread_self(), sizeof allowed, &allowed);
  });
  ASSERT_TRUE(thread) << thread.error().message;
  EXPECT_FALSE(thread->pin_denied());
  ASSERT_TRUE(thread->join_until(far_deadline_ns()));
  EXPECT_EQ(CPU_COUNT(&allowed), 1);
  EXPECT_TRUE(CPU_ISSET(cpu, &allowed));
}

TEST(Thread, runs_anywhere_if_its_cpu_is_denied_and_says_so) {
  for (const unsigned cpu : {CPU_SETSIZE - 1, CPU_SETSIZE, 1 << 20}) {
    bool ran = false;
    Result<Thread> thread = Thread::start({.name = "unpinned", .cpu = cpu}, [&] { ran = true; });
    ASSERT_TRUE(thread) << thread.error().message;
    EXPECT_TRUE(thread->pin_denied());
    ASSERT_TRUE(thread->join_until(far_deadline_ns()));
    EXPECT_TRUE(ran);
  }
}

TEST(Thread, is_deaf_to_signals_and_leaves_its_starter_as_it_was) {
  sigset_t inside;
  sigset_t before;
  sigset_t after;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  Result<Thread> thread =
      Thread::start({.name = "deaf"}, [&] { pthread_sigmask(SIG_BLOCK, nullptr, &inside); });
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  ASSERT_TRUE(thread) << thread.error().message;
  ASSERT_TRUE(thread->join_until(far_deadline_ns()));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGALRM}) {
    EXPECT_EQ(sigismember(&inside, signal), 1) << signal;
    EXPECT_EQ(sigismember(&after, signal), sigismember(&before, signal)) << signal;
  }
}

TEST(Thread, broken_pipe_is_an_error_of_write) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  int error = 0;
  Result<Thread> thread = Thread::start({.name = "writer"}, [&] {
    if (write(ends[1], "x", 1) == -1) error = errno;
  });
  ASSERT_TRUE(thread) << thread.error().message;
  ASSERT_TRUE(thread->join_until(far_deadline_ns()));
  EXPECT_EQ(error, EPIPE);
  close(ends[1]);
}

TEST(Thread, join_gives_up_at_its_deadline_and_may_be_tried_again) {
  std::promise<void> leave;
  Result<Thread> thread = Thread::start({.name = "waiting"},
                                        [future = leave.get_future()]() mutable { future.wait(); });
  ASSERT_TRUE(thread) << thread.error().message;
  EXPECT_FALSE(thread->join_until(steady_clock().now_ns()));
  leave.set_value();
  EXPECT_TRUE(thread->join_until(far_deadline_ns()));
  EXPECT_TRUE(thread->join_until(0)) << "joined already";
}

TEST(Thread, destroying_or_replacing_its_handle_joins) {
  bool first_ran = false;
  bool second_ran = false;
  {
    Thread thread;
    Result<Thread> first = Thread::start({.name = "first"}, [&] { first_ran = true; });
    ASSERT_TRUE(first) << first.error().message;
    thread = std::move(*first);
    Result<Thread> second = Thread::start({.name = "second"}, [&] { second_ran = true; });
    ASSERT_TRUE(second) << second.error().message;
    thread = std::move(*second);
  }
  EXPECT_TRUE(first_ran);
  EXPECT_TRUE(second_ran);
}

TEST(Thread, one_that_leaves_by_pthread_exit_counts_as_ended_and_frees_its_body) {
  auto owned = std::make_shared<int>(1);
  Result<Thread> thread = Thread::start({.name = "leaving"}, [owned] {
    if (*owned == 1) pthread_exit(nullptr);
  });
  ASSERT_TRUE(thread) << thread.error().message;
  ASSERT_TRUE(thread->join_until(far_deadline_ns()));
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(Thread, detached_one_goes_on_without_its_handle) {
  std::promise<void> go;
  std::promise<int> answer;
  std::future<int> answered = answer.get_future();
  {
    Result<Thread> thread = Thread::start(
        {.name = "detached"}, [go = go.get_future(), answer = std::move(answer)]() mutable {
          go.wait();
          answer.set_value(42);
        });
    ASSERT_TRUE(thread) << thread.error().message;
    thread->detach();
  }
  go.set_value();
  EXPECT_EQ(answered.get(), 42);
}

TEST(Thread, one_that_cannot_start_is_an_error_value_and_frees_its_body) {
  // No address space has room for this stack, and being root does not help.
  pthread_attr_t usual;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  pthread_attr_t too_large;
  ASSERT_EQ(pthread_getattr_default_np(&too_large), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&too_large, std::size_t{1} << 60), 0);
  ASSERT_EQ(pthread_setattr_default_np(&too_large), 0);
  auto owned = std::make_shared<int>(1);
  for (const std::optional<unsigned> cpu :
       {std::optional<unsigned>{}, std::optional<unsigned>{0}}) {
    const Result<Thread> thread = Thread::start({.name = "stillborn", .cpu = cpu}, [owned] {});
    ASSERT_FALSE(thread);
    EXPECT_EQ(thread.error().code, ErrorCode::unavailable);
    EXPECT_NE(thread.error().message.find("stillborn"), std::string::npos);
  }
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_EQ(pthread_setattr_default_np(&usual), 0);
  pthread_attr_destroy(&usual);
  pthread_attr_destroy(&too_large);
}

}  // namespace
}  // namespace penstock::test
