// What /dev/kmsg adds to a verdict, and what it does not: on a real kernel, and where it is absent.

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "cgroup_home.h"
#include "unit.h"

namespace gatevisor::testing {
namespace {

/// The value of a line of evidence from the kernel's log; 'nothing' where there is none.
std::string kernel_said(const Record& exited, const std::string& name) {
  for (int i = 0; exited.has("/verdict/evidence/" + std::to_string(i)); ++i) {
    const std::string fact = "/verdict/evidence/" + std::to_string(i);
    if (exited.text(fact + "/source") == "kmsg" && exited.text(fact + "/name") == name) {
      return exited.text(fact + "/value");
    }
  }
  return "nothing";
}

std::vector<std::string> limited() { return {"MemoryMax=32M", "MemorySwapMax=0", "Restart=no"}; }

/// In a mount namespace of its own: something that is not the kernel's log.
void hide_kernel_log() {
  if (unshare(CLONE_NEWNS) != 0 || mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    std::abort();
  }
  (void)mount("/dev/null", "/dev/kmsg", nullptr, MS_BIND, nullptr);  // if it is there at all
}

TEST(KernelLog, OwnLimitHasItsVictimAndNumbers) {
  Gatevisor supervisor({.command = {"alloc", "200", "wait"}, .properties = limited()});
  const std::string pid = std::to_string(supervisor.expect_started());
  const Record exited = supervisor.expect("exited", patience(20s));
  EXPECT_EQ(exited.text("/verdict/scope"), "own-limit");
  EXPECT_EQ(kernel_said(exited, "killed"), "misbehave");
  EXPECT_EQ(kernel_said(exited, "pid"), pid);
  EXPECT_EQ(kernel_said(exited, "constraint"), "CONSTRAINT_MEMCG");
  EXPECT_TRUE(kernel_said(exited, "oom_memcg").ends_with("/gateway.slice")) << exited.line();
  EXPECT_GT(std::atol(kernel_said(exited, "anon-rss").c_str()), 16 << 20) << exited.line();
  EXPECT_NE(kernel_said(exited, "line").find("Killed process " + pid), std::string::npos);
  EXPECT_EQ(kernel_said(exited, "contradicted"), "nothing");
  supervisor.expect_end();
}

TEST(KernelLog, EachLifeHasItsOwnRecords) {
  Gatevisor supervisor({.command = {"alloc", "200", "wait"},
                        .properties = {"MemoryMax=32M", "MemorySwapMax=0", "RestartSec=0"}});
  for (int life = 0; life < 3; ++life) {
    const std::string pid = std::to_string(supervisor.expect_started());
    EXPECT_EQ(kernel_said(supervisor.expect("exited", patience(20s)), "pid"), pid);
  }
}

TEST(KernelLog, HelperThatWasKilledIsNamed) {
  Gatevisor supervisor(
      {.command = {"child", "await-idle-parent", "alloc", "200", "hang", "end", "wait"},
       .properties = limited()});
  const std::string main = std::to_string(supervisor.expect_started());
  const Record exited = supervisor.expect("exited", patience(20s));
  EXPECT_EQ(exited.text("/verdict/victim"), "helper");
  EXPECT_EQ(kernel_said(exited, "killed"), "misbehave");
  EXPECT_NE(kernel_said(exited, "pid"), main);
  supervisor.expect_end();
}

TEST(KernelLog, GroupThatWasKilledHasTheOneThatWasChosen) {
  std::vector<std::string> properties = limited();
  properties.emplace_back("OOMPolicy=kill");
  Gatevisor supervisor(
      {.command = {"child", "await-idle-parent", "alloc", "200", "hang", "end", "wait"},
       .properties = properties});
  const Record exited = supervisor.expect("exited", patience(20s));
  EXPECT_EQ(exited.text("/verdict/victim"), "group");
  EXPECT_EQ(kernel_said(exited, "constraint"), "CONSTRAINT_MEMCG") << exited.line();
  supervisor.expect_end();
}

TEST(KernelLog, AncestorsLimitIsNamed) {
  CgroupHome& home = CgroupHome::get();
  const std::string base = home.make_small("ancestor-kmsg");
  ASSERT_NE(base, "");
  {
    Gatevisor supervisor(
        {.command = {"alloc", "200", "wait"}, .properties = {"Restart=no"}, .cgroup = base});
    const Record exited = supervisor.expect("exited", patience(20s));
    EXPECT_EQ(exited.text("/verdict/scope"), "ancestor-limit");
    EXPECT_TRUE(kernel_said(exited, "oom_memcg").ends_with("/ancestor-kmsg")) << exited.line();
    EXPECT_EQ(kernel_said(exited, "contradicted"), "nothing");
    supervisor.expect_end();
  }
  CgroupHome::remove(base);
}

// In namespaces of its own gatevisor sees neither that cgroup nor the kernel's pids.
TEST(KernelLog, LimitOutsideOurViewIsNamed) {
  CgroupHome& home = CgroupHome::get();
  const std::string pod = home.make_small("pod-kmsg");
  ASSERT_NE(pod, "");
  const std::string container = home.make("container", pod);
  {
    Gatevisor supervisor({.command = {"alloc", "200", "wait"},
                          .properties = {"Restart=no"},
                          .place = Place::Container,
                          .cgroup = container});
    const Record exited = supervisor.expect("exited", patience(20s));
    EXPECT_EQ(exited.text("/verdict/scope"), "outside-view");
    EXPECT_TRUE(kernel_said(exited, "oom_memcg").ends_with("/pod-kmsg")) << exited.line();
    EXPECT_EQ(kernel_said(exited, "killed"), "misbehave");
    supervisor.expect_end();
  }
  CgroupHome::remove(pod);
}

TEST(KernelLog, DeniedSystemCallIsNamed) {
  for (const Place place : {Place::Plain, Place::Container}) {
    Gatevisor supervisor({.command = {"report", "/dev/null", "exit", "0"},
                          .properties = {"SystemCallFilter=~getsid", "Restart=no"},
                          .place = place});
    const Record exited = supervisor.expect_exited();
    EXPECT_EQ(exited.text("/verdict/cause"), "seccomp");
    EXPECT_EQ(kernel_said(exited, "syscall"), "getsid") << exited.line();
    EXPECT_NE(exited.text("/verdict/summary").find("getsid(2)"), std::string::npos);
    supervisor.expect_end();
  }
}

// Who may write to /dev/kmsg can write any text, but not as the kernel.
TEST(KernelLog, WhatTheServiceWritesThereIsNoEvidence) {
  const std::string cgroup = CgroupHome::get().make("forged-kmsg");
  const std::string leaf =
      cgroup.substr(CgroupHome::get().mount_point().size()) + "/gateway.slice/1";
  Gatevisor supervisor(
      {.command = {"write", "/dev/kmsg",
                   "<6>oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
                   "mems_allowed=0,oom_memcg=/a,task_memcg=" +
                       leaf + ",task=misbehave,pid=1,uid=0",
                   "write", "/dev/kmsg",
                   "<3>Memory cgroup out of memory: Killed process 1 (misbehave) total-vm:1kB, "
                   "anon-rss:1kB, file-rss:1kB, shmem-rss:1kB, UID:0 pgtables:1kB oom_score_adj:0",
                   "kill", "9"},
       .properties = {"Restart=no"},
       .cgroup = cgroup});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "signal");
  EXPECT_EQ(exited.text("/verdict/confidence"), "certain");
  EXPECT_EQ(kernel_said(exited, "line"), "nothing") << exited.line();
  supervisor.expect_end();
  CgroupHome::remove(cgroup);
}

TEST(KernelLogAbsent, DeathHasItsVerdictWithoutIt) {
  Gatevisor supervisor(
      {.command = {"seccomp"}, .properties = {"Restart=no"}, .prepare = [] { hide_kernel_log(); }});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "seccomp");
  EXPECT_EQ(exited.text("/verdict/summary"),
            "made a system call that its seccomp filter kills for");
  EXPECT_EQ(kernel_said(exited, "syscall"), "nothing");
  supervisor.expect_end();
}

TEST(KernelLogAbsent, DoctorSaysWhyAndHowToGetIt) {
  TempDir files;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    hide_kernel_log();
    const std::string program = gatevisor_program();
    if (std::freopen(files.file("doctor").c_str(), "w", stdout) == nullptr) _exit(70);
    execl(program.c_str(), program.c_str(), "doctor", nullptr);
    _exit(71);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  std::ifstream in(files.file("doctor"));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_NE(text.find("  kernel log      cannot be read (/dev/kmsg"), std::string::npos) << text;
  EXPECT_NE(text.find("--device=/dev/kmsg:/dev/kmsg:r --cap-add=SYSLOG"), std::string::npos);
}

}  // namespace
}  // namespace gatevisor::testing
