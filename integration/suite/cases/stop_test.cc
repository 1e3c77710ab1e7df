// It stops when it is told to, and leaves nothing behind.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

/// The pid that `misbehave daemon` wrote.
int daemon_pid(const TempDir& files, const std::string& name) {
  return std::atoi(files.wait_file(name).c_str());
}

void expect_nothing_left(const Gatevisor& supervisor) {
  if (supervisor.cgroup().empty()) return;
  EXPECT_NE(access((supervisor.cgroup() + "/gateway.slice").c_str(), F_OK), 0);
  EXPECT_NE(access((supervisor.cgroup() + "/supervisor").c_str(), F_OK), 0);
}

TEST(Stop, SeedRow_Sigterm_IsForwardedAndTheStatusIsTheGateways) {
  TempDir files;
  Gatevisor supervisor({.command = {"record", files.file("got")}});
  supervisor.expect_started();
  files.wait_file("got");
  supervisor.signal(SIGTERM);
  EXPECT_TRUE(supervisor.expect("stopping")
                  .text("/message")
                  .starts_with("[gateway] received signal, forwarding to children..."));
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "requested");
  EXPECT_EQ(exited.text("/verdict/next/action"), "stop");
  EXPECT_TRUE(exited.lists("/verdict/evidence", "source", "request"));
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_NE(read_file(files.file("got")).find("15\n"), std::string::npos);
  expect_nothing_left(supervisor);
}

TEST(Stop, SeedRow_Sigint_IsForwardedAsKillSignal) {
  Gatevisor supervisor({.command = {"hang"}});
  supervisor.expect_started();
  supervisor.signal(SIGINT);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/signal"), "SIGTERM");
  EXPECT_EQ(supervisor.expect_end(), 143);
}

TEST(Stop, SeedRow_TermToTheProcessGroup_IsNoReasonToRespawn) {
  for (int round = 0; round < 20; ++round) {
    Gatevisor supervisor({.command = {"hang"}});
    supervisor.expect_started();
    kill(-supervisor.pid(), SIGTERM);
    EXPECT_EQ(supervisor.expect_exited().text("/verdict/next/action"), "stop");
    EXPECT_EQ(supervisor.expect_end(), 143);
  }
}

TEST(Stop, TermToGatewayAndGatevisorAtOnceIsNoReasonToRespawn) {
  for (int round = 0; round < 20; ++round) {
    Gatevisor supervisor({.command = {"hang"}, .properties = {"Restart=always"}});
    const int gateway = supervisor.expect_started();
    supervisor.signal(SIGTERM);
    kill(gateway, SIGTERM);
    EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "requested");
    EXPECT_EQ(supervisor.expect_end(), 143);
  }
}

TEST(Stop, SeedRow_TermDuringTheDelay_EndsAtOnceAndLaunchesNothing) {
  Gatevisor supervisor({.command = {"exit", "9"}, .properties = {"RestartSec=1h"}});
  supervisor.expect_exited();
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(patience(5s)), 9);
  EXPECT_EQ(supervisor.lines_with("\"event\":\"started\""), 1U);
  expect_nothing_left(supervisor);
}

TEST(Stop, TermWhileStartingEndsIt) {
  for (int round = 0; round < 20; ++round) {
    Gatevisor supervisor({.command = {"hang"}});
    supervisor.signal(SIGTERM);  // before, while or after it is set up
    const int status = supervisor.expect_end();
    EXPECT_TRUE(status == 143 || status == -SIGTERM || status == 0) << status;
    expect_nothing_left(supervisor);
  }
}

// The moment at which gatevisor has made its first cgroup: what it makes, it takes back.
// As PID 1 of a container a signal with its default action would be lost.
class Setup : public ::testing::TestWithParam<Place> {};

TEST_P(Setup, TermAfterTheFirstCgroupIsAStopThatLeavesNothing) {
  CgroupHome& home = CgroupHome::get();
  ASSERT_TRUE(home.available());
  for (int round = 0; round < 15; ++round) {
    const std::string base = home.make("term-" + std::to_string(round));
    const int made = inotify_init1(IN_CLOEXEC);
    inotify_add_watch(made, base.c_str(), IN_CREATE);
    {
      Gatevisor supervisor({.command = {"hang"}, .place = GetParam(), .cgroup = base});
      pollfd ready{made, POLLIN, 0};
      ASSERT_EQ(poll(&ready, 1, static_cast<int>(patience().count())), 1);
      supervisor.signal(SIGTERM);
      const int status = supervisor.expect_end();
      EXPECT_TRUE(status == 143 || status == 0) << status;
      expect_nothing_left(supervisor);
    }
    close(made);
    CgroupHome::remove(base);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Setup, ::testing::Values(Place::Plain, Place::Container));

TEST(Stop, SeedRow_BoundedStop_GatewayThatIgnoresTermIsKilled) {
  TempDir files;
  Gatevisor supervisor({.command = {"ignore", "15", "report", files.file("ready"), "hang"},
                        .properties = {"TimeoutStopSec=500ms"}});
  files.wait_file("ready");
  const int gateway = children_of(supervisor.pid()).at(0);
  supervisor.signal(SIGTERM);
  supervisor.expect("kill");
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "stop-timeout");
  EXPECT_EQ(exited.text("/verdict/sender"), "gatevisor");
  EXPECT_EQ(supervisor.expect_end(), 137);
  EXPECT_FALSE(is_alive(gateway));
  expect_nothing_left(supervisor);
}

TEST(Stop, SecondTermChangesNothing) {
  TempDir files;
  Gatevisor supervisor({.command = {"ignore", "15", "report", files.file("ready"), "hang"},
                        .properties = {"TimeoutStopSec=1s"}});
  files.wait_file("ready");
  supervisor.signal(SIGTERM);
  supervisor.expect("stopping");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "stop-timeout");
  EXPECT_EQ(supervisor.expect_end(), 137);
  EXPECT_EQ(supervisor.lines_with("\"event\":\"stopping\""), 1U);
}

TEST(Stop, StoppedGatewayIsWokenToStop) {
  TempDir files;
  Gatevisor supervisor({.command = waiting(files)});
  const int gateway = supervisor.expect_started();
  expect_waiting(files);
  kill(gateway, SIGSTOP);
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "requested");
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Stop, WhatDoubleForkedAwayIsGoneAfterTheStop) {
  TempDir files;
  Gatevisor supervisor({.command = {"daemon", files.file("daemon"), "wait"},
                        .properties = {"TimeoutStopSec=500ms"}});
  supervisor.expect_started();
  const int daemon = daemon_pid(files, "daemon");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_FALSE(is_alive(daemon));
  expect_nothing_left(supervisor);
}

TEST(Stop, WhatTheDeadGatewayLeftIsGoneBeforeTheRespawn) {
  TempDir files;
  Gatevisor supervisor(
      {.command = {"daemon", files.file("daemon"), "once", files.file("x"), "exit", "1"},
       .properties = {"TimeoutStopSec=500ms", "RestartSec=0"}});
  supervisor.expect_exited();
  const int daemon = std::atoi(read_file(files.file("daemon")).c_str());
  ASSERT_GT(daemon, 0);
  supervisor.expect("started");
  EXPECT_FALSE(is_alive(daemon));
  // The second life has one too.
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
}

TEST(Stop, KillModeControlGroupAsksEveryProcess) {
  TempDir files;
  Gatevisor supervisor(
      {.command = {"child", "record", files.file("child"), "end", "record", files.file("main")}});
  files.wait_file("child");
  files.wait_file("main");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_NE(read_file(files.file("child")).find("\n15\n"), std::string::npos);
  EXPECT_EQ(supervisor.lines_with("\"event\":\"kill\""), 0U);
}

TEST(Stop, KillModeMixedAsksTheMainProcessAlone) {
  TempDir files;
  Gatevisor supervisor(
      {.command = {"child", "record", files.file("child"), "end", "record", files.file("main")},
       .properties = {"KillMode=mixed"}});
  files.wait_file("child");
  files.wait_file("main");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_NE(read_file(files.file("main")).find("\n15\n"), std::string::npos);
  EXPECT_EQ(read_file(files.file("child")), "ready\n") << "it was killed, not asked";
}

// A process that is another one before its pid can be read and killed.
TEST(Stop, ForksInFlightAreCaught) {
  TempDir files;
  Gatevisor supervisor({.command = {"rabbit", "report", files.file("ready"), "wait"},
                        .properties = {"TimeoutStopSec=500ms"}});
  files.wait_file("ready");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(supervisor.lines_with("\"event\":\"left-behind\""), 0U);
  expect_nothing_left(supervisor);
}

TEST(Stop, CgroupsThatTheGatewayMadeInItsOwnGoToo) {
  TempDir files;
  const std::string base = CgroupHome::get().make("nested");
  ASSERT_FALSE(base.empty());
  {
    const std::string leaf = base + "/gateway.slice/1";
    Gatevisor supervisor(
        {.command = {"report", files.file("ready"), "child", "ignore", "15", "hang", "end", "wait"},
         .properties = {"TimeoutStopSec=500ms"},
         .cgroup = base});
    const int gateway = supervisor.expect_started();
    files.wait_file("ready");
    ASSERT_EQ(mkdir((leaf + "/own").c_str(), 0755), 0);
    ASSERT_EQ(mkdir((leaf + "/own/deep").c_str(), 0755), 0);
    ASSERT_TRUE(write_file(leaf + "/own/deep/cgroup.procs", std::to_string(gateway)));
    supervisor.signal(SIGTERM);
    EXPECT_EQ(supervisor.expect_end(), 0);
    expect_nothing_left(supervisor);
  }
  CgroupHome::remove(base);
}

// A root gateway may leave its cgroup: as a container engine does with itself, or by an operator.
TEST(Escape, MainProcessThatLeftItsCgroupIsStillStopped) {
  TempDir files;
  const std::string base = CgroupHome::get().make("escape-main");
  ASSERT_FALSE(base.empty());
  {
    Gatevisor supervisor({.command = {"write", base + "/supervisor/cgroup.procs", "0", "report",
                                      files.file("ready"), "wait"},
                          .properties = {"TimeoutStopSec=1s"},
                          .cgroup = base});
    const int gateway = supervisor.expect_started();
    files.wait_file("ready");
    supervisor.signal(SIGTERM);
    EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "requested");
    EXPECT_EQ(supervisor.expect_end(), 0);
    EXPECT_FALSE(is_alive(gateway));
    expect_nothing_left(supervisor);
  }
  CgroupHome::remove(base);
}

TEST(Stop, WhatIsLeftBehindIsNotBlamedOnASignalThatWasNotSent) {
  TempDir files;
  Gatevisor supervisor({.command = {"ignore", "15", "report", files.file("ready"), "hang"},
                        .properties = {"SendSIGKILL=no", "TimeoutStopSec=200ms"}});
  const int gateway = supervisor.expect_started();
  files.wait_file("ready");
  supervisor.signal(SIGTERM);
  const Record left = supervisor.expect("left-behind");
  EXPECT_NE(left.text("/message").find("is not killed (SendSIGKILL=no)"), std::string::npos)
      << left.text("/message");
  EXPECT_FALSE(left.has("/signal"));
  supervisor.expect_end();
  EXPECT_TRUE(is_alive(gateway));
  kill(gateway, SIGKILL);
  EXPECT_TRUE(wait_gone(gateway));
}

TEST(Stop, KillModeMixedKillsTheRestAtOnce) {
  TempDir files;
  Gatevisor supervisor({.command = {"daemon", files.file("daemon"), "wait"},
                        .properties = {"KillMode=mixed", "TimeoutStopSec=1h"}});
  supervisor.expect_started();
  const int daemon = daemon_pid(files, "daemon");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_FALSE(is_alive(daemon));
}

TEST(Stop, KillModeProcessLeavesTheRest) {
  TempDir files;
  int daemon = 0;
  {
    Gatevisor supervisor(
        {.command = {"daemon", files.file("daemon"), "wait"}, .properties = {"KillMode=process"}});
    supervisor.expect_started();
    daemon = daemon_pid(files, "daemon");
    supervisor.signal(SIGTERM);
    EXPECT_EQ(supervisor.expect_end(), 0);
    EXPECT_TRUE(is_alive(daemon));
    kill(daemon, SIGKILL);
  }
  EXPECT_TRUE(wait_gone(daemon));
}

TEST(Stop, KillModeNoneLeavesTheGatewayRunning) {
  Gatevisor supervisor({.command = {"wait"}, .properties = {"KillMode=none"}});
  const int gateway = supervisor.expect_started();
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_TRUE(is_alive(gateway));
  kill(gateway, SIGKILL);
  EXPECT_TRUE(wait_gone(gateway));
}

TEST(Stop, GatewayDiesWithAKilledGatevisor) {
  Gatevisor supervisor({.command = {"hang"}});
  const int gateway = supervisor.expect_started();
  supervisor.signal(SIGKILL);
  EXPECT_EQ(supervisor.expect_end(), -SIGKILL);
  EXPECT_TRUE(wait_gone(gateway));
}

TEST(Signals, AreForwardedByTheTable) {
  TempDir files;
  Gatevisor supervisor({.command = {"record", files.file("got")},
                        .properties = {"ForwardSignals=HUP USR2 USR1:HUP QUIT:ignore"}});
  const int gateway = supervisor.expect_started();
  files.wait_file("got");
  supervisor.signal(SIGQUIT);
  supervisor.signal(SIGUSR2);
  supervisor.expect("forwarded");
  files.wait_text("got", "\n" + std::to_string(SIGUSR2) + "\n");
  supervisor.signal(SIGUSR1);
  const Record mapped = supervisor.expect("forwarded");
  EXPECT_EQ(mapped.text("/received"), "SIGUSR1");
  EXPECT_EQ(mapped.text("/sent"), "SIGHUP");
  EXPECT_EQ(mapped.number("/pid"), gateway);
  files.wait_text("got", "\n" + std::to_string(SIGHUP) + "\n");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  const std::string got = read_file(files.file("got"));
  EXPECT_EQ(got.find(std::to_string(SIGUSR1) + "\n"), std::string::npos);
  EXPECT_EQ(got.find("\n" + std::to_string(SIGQUIT) + "\n"), std::string::npos);
}

TEST(Signals, DefaultTableHasWhatAUserExpects) {
  TempDir files;
  Gatevisor supervisor({.command = {"record", files.file("got")}});
  supervisor.expect_started();
  files.wait_file("got");
  for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGWINCH}) {
    supervisor.signal(signal);
    EXPECT_GT(supervisor.expect("forwarded").number("/pid"), 0);
    files.wait_text("got", "\n" + std::to_string(signal) + "\n");
  }
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Signals, DeathByAForwardedSignalNamesIt) {
  Gatevisor supervisor({.command = {"hang"}, .properties = {"Restart=no"}});
  supervisor.expect_started();
  supervisor.signal(SIGUSR1);
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/sender"), "gatevisor");
  EXPECT_TRUE(exited.lists("/verdict/evidence", "value", "forwarded SIGUSR1"));
  EXPECT_EQ(supervisor.expect_end(), 128 + SIGUSR1);
}

}  // namespace
}  // namespace gatevisor::testing
