// Type= and the commands of a unit, on a real kernel.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "cgroup_home.h"
#include "unit.h"

namespace gatevisor::testing {
namespace {

/// A unit with a file that its commands append to.
class Service : public Unit {
 public:
  explicit Service(const std::string& lines) : Unit("") {
    write("gw.service", "[Service]\n" + expanded(lines));
  }
  std::string told() const { return read_file(files.file("told")); }

 private:
  /// 'RUN' is the fixture, 'TELL' a line in the file.
  std::string expanded(std::string lines) const {
    const auto replace = [&lines](const std::string& what, const std::string& by) {
      for (std::size_t at = lines.find(what); at != std::string::npos;
           at = lines.find(what, at + by.size())) {
        lines.replace(at, what.size(), by);
      }
    };
    replace("TELL", misbehave() + " append " + files.file("told"));
    replace("RUN", misbehave());
    replace("FILES", files.file(""));
    return lines;
  }
};

/// A port of 127.0.0.1 that takes connections. With it as LivenessProbe= a service tells 'serving'
/// when it is started, all commands of its start included.
class Listener {
 public:
  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    target_ = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Listener() { close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  const std::string& target() const { return target_; }

 private:
  int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string target_;
};

TEST(StoredDescriptors, TheNextLifeFindsWhatThisOneGaveIntoKeeping) {
  Service unit(
      "Restart=always\nRestartSec=0\nFileDescriptorStoreMax=2\n"
      "ExecStart=RUN stored FILES/stored once FILES/first append FILES/first x "
      "store one 1 store two 2 store three 3 exit 1\n");
  Gatevisor supervisor(unit.launch());
  // The third has no room.
  EXPECT_EQ(supervisor.expect("warning").text("/subject"), "three");
  supervisor.expect_exited();
  supervisor.expect_started();
  unit.files.wait_text("stored", "count=2");
  EXPECT_EQ(read_file(unit.files.file("stored")), "count=0\none=1\ntwo=2\ncount=2\n");
}

TEST(Service, CommandsRunInOrderAndKnowWhatTheyArePromised) {
  const Listener listener;
  Service unit(
      "ExecCondition=TELL condition\nExecStartPre=TELL 'pre %%MAINPID%%'\n"
      "ExecStart=RUN report FILES/report wait\n"
      "ExecStartPost=TELL 'post %%MAINPID%% %%SERVICE_RESULT%%'\n"
      "ExecReload=TELL 'reload ${MAINPID}'\n"
      "ExecStop=TELL 'stop %%MAINPID%% %%SERVICE_RESULT%%'\n"
      "ExecStopPost=TELL 'stop-post %%MAINPID%% %%SERVICE_RESULT%% %%EXIT_CODE%% "
      "%%EXIT_STATUS%%'\n");
  Gatevisor supervisor(
      unit.launch({"-p", "LivenessProbe=" + listener.target(), "-p", "LivenessProbeSec=100ms"}));
  const std::string pid = std::to_string(supervisor.expect_started());
  auto report = unit.files.wait_report("report");
  EXPECT_EQ(report["env.SYSTEMD_EXEC_PID"], pid);
  supervisor.expect("serving");  // only what is started can reload
  supervisor.signal(SIGHUP);
  supervisor.expect("reloaded");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(unit.told(), "condition\npre -\npost " + pid + " -\nreload " + pid + "\nstop " + pid +
                             " success\nstop-post - success exited 0\n");
}

TEST(Service, AHangupBeforeItHasStartedIsKeptUntilThen) {
  Service unit(
      "ExecStart=RUN wait\n"
      "ExecStartPost=/bin/sh -c 'kill -HUP $PPID && exec TELL post'\nExecReload=TELL reload\n");
  Gatevisor supervisor(unit.launch({}));
  supervisor.expect_started();
  supervisor.expect("reloading");
  supervisor.expect("reloaded");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(unit.told(), "post\nreload\n");
}

// Nobody opens the other end.
TEST(Service, WhatHangsBeforeItIsExecutedIsEndedInTime) {
  Service unit(
      "Type=exec\nStandardInput=file:FILES/fifo\nTimeoutStartSec=100ms\nTimeoutStopSec=100ms\n"
      "ExecStart=RUN wait\n");
  ASSERT_EQ(mkfifo(unit.files.file("fifo").c_str(), 0600), 0);
  Gatevisor supervisor(unit.launch({}));
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "start-timeout") << exited.line();
  EXPECT_EQ(exited.text("/result"), "timeout");
  supervisor.expect_end();
}

void expect_verdict_on_standard_input(Place place) {
  Service unit("ExecStart=RUN exit 3\nExecStopPost=/bin/sh -c 'cat >FILES/verdict'\n");
  Launch launch = unit.launch();
  launch.place = place;
  Gatevisor supervisor(launch);
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(supervisor.expect_end(), 3);
  const auto given = nlohmann::json::parse(unit.files.wait_file("verdict"), nullptr, false);
  ASSERT_TRUE(given.is_object());
  EXPECT_EQ(given.at("event"), "exited");
  EXPECT_EQ(given.at("verdict").at("cause"), "exit-code");
  EXPECT_EQ(given.at("verdict").at("pid"), exited.number("/verdict/pid"));
}

TEST(Service, StopPostIsGivenTheVerdictOnStandardInput) {
  expect_verdict_on_standard_input(Place::Plain);
}

// There is no memfd_create(2).
TEST(Sandbox, StopPostIsGivenTheVerdictOnStandardInput) {
  expect_verdict_on_standard_input(Place::Sandbox);
}

TEST(Service, FailureBeforeTheMainProcessHasItsVerdict) {
  Service unit(
      "ExecStartPre=RUN exit 7\nExecStart=RUN wait\nExecStopPost=TELL '%%SERVICE_RESULT%%'\n");
  Gatevisor supervisor(unit.launch());
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "exit-code");
  EXPECT_EQ(exited.text("/verdict/command"), "ExecStartPre=" + misbehave());
  EXPECT_EQ(supervisor.expect_end(), 7);
  EXPECT_EQ(unit.told(), "exit-code\n");
}

TEST(Service, ConditionSkipsItWithStatus0) {
  Service unit("ExecCondition=RUN exit 1\nExecStart=TELL main\n");
  Gatevisor supervisor(unit.launch());
  supervisor.expect("skipped");
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(unit.told(), "");
}

TEST(Service, WhatACommandLeavesBehindIsEndedWithTheService) {
  Service unit("ExecStartPre=RUN daemon FILES/left\nExecStart=RUN exit 1\nTimeoutStopSec=100ms\n");
  Gatevisor supervisor(unit.launch());
  supervisor.expect_exited();
  EXPECT_EQ(supervisor.expect_end(), 1);
  EXPECT_TRUE(wait_gone(std::atoi(read_file(unit.files.file("left")).c_str())));
}

TEST(Service, NotifyIsStartedWhenItSaysSoAndOnlyByWhomItMay) {
  // The first READY=1 is a child's, which may not speak for it.
  Service unit(
      "Type=notify\nExecStart=RUN child notify READY=1 end join append FILES/told main "
      "notify 'STATUS=warm\\nREADY=1' wait\n"
      "ExecStartPost=TELL ready\n");
  Gatevisor supervisor(unit.launch());
  supervisor.expect("ready");
  unit.files.wait_text("told", "ready");
  EXPECT_EQ(unit.told(), "main\nready\n");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Service, NotifyThatIsSilentIsAStartTimeout) {
  Service unit("Type=notify\nTimeoutStartSec=200ms\nExecStart=RUN hang\n");
  Gatevisor supervisor(unit.launch());
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "start-timeout");
  EXPECT_EQ(supervisor.expect_end(), 128 + SIGTERM);
}

TEST(Service, NotifyThatEndsBeforeItIsReadyHasFailed) {
  Service unit("Type=notify\nExecStart=RUN exit 0\n");
  Gatevisor supervisor(unit.launch());
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "protocol");
  EXPECT_EQ(supervisor.expect_end(), 1);
}

TEST(Service, WatchdogEndsWhatIsSilent) {
  Service unit(
      "Type=notify\nWatchdogSec=300ms\nLimitCORE=0\n"
      "ExecStart=RUN report FILES/report notify READY=1 hang\n");
  Gatevisor supervisor(unit.launch());
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "watchdog");
  EXPECT_EQ(exited.text("/verdict/signal"), "SIGABRT");
  auto report = unit.files.wait_report("report");
  EXPECT_EQ(report["env.WATCHDOG_USEC"], "300000");
  EXPECT_EQ(report["env.WATCHDOG_PID"], report["pid"]);
  supervisor.expect_end();
}

TEST(Service, ForkingIsFollowedByItsPidFile) {
  Service unit(
      "Type=forking\nPIDFile=FILES/gw.pid\nRestart=on-failure\nRestartSec=0\n"
      "ExecStart=RUN background FILES/gw.pid wait\n");
  Gatevisor supervisor(unit.launch());
  const int pid = supervisor.expect_started();
  EXPECT_EQ(read_file(unit.files.file("gw.pid")), std::to_string(pid) + "\n");
  kill(pid, SIGKILL);
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "signal");
  EXPECT_EQ(exited.number("/verdict/pid"), pid);
  const int next = supervisor.expect_started();
  EXPECT_NE(next, pid);
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_TRUE(wait_gone(next));
}

TEST(Service, APidFileOfItsOwnIsLeftToItAndRemovedAtItsEnd) {
  Service unit(
      "PIDFile=FILES/gw.pid\nExecStartPre=RUN append FILES/gw.pid its-own\n"
      "ExecStart=RUN report FILES/report hang\n");
  Gatevisor supervisor(unit.launch());
  supervisor.expect_started();
  unit.files.wait_report("report");
  EXPECT_EQ(read_file(unit.files.file("gw.pid")), "its-own\n");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 143);
  EXPECT_NE(access(unit.files.file("gw.pid").c_str(), F_OK), 0);
}

TEST(Service, PermissionsStartOnlyLeavesTheOtherCommandsRoots) {
  Service unit(
      "User=61237\nPermissionsStartOnly=yes\nExecStartPre=RUN report FILES/pre exit 0\n"
      "ExecStart=RUN report FILES/main hang\n");
  Gatevisor supervisor(unit.launch());
  EXPECT_EQ(unit.files.wait_report("pre")["uid"], "0");
  EXPECT_EQ(unit.files.wait_report("main")["uid"], "61237");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 143);
}

TEST(Service, ForkingWithoutAPidFileIsFollowedByItsOnlyProcess) {
  Service unit("Type=forking\nExecStart=RUN background FILES/pid wait\n");
  Gatevisor supervisor(unit.launch());
  const int pid = supervisor.expect_started();
  EXPECT_EQ(read_file(unit.files.file("pid")), std::to_string(pid) + "\n");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Service, OneshotDoesOneAfterTheOtherAndStopsAtAFailure) {
  Service unit("Type=oneshot\nExecStart=TELL one\nExecStart=-RUN exit 3\nExecStart=TELL two\n");
  Gatevisor well(unit.launch());
  EXPECT_EQ(well.expect_end(), 0);
  EXPECT_EQ(unit.told(), "one\ntwo\n");
  Service failing("Type=oneshot\nExecStart=RUN exit 3\nExecStart=TELL two\n");
  Gatevisor badly(failing.launch());
  EXPECT_EQ(badly.expect_end(), 3);
  EXPECT_EQ(failing.told(), "");
}

TEST(Service, RemainsAfterItsExitUntilItIsStopped) {
  Service unit("Type=oneshot\nRemainAfterExit=yes\nExecStart=TELL up\nExecStop=TELL down\n");
  Gatevisor supervisor(unit.launch());
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/next/reason"), "RemainAfterExit=yes");
  EXPECT_TRUE(is_alive(supervisor.pid()));
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_EQ(unit.told(), "up\ndown\n");
}

TEST(Service, LongestLifeIsEnded) {
  Service unit("RuntimeMaxSec=200ms\nExecStart=RUN hang\n");
  Gatevisor supervisor(unit.launch());
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "runtime-limit");
  supervisor.expect_end();
}

}  // namespace
}  // namespace gatevisor::testing
