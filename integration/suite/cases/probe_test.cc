// Probes: a gateway that is alive and does not serve, is not started yet, or not ready.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

/// A port of 127.0.0.1 on which nobody listens.
std::string free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return std::to_string(ntohs(address.sin_port));
}

/// `time` on a machine that is that much slower.
std::string slow(Milliseconds time) { return std::to_string(patience(time).count()) + "ms"; }

std::vector<std::string> probing(const std::string& target) {
  return {"LivenessProbe=" + target, "LivenessProbeSec=" + slow(100ms),
          "LivenessProbeTimeoutSec=" + slow(100ms), "RestartSec=0"};
}

std::string http(const std::string& port) { return "http://127.0.0.1:" + port + "/health"; }

TEST(Probe, SeedRow_Wedged_StoppedAfterItHasServedIsRestartedAfterFourFailures) {
  const std::string port = free_port();
  Gatevisor supervisor({.command = {"serve", port, "200"}, .properties = probing(http(port))});
  const int pid = supervisor.expect_started();
  EXPECT_EQ(supervisor.expect("serving").text("/detail"), "HTTP status 200");
  kill(supervisor.outer_pid(pid), SIGSTOP);
  for (int failure = 1; failure <= 4; ++failure) {
    const Record failed = supervisor.expect("probe-failed");
    EXPECT_EQ(failed.number("/failures"), failure);
    EXPECT_EQ(failed.number("/threshold"), 4);
    EXPECT_EQ(failed.text("/detail").substr(0, 16), "no answer within");
  }
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "probe-failure");
  EXPECT_EQ(exited.text("/verdict/sender"), "gatevisor");
  EXPECT_EQ(exited.text("/verdict/next/action"), "respawn");
  supervisor.expect_started();
  supervisor.expect("serving");
}

TEST(Probe, SeedRow_BootGrace_NotEndedBeforeTwentyFailures) {
  Gatevisor supervisor({.command = {"hang"}, .properties = probing(http(free_port()))});
  const Record failed = supervisor.expect("probe-failed", patience(20s));
  EXPECT_EQ(failed.number("/failures"), 20);
  EXPECT_EQ(failed.text("/detail"), "connect: Connection refused");
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "probe-failure");
}

TEST(Probe, SeedRow_Health_401IsServing) {
  const std::string port = free_port();
  Gatevisor supervisor({.command = {"serve", port, "401"}, .properties = probing(http(port))});
  EXPECT_EQ(supervisor.expect("serving").text("/detail"), "HTTP status 401");
}

TEST(Probe, SeedRow_Health_ProgramThatExits127IsNeverServing) {
  Gatevisor supervisor({.command = {"linger", "300", "exit", "127"},
                        .properties = {"LivenessProbe=" + http(free_port()),
                                       "LivenessProbeSec=100ms", "Restart=no"}});
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "exit-code");
  EXPECT_EQ(supervisor.expect_end(), 127);
  EXPECT_EQ(supervisor.lines_with("\"serving\""), 0u);
}

TEST(Probe, WhatIsNoAnswerIsNamed) {
  const std::map<std::string, std::string> answers = {
      {"500", "HTTP status 500"},
      {"garbage", "an answer that is not HTTP"},
      {"close", "the connection was closed without an answer"},
      {"reset", "recv: Connection reset by peer"},
      {"drip", "no answer within "},
      {"silent", "no answer within "}};
  for (const auto& [answer, detail] : answers) {
    const std::string port = free_port();
    auto properties = probing(http(port));
    properties.emplace_back("LivenessProbeStartFailures=3");
    Gatevisor supervisor({.command = {"serve", port, answer}, .properties = properties});
    const std::string told = supervisor.expect("probe-failed").text("/detail");
    EXPECT_EQ(told.substr(0, detail.size()), detail);
  }
}

TEST(Probe, TcpNeedsTheConnectionAlone) {
  const std::string port = free_port();
  Gatevisor supervisor(
      {.command = {"serve", port, "silent"}, .properties = probing("tcp://127.0.0.1:" + port)});
  EXPECT_EQ(supervisor.expect("serving").text("/detail"), "connected");
}

/// A command that succeeds while `file` is there.
std::string is_there(const std::string& file) { return "exec:/bin/sh -c '[ -e " + file + " ]'"; }

TEST(Probe, ACommandThatExitsWithZeroMeansServing) {
  const TempDir files;
  const std::string mark = files.file("mark");
  std::ofstream(mark) << "x";
  auto properties = probing(is_there(mark));
  properties.emplace_back("LivenessProbeTimeoutSec=5s");
  Gatevisor supervisor({.command = {"hang"}, .properties = properties});
  EXPECT_EQ(supervisor.expect("serving").text("/detail"), "exit code 0");
  unlink(mark.c_str());
  const Record failed = supervisor.expect("probe-failed");
  EXPECT_EQ(failed.text("/detail"), "exit code 1");
  EXPECT_EQ(failed.text("/probe"), "liveness");
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "probe-failure");
}

TEST(Probe, ACommandThatTakesTooLongIsEndedAndCountsAsFailed) {
  const TempDir files;
  auto properties = probing("exec:" + fixture("misbehave") + " append " + files.file("pids") +
                            " %MAINPID% hang");
  properties.emplace_back("LivenessProbeStartFailures=2");
  Gatevisor supervisor({.command = {"hang"}, .properties = properties});
  const int pid = supervisor.expect_started();
  EXPECT_EQ(supervisor.expect("probe-failed").text("/detail").substr(0, 16), "no answer within");
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "probe-failure");
  EXPECT_EQ(files.wait_file("pids").substr(0, std::to_string(pid).size()), std::to_string(pid));
}

TEST(Probe, ACommandThatIsNotThereCannotRunAndIsNotCounted) {
  auto properties = probing("exec:/no/such/program");
  properties.emplace_back("LivenessProbeStartFailures=1");
  Gatevisor supervisor({.command = {"linger", "1000", "exit", "3"}, .properties = properties});
  EXPECT_NE(supervisor.expect("warning").text("/subject").find("/no/such/program"),
            std::string::npos);
  EXPECT_EQ(supervisor.expect_exited().number("/verdict/exit_code"), 3);
}

TEST(Probe, StartedOnceItsStartupProbeIsAnswered) {
  const TempDir files;
  Gatevisor supervisor({.command = {"hang"},
                        .properties = {"StartupProbe=" + is_there(files.file("mark")),
                                       "StartupProbeSec=100ms", "RestartSec=0",
                                       "ReadinessProbe=" + is_there(files.file("mark"))}});
  supervisor.expect_started();
  std::ofstream(files.file("mark")) << "x";
  EXPECT_EQ(supervisor.expect("serving").text("/probe"), "startup");
  EXPECT_EQ(supervisor.expect("serving").text("/probe"), "readiness");
}

TEST(Probe, StartedOnceALineOfItsOutputSaysSo) {
  const TempDir files;
  Gatevisor supervisor({.command = {"print", "not yet", "linger", "300", "print",
                                    "now listening on 80", "hang"},
                        .properties = {"StartupProbe=log:listening on"},
                        .options = {"--journal-dir=" + files.file("journal")}});
  supervisor.expect_started();
  const Record served = supervisor.expect("serving");
  EXPECT_EQ(served.text("/probe"), "startup");
  EXPECT_EQ(served.text("/target"), "log:listening on");
}

TEST(Probe, WithoutThatLineTheStartTimesOut) {
  const TempDir files;
  Gatevisor supervisor({.command = {"print", "something else", "hang"},
                        .properties = {"StartupProbe=log:listening on", "Restart=no",
                                       "TimeoutStartSec=500ms"},
                        .options = {"--journal-dir=" + files.file("journal")}});
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "start-timeout");
}

TEST(ProbeBadInput, ALineThatNobodySeesIsRefused) {
  Gatevisor supervisor({.command = {"hang"}, .properties = {"StartupProbe=log:x"}});
  EXPECT_EQ(supervisor.expect_end(), 64);
  EXPECT_NE(supervisor.log().find("no journal is kept"), std::string::npos);
}

TEST(Probe, WithoutAnAnswerTheStartTimesOutAndSaysWhatTheLastOneWas) {
  const TempDir files;
  Gatevisor supervisor({.command = {"hang"},
                        .properties = {"StartupProbe=" + is_there(files.file("mark")),
                                       "StartupProbeSec=100ms", "StartupProbeTimeoutSec=5s",
                                       "Restart=no", "TimeoutStartSec=2s"}});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "start-timeout");
  EXPECT_NE(exited.text("/verdict/summary").find("answered with: exit code 1"), std::string::npos);
}

TEST(Probe, ReadinessIsToldAndEndsNothing) {
  const TempDir files;
  const std::string mark = files.file("mark");
  std::ofstream(mark) << "x";
  Gatevisor supervisor({.command = {"hang"},
                        .properties = {"ReadinessProbe=" + is_there(mark),
                                       "ReadinessProbeSec=100ms", "ReadinessProbeFailures=1"}});
  EXPECT_EQ(supervisor.expect("serving").text("/probe"), "readiness");
  unlink(mark.c_str());
  const Record failed = supervisor.expect("probe-failed");
  EXPECT_EQ(failed.text("/probe"), "readiness");
  EXPECT_EQ(failed.text("/ending"), "false");
  std::ofstream(mark) << "x";
  EXPECT_EQ(supervisor.expect("serving").text("/probe"), "readiness");
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "requested");
}

// In a network of its own, whose loopback is down: 127.0.0.1 has no route.
TEST(ProbeWithoutNetwork, SeedRow_Wedged_OneThatCannotRunNeverKills) {
  Gatevisor supervisor({.command = {"linger", "1500", "exit", "3"},
                        .properties = {"LivenessProbe=tcp://127.0.0.1:9", "LivenessProbeSec=100ms",
                                       "LivenessProbeTimeoutSec=100ms", "LivenessProbeFailures=1",
                                       "LivenessProbeStartFailures=1", "Restart=no"},
                        .prepare = [] {
                          if (unshare(CLONE_NEWNET) != 0) _exit(126);
                        }});
  EXPECT_EQ(supervisor.expect("warning").text("/subject"), "tcp://127.0.0.1:9");
  EXPECT_EQ(supervisor.expect_exited().number("/verdict/exit_code"), 3);
  EXPECT_EQ(supervisor.lines_with("cannot run"), 1u);
}

}  // namespace
}  // namespace gatevisor::testing
