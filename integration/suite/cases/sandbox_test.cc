// Where there is little: not root, no cgroup, no clone3, no pidfd_open, no /sys.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

Launch boxed(std::vector<std::string> command, std::vector<std::string> properties = {}) {
  return {
      .command = std::move(command), .properties = std::move(properties), .place = Place::Sandbox};
}

// The sandbox is what it says: a case must never pass for want of a restriction.
TEST(Sandbox, EveryRestrictionHolds) {
  TempDir files;
  Gatevisor supervisor(
      boxed({"probe", files.file("probe"), "report", files.file("report"), "wait"}));
  auto probe = files.wait_report("probe");
  for (const char* call :
       {"pidfd_open", "pidfd_send_signal", "pidfd_getfd", "memfd_create", "ptrace", "mount",
        "setns", "bpf", "io_uring_setup", "seccomp", "prctl_seccomp"}) {
    EXPECT_EQ(probe[call], "EPERM") << call;
  }
  EXPECT_EQ(probe["clone3"], "ENOSYS");
  for (const char* call : {"clone_pidfd", "poll_pidfd", "waitid_pidfd"}) {
    EXPECT_EQ(probe[call], "ok") << call;
  }
  EXPECT_NE(probe["open_sys"], "ok");
  EXPECT_NE(probe["open_kmsg"], "ok");
  auto report = files.wait_report("report");
  EXPECT_EQ(report["uid"], "65534");
  EXPECT_EQ(report["groups"], "");
  EXPECT_EQ(report["limit.core"], "0:0");
  EXPECT_EQ(report["status.NoNewPrivs"], "1");
  EXPECT_EQ(report["status.Seccomp"], "2");
  for (const char* set :
       {"status.CapInh", "status.CapPrm", "status.CapEff", "status.CapBnd", "status.CapAmb"}) {
    EXPECT_EQ(report[set], "0000000000000000") << set;
  }
}

TEST(Sandbox, KillNineIsUnknownAndNeverAGuess) {
  Gatevisor supervisor(boxed({"wait"}));
  const int first = supervisor.expect_started();
  kill(first, SIGKILL);
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "signal");
  EXPECT_EQ(exited.text("/verdict/sender"), "outside");
  EXPECT_EQ(exited.text("/verdict/confidence"), "unknown");
  EXPECT_NE(exited.text("/verdict/summary").find("whether for memory cannot be seen here"),
            std::string::npos);
  const Record again = supervisor.expect("started", patience(5s));
  EXPECT_NE(again.number("/pid"), first);
}

TEST(Sandbox, DaemonIsFoundAndKilledBeforeTheRespawn) {
  TempDir files;
  Gatevisor supervisor(boxed({"daemon", files.file("daemon"), "once", files.file("x"), "exit", "1"},
                             {"TimeoutStopSec=500ms", "RestartSec=0"}));
  supervisor.expect_exited();
  const int daemon = std::atoi(files.wait_file("daemon").c_str());
  supervisor.expect("started");
  EXPECT_FALSE(is_alive(daemon));
  // The second life has one too.
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
}

TEST(Sandbox, DaemonOfADaemonIsFoundRoundByRound) {
  TempDir files;
  Gatevisor supervisor(
      boxed({"child", "child", "daemon", files.file("daemon"), "ignore", "15", "hang", "end",
             "ignore", "15", "hang", "end", "report", files.file("ready"), "wait"},
            {"TimeoutStopSec=500ms"}));
  const int daemon = std::atoi(files.wait_file("daemon").c_str());
  files.wait_file("ready");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_FALSE(is_alive(daemon));
}

TEST(Sandbox, TermToTheProcessGroupStopsIt) {
  TempDir files;
  Gatevisor supervisor(boxed(waiting(files)));
  expect_waiting(files);
  kill(-supervisor.pid(), SIGTERM);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "requested");
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Sandbox, StopIsBounded) {
  TempDir files;
  Gatevisor supervisor(
      boxed({"ignore", "15", "report", files.file("ready"), "hang"}, {"TimeoutStopSec=500ms"}));
  files.wait_file("ready");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "stop-timeout");
  EXPECT_EQ(supervisor.expect_end(), 137);
}

TEST(Sandbox, TermDuringTheDelayEndsAtOnce) {
  Gatevisor supervisor(boxed({"exit", "9"}, {"RestartSec=1h"}));
  supervisor.expect_exited();
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 9);
}

TEST(Sandbox, ExitCodesSignalsAndExecFailuresAreStillTold) {
  Gatevisor coded(boxed({"exit", "78"}));
  EXPECT_EQ(coded.expect_exited().text("/verdict/cause"), "exit-code");
  EXPECT_EQ(coded.expect_end(), 78);
  Gatevisor faulty(boxed({"segv"}, {"Restart=no"}));
  EXPECT_EQ(faulty.expect_exited().text("/verdict/sender"), "itself");
  EXPECT_EQ(faulty.expect_end(), 139);
  Gatevisor clean(boxed({"exit", "0"}));
  EXPECT_EQ(clean.expect_end(), 0);
  Gatevisor nowhere(boxed({"exit", "0"}, {"WorkingDirectory=/no/such/place"}));
  EXPECT_EQ(nowhere.expect_exited().text("/verdict/cause"), "exec-failure");
  EXPECT_EQ(nowhere.expect_end(), 200);
}

TEST(Sandbox, BoundingSetThatIsEmptyAlreadySatisfiesStrictness) {
  Gatevisor supervisor(boxed({"exit", "0"}, {"CapabilityBoundingSet=", "NoNewPrivileges=yes"}));
  EXPECT_EQ(supervisor.expect_end(), 0) << supervisor.log();
}

TEST(Sandbox, AnotherUserIsRefused) {
  Gatevisor supervisor(boxed({"exit", "0"}, {"User=1234"}));
  EXPECT_EQ(supervisor.expect_end(), 217);
}

TEST(Sandbox, LimitThatCannotBeSetIsRefusedInOneLine) {
  Gatevisor supervisor(boxed({"exit", "0"}, {"MemoryMax=64M"}));
  EXPECT_EQ(supervisor.expect_end(), 219);
  EXPECT_NE(supervisor.log().find("MemoryMax="), std::string::npos);
  Gatevisor lenient(boxed({"exit", "0"}, {"MemoryMax=64M", "StrictLimits=no"}));
  lenient.expect("warning");
  EXPECT_EQ(lenient.expect_end(), 0);
}

TEST(Sandbox, RespawnsLeakNothing) {
  Gatevisor supervisor(boxed({"exit", "1"}, {"RestartSec=0", "AlarmBurst=0"}));
  for (int i = 0; i < 50; ++i) supervisor.expect_exited();
  const std::size_t fds = open_fds(supervisor.pid());
  for (int i = 0; i < 500 / slowness(); ++i) supervisor.expect_exited();
  EXPECT_LE(open_fds(supervisor.pid()), fds + 4);
}

}  // namespace
}  // namespace gatevisor::testing
