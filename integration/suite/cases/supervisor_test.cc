// PID 1's duties, what gatevisor costs, and what it says of the machine.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

/// Lets time pass that is itself what is measured.
void measured_idle_time(int seconds) {
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds;
  timerfd_settime(timer, 0, &spec, nullptr);
  pollfd ready{timer, POLLIN, 0};
  poll(&ready, 1, -1);
  close(timer);
}

long context_switches(int pid) {
  return status_number(pid, "voluntary_ctxt_switches:") +
         status_number(pid, "nonvoluntary_ctxt_switches:");
}

TEST(Pid1, SeedRow_Reaping_OrphansLeaveNoZombie) {
  TempDir files;
  Gatevisor supervisor({.command = {"daemon", files.file("orphan"), "wait"},
                        .properties = {"ForwardSignals=USR2:WINCH"},
                        .place = Place::Container});
  const int orphan = supervisor.outer_pid(std::atoi(files.wait_file("orphan").c_str()));
  ASSERT_GT(orphan, 0);
  kill(orphan, SIGKILL);
  EXPECT_TRUE(wait_gone(orphan));
  // Its end reaches gatevisor as SIGCHLD, and what comes after that is told after it.
  supervisor.signal(SIGUSR2);
  supervisor.expect("forwarded");
  EXPECT_NE(access(("/proc/" + std::to_string(orphan)).c_str(), F_OK), 0) << "a zombie is left";
}

TEST(Pid1, StopsOnTermAndEndsWithTheGatewaysStatus) {
  TempDir files;
  Gatevisor supervisor({.command = waiting(files), .place = Place::Container});
  expect_waiting(files);
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "requested");
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Pid1, GatewayGetsASliceOfItsOwnInTheContainer) {
  TempDir files;
  Gatevisor supervisor(
      {.command = {"report", files.file("report"), "wait"}, .place = Place::Container});
  EXPECT_EQ(files.wait_report("report")["cgroup"].substr(
                files.wait_report("report")["cgroup"].find("::")),
            "::/gateway.slice/1");
  EXPECT_TRUE(read_file(supervisor.cgroup() + "/cgroup.procs").empty())
      << "everything of the container's base was moved";
}

TEST(Pid1, SurvivesSignalsThatWouldEndOthers) {
  TempDir files;
  Gatevisor supervisor(
      {.command = waiting(files), .properties = {"ForwardSignals="}, .place = Place::Container});
  expect_waiting(files);
  for (const int signal : {SIGHUP, SIGPIPE, SIGALRM, SIGUSR1, SIGXCPU, SIGVTALRM, 40}) {
    supervisor.signal(signal);
  }
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "requested");
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Cost, SeedRow_ChildTracking_TenThousandRespawnsLeakNothing) {
  const char* text = std::getenv("GATEVISOR_TEST_RESPAWNS");
  const int respawns = text != nullptr ? std::atoi(text) : 10'000;
  const int warm_up = respawns / 10;
  Gatevisor supervisor({.command = {"exit", "1"}, .properties = {"RestartSec=0", "AlarmBurst=0"}});
  for (int i = 0; i < warm_up; ++i) supervisor.expect_exited();
  const std::size_t fds = open_fds(supervisor.pid());
  const long memory = status_number(supervisor.pid(), "RssAnon:");
  for (int i = warm_up; i < respawns; ++i) {
    if (!supervisor.expect_exited().exists()) return;
  }
  // A descriptor or two may be open in the middle of a spawn.
  EXPECT_LE(open_fds(supervisor.pid()), fds + 4);
  // However many they were. What a slow reader has not taken yet is at most 64 KB; with a little
  // more for the allocator's own.
  EXPECT_LE(status_number(supervisor.pid(), "RssAnon:"), memory + 160) << "KB";
  if (!supervisor.cgroup().empty()) {
    supervisor.signal(SIGTERM);
    supervisor.expect_end();
    EXPECT_TRUE(read_file(supervisor.cgroup() + "/cgroup.stat").starts_with("nr_descendants 0\n"))
        << read_file(supervisor.cgroup() + "/cgroup.stat");
  }
}

TEST(Cost, IdleGatevisorDoesNotWakeUp) {
  Gatevisor supervisor({.command = {"wait"}, .properties = {"MemorySampleSec=0"}});
  supervisor.expect_started();
  measured_idle_time(2 * slowness());  // until the work after a start is over
  const long before = context_switches(supervisor.pid());
  measured_idle_time(5);
  EXPECT_EQ(context_switches(supervisor.pid()), before);
}

TEST(Cost, ReaderThatStopsReadingDelaysNothing) {
  // Nobody reads the pipe while thousands of lines are written: respawns go on.
  TempDir files;
  Gatevisor supervisor(
      {.command = {"report", files.file("report"), "exit", "1"}, .properties = {"RestartSec=0"}});
  const int enough = 300 / slowness() + 20;
  std::string last;
  for (int seen = 0; seen < enough;) {
    const std::string pid = files.wait_report("report")["pid"];
    if (pid != last) ++seen;
    last = pid;
  }
  EXPECT_TRUE(is_alive(supervisor.pid()));
}

TEST(Verdict, SeccompKillIsNamed) {
  Gatevisor supervisor({.command = {"seccomp"}, .properties = {"Restart=no"}});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "seccomp");
  EXPECT_EQ(exited.text("/verdict/signal"), "SIGSYS");
  EXPECT_EQ(supervisor.expect_end(), 128 + SIGSYS);
}

TEST(Verdict, SigsysWithoutAFilterIsAPlainSignal) {
  Gatevisor supervisor({.command = {"kill", "31"}, .properties = {"Restart=no"}});
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "signal");
  supervisor.expect_end();
}

TEST(Verdict, FaultOfItsOwnIsItself) {
  Gatevisor supervisor({.command = {"segv"}, .properties = {"Restart=no", "LimitCORE=0"}});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "signal");
  EXPECT_EQ(exited.text("/verdict/sender"), "itself");
  EXPECT_EQ(supervisor.expect_end(), 128 + SIGSEGV);
}

TEST(Two, GatevisorsOfOneNameInOneCgroupAreRefused) {
  Gatevisor first({.command = {"wait"}});
  first.expect_started();
  Gatevisor second({.command = {"wait"}, .cgroup = first.cgroup()});
  EXPECT_EQ(second.expect_end(), 219);
  EXPECT_NE(second.log().find("choose another --name="), std::string::npos) << second.log();
  Gatevisor third(
      {.command = {"exit", "0"}, .options = {"--name=other"}, .cgroup = first.cgroup()});
  EXPECT_EQ(third.expect_end(), 0);
  EXPECT_TRUE(is_alive(first.pid()));
}

TEST(Doctor, JsonNamesEveryRungAndVerdict) {
  FILE* pipe = popen((gatevisor_program() + " doctor --json").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string text;
  char buffer[4096];
  for (std::size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    text.append(buffer, got);
  const int status = pclose(pipe);
  const auto report = Record::parse(text);
  ASSERT_TRUE(report) << text;
  EXPECT_TRUE(report->has("/rungs/cgroup"));
  EXPECT_TRUE(report->has("/rungs/kernel_log"));
  EXPECT_TRUE(report->lists("/verdicts", "cause", "oom-kill"));
  EXPECT_EQ(WEXITSTATUS(status), report->text("/complete") == "true" ? 0 : 1);
}

}  // namespace
}  // namespace gatevisor::testing
