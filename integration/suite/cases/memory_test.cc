// Out of memory, told apart: needs a kernel whose cgroup v2 has the memory controller.

#include <gtest/gtest.h>

#include <csignal>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

std::vector<std::string> limited(std::vector<std::string> more = {}) {
  more.insert(more.end(), {"MemoryMax=32M", "MemorySwapMax=0", "Restart=no"});
  return more;
}

TEST(Memory, OwnLimitOfTheMainProcess) {
  Gatevisor supervisor({.command = {"alloc", "200", "wait"}, .properties = limited()});
  const Record exited = supervisor.expect("exited", patience(20s));
  EXPECT_EQ(exited.text("/verdict/cause"), "oom-kill") << supervisor.log();
  EXPECT_EQ(exited.text("/verdict/scope"), "own-limit");
  EXPECT_EQ(exited.text("/verdict/victim"), "main");
  EXPECT_EQ(exited.text("/verdict/sender"), "kernel");
  EXPECT_EQ(exited.text("/verdict/confidence"), "certain");
  EXPECT_EQ(exited.number("/verdict/memory/limit"), 32 << 20);
  EXPECT_TRUE(exited.lists("/verdict/evidence", "name", "oom_kill"));
  EXPECT_EQ(supervisor.expect_end(), 137);
}

TEST(Memory, EachInvocationStartsWithCountersAtZero) {
  Gatevisor supervisor({.command = {"alloc", "200", "wait"},
                        .properties = {"MemoryMax=32M", "MemorySwapMax=0", "RestartSec=0"}});
  for (int life = 0; life < 3; ++life) {
    const Record exited = supervisor.expect("exited", patience(20s));
    EXPECT_EQ(exited.text("/verdict/cause"), "oom-kill") << supervisor.log();
    EXPECT_TRUE(exited.lists("/verdict/evidence", "value", "+1")) << exited.line();
  }
}

TEST(Memory, KillFromOutsideIsNotMistakenForIt) {
  Gatevisor supervisor({.command = {"alloc", "8", "wait"}, .properties = limited()});
  kill(supervisor.expect_started(), SIGKILL);
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "signal");
  EXPECT_EQ(exited.text("/verdict/sender"), "outside");
  EXPECT_EQ(exited.text("/verdict/confidence"), "certain");
  EXPECT_TRUE(exited.lists("/verdict/ruled_out", "cause", "oom-kill"));
  supervisor.expect_end();
}

TEST(Memory, AncestorsLimitThatCanBeSeenIsNamed) {
  CgroupHome& home = CgroupHome::get();
  const std::string base = home.make_small("ancestor");
  ASSERT_NE(base, "");
  {
    Gatevisor supervisor(
        {.command = {"alloc", "200", "wait"}, .properties = {"Restart=no"}, .cgroup = base});
    const Record exited = supervisor.expect("exited", patience(20s));
    EXPECT_EQ(exited.text("/verdict/cause"), "oom-kill") << supervisor.log();
    EXPECT_EQ(exited.text("/verdict/scope"), "ancestor-limit");
    EXPECT_EQ(exited.text("/verdict/victim"), "main");
    EXPECT_NE(exited.text("/verdict/memory/limit_path").find("ancestor"), std::string::npos);
    supervisor.expect_end();
  }
  CgroupHome::remove(base);
}

// As Kubernetes sets it up.
TEST(Memory, ContainerThatIsKilledAsAGroupKeepsItsGatevisor) {
  CgroupHome& home = CgroupHome::get();
  const std::string base = home.make_small("group");
  ASSERT_NE(base, "");
  ASSERT_TRUE(write_file(base + "/memory.oom.group", "1"));
  {
    Gatevisor supervisor(
        {.command = {"alloc", "200", "wait"}, .properties = {"RestartSec=0"}, .cgroup = base});
    for (int life = 0; life < 3; ++life) {
      const Record exited = supervisor.expect("exited", patience(20s));
      EXPECT_EQ(exited.text("/verdict/cause"), "oom-kill") << supervisor.log();
      EXPECT_EQ(exited.text("/verdict/scope"), "ancestor-limit");
      EXPECT_EQ(exited.text("/verdict/next/action"), "respawn");
      supervisor.expect_started();
    }
    supervisor.signal(SIGTERM);
    supervisor.expect_end();
  }
  CgroupHome::remove(base);
}

TEST(Memory, GatevisorIsChosenForNoKillAndItsWriterLast) {
  TempDir journal;
  Gatevisor supervisor(
      {.command = {"wait"}, .options = {"--journal-dir=" + journal.file("journal")}});
  supervisor.expect_started();
  const auto score = [](int pid) {
    return read_file("/proc/" + std::to_string(pid) + "/oom_score_adj");
  };
  EXPECT_EQ(score(supervisor.pid()), "-1000\n");
  int writers = 0;
  for (const int child : children_of(supervisor.pid())) {
    if (read_file("/proc/" + std::to_string(child) + "/comm") != "journal-writer\n") continue;
    ++writers;
    EXPECT_EQ(score(child), "-999\n");
  }
  EXPECT_EQ(writers, 1);
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Memory, LimitAboveTheNamespaceIsOutsideOurView) {
  CgroupHome& home = CgroupHome::get();
  const std::string pod = home.make_small("pod");
  ASSERT_NE(pod, "");
  const std::string container = home.make("container", pod);
  {
    Gatevisor supervisor({.command = {"alloc", "200", "wait"},
                          .properties = {"Restart=no"},
                          .place = Place::Container,
                          .cgroup = container});
    const Record exited = supervisor.expect("exited", patience(20s));
    EXPECT_EQ(exited.text("/verdict/cause"), "oom-kill") << supervisor.log();
    EXPECT_EQ(exited.text("/verdict/scope"), "outside-view");
    supervisor.expect_end();
  }
  CgroupHome::remove(pod);
}

TEST(Memory, LauncherWhoseChildIsKilledIsNoMereExitCode) {
  Gatevisor supervisor(
      {.command = {"child", "await-idle-parent", "alloc", "200", "end", "join", "wait"},
       .properties = limited({"OOMPolicy=continue"})});
  const Record exited = supervisor.expect("exited", patience(20s));
  EXPECT_EQ(exited.text("/verdict/cause"), "oom-kill") << supervisor.log();
  EXPECT_EQ(exited.text("/verdict/victim"), "helper");
  EXPECT_EQ(exited.number("/verdict/exit_code"), 1);
  EXPECT_EQ(exited.text("/verdict/confidence"), "likely");
  supervisor.expect_end();
}

TEST(Memory, HelperIsKilledAndPolicyStopStopsTheService) {
  Gatevisor supervisor(
      {.command = {"child", "await-idle-parent", "alloc", "200", "hang", "end", "wait"},
       .properties = limited()});
  EXPECT_EQ(supervisor.expect("oom", patience(20s)).text("/stopping"), "true");
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "oom-kill") << supervisor.log();
  EXPECT_EQ(exited.text("/verdict/victim"), "helper");
  EXPECT_EQ(exited.text("/verdict/confidence"), "certain");
  supervisor.expect_end();
}

TEST(Memory, HelperIsKilledAndPolicyContinueGoesOn) {
  Gatevisor supervisor(
      {.command = {"child", "await-idle-parent", "alloc", "200", "hang", "end", "wait"},
       .properties = limited({"OOMPolicy=continue"})});
  EXPECT_EQ(supervisor.expect("oom", patience(20s)).text("/stopping"), "false");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "requested");
  EXPECT_EQ(supervisor.expect_end(), 0);
}

// The main process outlived the kill of its helper: its own end is another matter.
TEST(Memory, KillFromOutsideSoonAfterAHelpersIsNotCertainlyTheKernels) {
  Gatevisor supervisor(
      {.command = {"child", "await-idle-parent", "alloc", "200", "hang", "end", "wait"},
       .properties = limited({"OOMPolicy=continue"})});
  const long gateway = supervisor.expect("started").number("/pid");
  supervisor.expect("oom", patience(20s));
  kill(static_cast<int>(gateway), SIGKILL);
  const Record exited = supervisor.expect_exited();
  const bool claimed_certainly = exited.text("/verdict/cause") == "oom-kill" &&
                                 exited.text("/verdict/victim") == "main" &&
                                 exited.text("/verdict/confidence") == "certain";
  EXPECT_FALSE(claimed_certainly) << exited.line();
  supervisor.expect_end();
}

TEST(Memory, PolicyKillEndsTheWholeGroup) {
  Gatevisor supervisor(
      {.command = {"child", "await-idle-parent", "alloc", "200", "hang", "end", "wait"},
       .properties = limited({"OOMPolicy=kill"})});
  const Record exited = supervisor.expect("exited", patience(20s));
  EXPECT_EQ(exited.text("/verdict/cause"), "oom-kill") << supervisor.log();
  EXPECT_EQ(exited.text("/verdict/victim"), "group");
  EXPECT_TRUE(exited.lists("/verdict/evidence", "name", "oom_group_kill"));
  supervisor.expect_end();
}

TEST(Memory, UnkillableSpinIsAMemoryStall) {
  Gatevisor supervisor({.command = {"protect", "alloc", "200", "wait"}, .properties = limited()});
  const Record stall = supervisor.expect("stall", 60s);
  EXPECT_EQ(stall.text("/killing"), "true");
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "memory-stall");
  EXPECT_EQ(exited.text("/verdict/sender"), "gatevisor");
  supervisor.expect_end();
}

TEST(Memory, ForksRefusedAtTheTaskLimitAreNamed) {
  Gatevisor supervisor({.command = {"forks"}, .properties = {"TasksMax=8", "Restart=no"}});
  const Record exited = supervisor.expect("exited", patience(20s));
  EXPECT_EQ(exited.text("/verdict/cause"), "task-limit");
  EXPECT_EQ(exited.number("/verdict/exit_code"), 1);
  EXPECT_TRUE(exited.lists("/verdict/evidence", "name", "max"));
  EXPECT_EQ(supervisor.expect_end(), 1);
}

TEST(Memory, LimitsAreInTheSlicesFiles) {
  Gatevisor supervisor({.command = {"wait"},
                        .properties = {"MemoryMax=64M", "MemoryHigh=48M", "TasksMax=77",
                                       "CPUQuota=50%", "CPUWeight=42"}});
  supervisor.expect_started();
  const std::string slice = supervisor.cgroup() + "/gateway.slice/";
  EXPECT_EQ(read_file(slice + "memory.max"), std::to_string(64 << 20) + "\n");
  EXPECT_EQ(read_file(slice + "memory.high"), std::to_string(48 << 20) + "\n");
  EXPECT_EQ(read_file(slice + "pids.max"), "77\n");
  EXPECT_EQ(read_file(slice + "cpu.max"), "50000 100000\n");
  EXPECT_EQ(read_file(slice + "cpu.weight"), "42\n");
}

TEST(Memory, ProtectionsAndThePeriodAreInTheSlicesFiles) {
  Gatevisor supervisor({.command = {"wait"},
                        .properties = {"MemoryMin=4M", "MemoryLow=8M", "CPUQuota=50%",
                                       "CPUQuotaPeriodSec=10ms", "MemoryLimit=64M"}});
  supervisor.expect_started();
  const std::string slice = supervisor.cgroup() + "/gateway.slice/";
  EXPECT_EQ(read_file(slice + "memory.min"), std::to_string(4 << 20) + "\n");
  EXPECT_EQ(read_file(slice + "memory.low"), std::to_string(8 << 20) + "\n");
  EXPECT_EQ(read_file(slice + "memory.max"), std::to_string(64 << 20) + "\n");
  EXPECT_EQ(read_file(slice + "cpu.max"), "5000 10000\n");
}

TEST(Limits, WhatIsOnNoDiskCannotBeLimited) {
  const std::string limit = "IOReadBandwidthMax=/proc 5M";
  Gatevisor strict({.command = {"exit", "0"}, .properties = {limit}});
  EXPECT_EQ(strict.expect_end(), 219);
  EXPECT_NE(strict.log().find("IOReadBandwidthMax=/proc is on no block device"), std::string::npos)
      << strict.log();
  Gatevisor lenient({.command = {"exit", "0"}, .properties = {limit, "StrictLimits=no"}});
  EXPECT_EQ(lenient.expect_end(), 0);
}

TEST(SystemOom, WithoutAnyLimitOfOursIsOutsideOurView) {
  Gatevisor supervisor({.command = {"alloc", "4000", "wait"}, .properties = {"Restart=no"}});
  const Record exited = supervisor.expect("exited", patience(60s));
  EXPECT_EQ(exited.text("/verdict/cause"), "oom-kill") << supervisor.log();
  EXPECT_EQ(exited.text("/verdict/scope"), "outside-view");
  EXPECT_EQ(exited.text("/verdict/victim"), "main");
  supervisor.expect_end();
}

TEST(CoreDump, IsToldFromAPlainSignal) {
  Gatevisor dumps({.command = {"abort"},
                   .properties = {"LimitCORE=infinity", "Restart=no", "WorkingDirectory=/tmp"}});
  EXPECT_EQ(dumps.expect("exited", patience(20s)).text("/verdict/cause"), "core-dump");
  EXPECT_EQ(dumps.expect_end(), 134);
  Gatevisor does_not({.command = {"abort"}, .properties = {"LimitCORE=0", "Restart=no"}});
  const Record exited = does_not.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "signal");
  EXPECT_EQ(exited.text("/verdict/sender"), "itself");
  does_not.expect_end();
}

}  // namespace
}  // namespace gatevisor::testing
