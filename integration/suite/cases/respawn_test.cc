// It comes back, when it should and not otherwise.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

TEST(Respawn, SeedRow_AutoRespawn_KillNineBringsANewMainProcess) {
  Gatevisor supervisor({.command = {"wait"}});
  const int first = supervisor.expect_started();
  kill(first, SIGKILL);
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "signal");
  EXPECT_EQ(exited.text("/verdict/sender"), "outside");
  EXPECT_EQ(exited.text("/verdict/next/action"), "respawn");
  const Record again = supervisor.expect("started", patience(5s));
  EXPECT_NE(again.number("/pid"), first);
  EXPECT_EQ(again.number("/launch"), 2);
  EXPECT_TRUE(is_alive(supervisor.pid()));
  EXPECT_EQ(again.text("/message"), "[gateway] respawned (pid " + again.text("/pid") + ")");
}

TEST(Respawn, SeedRow_SignalDeath_IsLoggedAs128PlusN) {
  Gatevisor supervisor({.command = {"kill", "9"}, .properties = {"Restart=no"}});
  const Record exited = supervisor.expect_exited();
  EXPECT_NE(exited.text("/message").find("exited (rc=137); "), std::string::npos);
  EXPECT_EQ(supervisor.expect_end(), 137);
}

TEST(Respawn, SeedRow_CleanExit_EndsGatevisorWithZero) {
  Gatevisor supervisor({.command = {"exit", "0"}});
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/cause"), "clean");
  EXPECT_EQ(supervisor.expect_end(), 0);
}

TEST(Respawn, SeedRow_Delay_IsTwoSecondsByDefault) {
  TempDir files;
  Gatevisor supervisor({.command = {"once", files.file("x"), "exit", "1"}});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.number("/verdict/next/delay_usec"), 2'000'000);
  EXPECT_NE(exited.text("/message").find("respawning (#1 in 60s window) in 2s"), std::string::npos);
  // By gatevisor's own clock: '2026-11-24T08:25:12.123456Z', seconds and microseconds.
  const auto seconds = [](const std::string& time) {
    return std::atof(time.c_str() + 17) + 60 * std::atof(time.c_str() + 14);
  };
  const Record again = supervisor.expect("started");
  double between = seconds(again.text("/time")) - seconds(exited.text("/verdict/ended"));
  if (between < 0) between += 3600;
  EXPECT_GE(between, 2.0);
  EXPECT_LT(between, 2.0 + 0.5 * slowness());
}

TEST(Respawn, SeedRow_SlidingWindow_FifthExitIsCriticalAndItGoesOn) {
  TempDir files;
  Gatevisor supervisor({.command = {"exit", "1"}, .properties = {"RestartSec=0"}});
  for (int exit = 1; exit <= 5; ++exit) {
    EXPECT_EQ(supervisor.expect_exited().number("/exits_in_window"), exit);
  }
  const Record alarm = supervisor.expect("alarm");
  EXPECT_EQ(alarm.text("/level"), "critical");
  EXPECT_EQ(alarm.number("/exits"), 5);
  EXPECT_TRUE(
      alarm.text("/message")
          .starts_with("[gateway] CRITICAL: 5 respawns in 60s window — gateway likely unstable; "));
  supervisor.expect("started");
}

TEST(Respawn, SeedRow_Exit78_IsAConfigurationErrorAndNotRetried) {
  Gatevisor supervisor({.command = {"exit", "78"}});
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "exit-code");
  EXPECT_EQ(exited.text("/verdict/next/action"), "stop");
  EXPECT_EQ(supervisor.expect_end(), 78);
}

TEST(Respawn, SeedRow_KilledByTermFromElsewhere_IsNotFoughtByDefaultAndCanBe) {
  Gatevisor yields({.command = {"hang"}});
  kill(yields.expect_started(), SIGTERM);
  EXPECT_EQ(yields.expect_exited().text("/verdict/next/action"), "stop");
  EXPECT_EQ(yields.expect_end(), 143);

  Gatevisor fights(
      {.command = {"hang"}, .properties = {"RestartForceExitStatus=SIGTERM", "RestartSec=0"}});
  kill(fights.expect_started(), SIGTERM);
  EXPECT_EQ(fights.expect_exited().text("/verdict/next/action"), "respawn");
  fights.expect("started");
}

TEST(Respawn, StartLimitGivesUpWithTheLastStatus) {
  Gatevisor supervisor(
      {.command = {"exit", "5"},
       .properties = {"RestartSec=0", "StartLimitBurst=3", "StartLimitIntervalSec=1h"}});
  supervisor.expect("start-limit");
  EXPECT_EQ(supervisor.expect_end(), 5);
  EXPECT_EQ(supervisor.lines_with("\"event\":\"exited\""), 3U);
  EXPECT_EQ(supervisor.lines_with("\"action\":\"give-up\""), 1U);
}

TEST(Respawn, OneCauseCanHaveARuleOfItsOwn) {
  Gatevisor supervisor({.command = {"exit", "1"}, .properties = {"RestartCause=exit-code:no"}});
  EXPECT_EQ(supervisor.expect_exited().text("/verdict/next/reason"), "RestartCause=exit-code");
  EXPECT_EQ(supervisor.expect_end(), 1);
}

TEST(Respawn, SeedRow_PidFile_IsThereWhileItRunsAndGoneAfter) {
  TempDir files;
  Gatevisor supervisor({.command = {"hang"}, .properties = {"PIDFile=" + files.file("pid")}});
  const int pid = supervisor.expect_started();
  // proc(5): the start time is field 22 of stat, the 20th behind the name in brackets.
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string start_time;
  for (int field = 3; field <= 22; ++field) fields >> start_time;
  EXPECT_EQ(read_file(files.file("pid")), std::to_string(pid) + " " + start_time + "\n");
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
  EXPECT_NE(access(files.file("pid").c_str(), F_OK), 0);
}

// 300 s in the loop's own test; GATEVISOR_TEST_SOAK_SEC=300 does the same here.
TEST(Respawn, SeedRow_Soak_NeverMoreThanTwoProcessesAndNoDescriptorLeaks) {
  const char* text = std::getenv("GATEVISOR_TEST_SOAK_SEC");
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(text != nullptr ? std::atoi(text) : 5);
  Gatevisor supervisor({.command = {"wait"}, .properties = {"RestartSec=0", "AlarmBurst=0"}});
  std::size_t descriptors = 0;
  for (int life = 0; std::chrono::steady_clock::now() < end; ++life) {
    const int gateway = supervisor.expect_started();
    ASSERT_GT(gateway, 0);
    EXPECT_EQ(children_of(supervisor.pid()), std::vector<int>{gateway});
    if (life == 3) descriptors = open_fds(supervisor.pid());
    if (life > 3) {
      // One more: a life longer than 200 ms has the next one's cgroup ready.
      EXPECT_LE(open_fds(supervisor.pid()), descriptors + 1) << "in life " << life;
    }
    kill(gateway, SIGKILL);
    EXPECT_EQ(supervisor.expect_exited().text("/verdict/sender"), "outside");
  }
}

TEST(Respawn, SeedRow_LogEvidence_LinesFromBeforeTheCrashSurvive) {
  TempDir files;
  Gatevisor supervisor(
      {.command = {"print", "before", "once", files.file("x"), "exit", "1"},
       .properties = {"RestartSec=0", "StandardOutput=append:" + files.file("log")}});
  supervisor.expect_exited();
  supervisor.expect("started");
  supervisor.signal(SIGTERM);
  supervisor.expect_end();
  EXPECT_TRUE(read_file(files.file("log")).starts_with("before\n"));
}

TEST(Respawn, SeedRow_LogSafety_LinksInPlaceOfALogFileAreRefused) {
  for (const bool symbolic : {true, false}) {
    TempDir files;
    {
      std::ofstream victim(files.file("victim"));
      victim << "precious\n";
    }
    if (symbolic) {
      ASSERT_EQ(symlink(files.file("victim").c_str(), files.file("log").c_str()), 0);
    } else {
      ASSERT_EQ(link(files.file("victim").c_str(), files.file("log").c_str()), 0);
    }
    Gatevisor supervisor(
        {.command = {"print", "x"}, .properties = {"StandardOutput=append:" + files.file("log")}});
    const Record exited = supervisor.expect_exited();
    EXPECT_EQ(exited.text("/verdict/cause"), "exec-failure");
    EXPECT_EQ(exited.text("/verdict/exec_failure/step"), "stdio");
    EXPECT_EQ(supervisor.expect_end(), 209);
    EXPECT_EQ(read_file(files.file("victim")), "precious\n");
  }
}

}  // namespace
}  // namespace gatevisor::testing
