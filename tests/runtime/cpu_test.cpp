// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <penstock/runtime/machine/cpu.hpp>

namespace penstock::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMountV2 =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
constexpr const char* kMountV1 =
    "31 30 0:27 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n"
    "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:11 - cgroup cgroup rw,cpu,cpuacct\n";
constexpr const char* kMountHybrid =
    "32 30 0:28 / /sys/fs/cgroup/unified rw shared:12 - cgroup2 cgroup2 rw,nsdelegate\n";

/// A tree of files that stand for proc/ and sys/ of a machine with CPUs 0 to 7.
class CpuLimitsTest : public ::testing::Test {
 protected:
  CpuLimitsTest() {
    std::string pattern = (fs::temp_directory_path() / "penstock_cpu_XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    put("proc/self/status", "Name:\tpenstock\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n");
  }
  ~CpuLimitsTest() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  void put(const fs::path& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void put_v1(const fs::path& folder, const std::string& quota,
              const std::string& period = "100000") {
    put("sys/fs/cgroup/cpu,cpuacct" / folder / "cpu.cfs_quota_us", quota + "\n");
    put("sys/fs/cgroup/cpu,cpuacct" / folder / "cpu.cfs_period_us", period + "\n");
  }
  [[nodiscard]] CpuLimits limits() const { return read_cpu_limits(root_.string()); }

  fs::path root_;
};

using CpuLimitsOf = CpuLimitsTest;

TEST_F(CpuLimitsOf, v2_quota_is_quota_by_period) {
  put("proc/self/mountinfo", kMountV2);
  put("proc/self/cgroup", "0::/service\n");
  put("sys/fs/cgroup/service/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(limits().quota, 1.5);
  EXPECT_EQ(limits().effective(), 1U) << "the half is no CPU for a second thread";
  EXPECT_EQ(limits().spinning_max(), 1U);
}

TEST_F(CpuLimitsOf, half_a_cpu_leaves_one_thread_that_must_not_spin) {
  put("proc/self/mountinfo", kMountV2);
  put("proc/self/cgroup", "0::/service\n");
  put("sys/fs/cgroup/service/cpu.max", "5000 10000\n");
  EXPECT_DOUBLE_EQ(limits().quota, 0.5);
  EXPECT_EQ(limits().effective(), 1U);
  EXPECT_EQ(limits().spinning_max(), 0U);
}

TEST_F(CpuLimitsOf, v2_max_is_no_quota) {
  put("proc/self/mountinfo", kMountV2);
  put("proc/self/cgroup", "0::/service\n");
  put("sys/fs/cgroup/service/cpu.max", "max 100000\n");
  EXPECT_TRUE(std::isinf(limits().quota));
  EXPECT_EQ(limits().effective(), 8U);
  EXPECT_EQ(limits().spinning_max(), 8U);
}

TEST_F(CpuLimitsOf, tightest_ancestor_wins) {
  put("proc/self/mountinfo", kMountV2);
  put("proc/self/cgroup", "0::/a/b/c\n");
  put("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  put("sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
  put("sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
  EXPECT_DOUBLE_EQ(limits().quota, 2.0);
  put("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_DOUBLE_EQ(limits().quota, 1.0) << "the mount's own folder is an ancestor too";
  put("sys/fs/cgroup/a/d/cpu.max", "1000 100000\n");
  EXPECT_DOUBLE_EQ(limits().quota, 1.0) << "a sibling is none";
}

TEST_F(CpuLimitsOf, v1_quota_over_all_ancestors) {
  put("proc/self/mountinfo", kMountV1);
  put("proc/self/cgroup", "5:memory:/elsewhere\n4:cpu,cpuacct:/pod/box\n");
  put_v1("pod/box", "-1");
  put_v1("pod", "150000");
  put_v1("", "-1");
  EXPECT_DOUBLE_EQ(limits().quota, 1.5);
  put_v1("pod/box", "25000", "50000");
  EXPECT_DOUBLE_EQ(limits().quota, 0.5);
}

TEST_F(CpuLimitsOf, v1_without_quota_limits_nothing) {
  put("proc/self/mountinfo", kMountV1);
  put("proc/self/cgroup", "4:cpu,cpuacct:/pod\n");
  put_v1("pod", "-1");
  EXPECT_TRUE(std::isinf(limits().quota));
}

TEST_F(CpuLimitsOf, hybrid_hierarchy_keeps_its_quota_in_v1) {
  put("proc/self/mountinfo", std::string(kMountHybrid) + kMountV1);
  put("proc/self/cgroup", "4:cpu,cpuacct:/box\n0::/user/box\n");
  put("sys/fs/cgroup/unified/user/box/cgroup.procs", "1\n");
  put_v1("box", "300000");
  EXPECT_DOUBLE_EQ(limits().quota, 3.0);
}

TEST_F(CpuLimitsOf, container_that_mounts_its_own_part_of_the_hierarchy) {
  put("proc/self/mountinfo",
      "33 30 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
  put("proc/self/cgroup", "4:cpu,cpuacct:/docker/abc/inner\n");
  put_v1("", "400000");
  put_v1("inner", "200000");
  EXPECT_DOUBLE_EQ(limits().quota, 2.0);
  put("proc/self/cgroup", "4:cpu,cpuacct:/docker/abcdef\n");
  EXPECT_DOUBLE_EQ(limits().quota, 4.0) << "a path outside of the mount: what is mounted counts";
}

TEST_F(CpuLimitsOf, namespace_whose_path_leads_out_of_the_mount) {
  put("proc/self/mountinfo", "30 23 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  put("proc/self/cgroup", "0::/../../neighbour\n");
  put("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(limits().quota, 1.5);
}

TEST_F(CpuLimitsOf, cgroup_that_is_not_shown_counts_by_its_nearest_ancestor) {
  put("proc/self/mountinfo", kMountV2);
  put("proc/self/cgroup", "0::/pod/hidden/box\n");
  put("sys/fs/cgroup/pod/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(limits().quota, 1.5);
}

TEST_F(CpuLimitsOf, second_mount_that_shows_other_cgroups_does_not_count) {
  put("proc/self/mountinfo",
      std::string("31 23 0:26 /neighbour /mnt/neighbour rw - cgroup2 cgroup2 rw\n") + kMountV2);
  put("proc/self/cgroup", "0::/service\n");
  put("sys/fs/cgroup/service/cpu.max", "300000 100000\n");
  put("mnt/neighbour/cpu.max", "50000 100000\n");
  EXPECT_DOUBLE_EQ(limits().quota, 3.0);
}

TEST_F(CpuLimitsOf, name_with_two_dots_is_an_ordinary_folder) {
  put("proc/self/mountinfo", kMountV2);
  put("proc/self/cgroup", "0::/a..b\n");
  put("sys/fs/cgroup/a..b/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(limits().quota, 1.5);
}

TEST_F(CpuLimitsOf, absent_files_limit_nothing) {
  EXPECT_TRUE(std::isinf(limits().quota)) << "no mountinfo";
  put("proc/self/mountinfo", kMountV2);
  EXPECT_TRUE(std::isinf(limits().quota)) << "no cgroup file";
  put("proc/self/cgroup", "0::/gone\n");
  EXPECT_TRUE(std::isinf(limits().quota)) << "no such folder";
  EXPECT_EQ(limits().effective(), 8U);
}

TEST_F(CpuLimitsOf, malformed_files_limit_nothing) {
  put("proc/self/mountinfo", std::string("x\n - cgroup2\n1 2 3 4 - cgroup2 a b\n\n") + kMountV2);
  put("proc/self/cgroup", "\n:\n0:\n7:cpu\n0::/service\n");
  for (const char* text : {"", "\n", " ", "fast", "-5 100000", "0 100000", "100000 0", "100000 x",
                           "1e999 1", "nan 100000", "inf inf", "1000 nan", "12 34 56 78x",
                           "100000 100000 100000", "50000 100000x"}) {
    put("sys/fs/cgroup/service/cpu.max", text);
    EXPECT_TRUE(std::isinf(limits().quota)) << text << ": " << limits().quota;
    EXPECT_EQ(limits().effective(), 8U) << text;
  }
  put("sys/fs/cgroup/service/cpu.max", "fast 100000\n");
  EXPECT_TRUE(std::isinf(limits().quota));
  fs::remove(root_ / "sys/fs/cgroup/service/cpu.max");
  put("sys/fs/cgroup/service/cpu.max/inside", "a folder where a file should be");
  EXPECT_TRUE(std::isinf(limits().quota));
}

TEST_F(CpuLimitsOf, affinity_mask_limits_and_its_ids_need_not_start_at_zero) {
  put("proc/self/status", "Cpus_allowed_list:\t4-5,9\n");
  EXPECT_EQ(limits().cpus, (std::vector<unsigned>{4, 5, 9}));
  EXPECT_EQ(limits().effective(), 3U);
  put("proc/self/mountinfo", kMountV2);
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/cpu.max", "250000 100000\n");
  EXPECT_EQ(limits().effective(), 2U);
  put("sys/fs/cgroup/cpu.max", "900000 100000\n");
  EXPECT_EQ(limits().effective(), 3U);
}

TEST_F(CpuLimitsOf, malformed_mask_falls_back_to_the_real_one) {
  for (const char* list : {"", "x", "7-3", "0-99999999", "-1"}) {
    put("proc/self/status", std::string("Cpus_allowed_list:\t") + list + "\n");
    EXPECT_EQ(limits().cpus, read_cpu_limits().cpus) << list;
  }
}

TEST_F(CpuLimitsOf, explanation_names_mask_and_quota) {
  EXPECT_EQ(limits().explain(), "8 effective CPUs (affinity 8, quota none)");
  put("proc/self/mountinfo", kMountV2);
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(limits().explain(), "1 effective CPU (affinity 8, quota 1.5)");
}

TEST(CpuLimits, of_this_machine_name_at_least_one_cpu) {
  const CpuLimits limits = read_cpu_limits();
  ASSERT_FALSE(limits.cpus.empty());
  EXPECT_TRUE(std::is_sorted(limits.cpus.begin(), limits.cpus.end()));
  EXPECT_GE(limits.effective(), 1U);
  EXPECT_LE(limits.effective(), limits.cpus.size());
  EXPECT_GT(limits.quota, 0.0);
}

TEST(CpuLimits, without_any_knowledge_are_one_cpu) {
  const CpuLimits unknown;
  EXPECT_EQ(unknown.effective(), 1U);
}

}  // namespace
}  // namespace penstock::test
