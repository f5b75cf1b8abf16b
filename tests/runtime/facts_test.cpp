// SPDX-License-Identifier: Apache-2.0
// What a measurement was made on, and what each thread used.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/runtime/machine/facts.hpp>
#include <penstock/runtime/machine/thread.hpp>
#include <penstock/runtime/machine/usage.hpp>

namespace penstock::test {
namespace {

TEST(MachineFacts, nothing_is_left_empty) {
  const MachineFacts facts = machine_facts();
  for (const std::string* const fact :
       {&facts.cpu, &facts.cpus_ours, &facts.kernel, &facts.governor, &facts.compiler, &facts.build,
        &facts.revision})
    EXPECT_FALSE(fact->empty());
  EXPECT_GT(facts.cpus_online, 0U);
}

TEST(MachineFacts, are_read_from_the_tree_that_is_given) {
  const std::string root = ::testing::TempDir() + "penstock-facts/";
  const std::string governor = root + "sys/devices/system/cpu/cpu0/cpufreq/";
  std::filesystem::create_directories(root + "proc");
  std::filesystem::create_directories(governor);
  std::ofstream(root + "proc/cpuinfo")
      << "processor\t: 0\nmodel name\t: Turbine 9000\nflags\t\t: fpu hypervisor sse\n\n"
      << "processor\t: 1\nmodel name\t: another\n";
  std::ofstream(governor + "scaling_governor") << "performance\n";
  MachineFacts facts = machine_facts(root);
  EXPECT_EQ(facts.cpu, "Turbine 9000");
  EXPECT_TRUE(facts.virtual_machine);
  EXPECT_EQ(facts.governor, "performance");
  std::ofstream(root + "proc/cpuinfo") << "processor\t: 0\nflags\t\t: fpu sse\n";
  std::filesystem::remove_all(root + "sys");
  facts = machine_facts(root);
  EXPECT_EQ(facts.cpu, "unknown");
  EXPECT_FALSE(facts.virtual_machine);
  EXPECT_EQ(facts.governor, "unknown");
  std::filesystem::remove_all(root);
}

const ThreadUsage* find(const std::vector<ThreadUsage>& threads, const std::string& name) {
  const auto found = std::ranges::find(threads, name, &ThreadUsage::name);
  return found == threads.end() ? nullptr : &*found;
}

TEST(ThreadUsage, thread_is_told_by_its_name_with_what_it_used) {
  std::atomic<bool> started{false};
  std::atomic<bool> done{false};
  auto thread = Thread::start({.name = "spinner", .cpu = {}}, [&] {
    while (!done.load()) started.store(true);
  });
  ASSERT_TRUE(thread);
  while (!started.load()) {
  }
  const std::vector<ThreadUsage> before = usage_of_threads();
  const ThreadUsage* const first = find(before, "spinner");
  ASSERT_NE(first, nullptr);
  // It spins until its own clock has moved on by a millisecond.
  std::vector<ThreadUsage> after;
  do {
    after = usage_of_threads();
    ASSERT_NE(find(after, "spinner"), nullptr);
  } while (find(after, "spinner")->cpu_ns < first->cpu_ns + 1'000'000);
  done.store(true);
  const std::vector<ThreadUsage> used = usage_between(before, after);
  EXPECT_EQ(find(used, "spinner")->cpu_ns, find(after, "spinner")->cpu_ns - first->cpu_ns);
  EXPECT_EQ(find(usage_between({}, after), "spinner")->cpu_ns, find(after, "spinner")->cpu_ns);
}

}  // namespace
}  // namespace penstock::test
