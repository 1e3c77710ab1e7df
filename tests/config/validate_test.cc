#include <csignal>

#include "settings_testing.h"

namespace gatevisor::config {
namespace {

using namespace std::chrono_literals;

ServiceSettings runnable(std::initializer_list<std::string_view> assignments = {}) {
  ServiceSettings settings = run_defaults();
  settings.commands.main = {Command{.argv = {"true"}}};
  for (const std::string_view assignment : assignments) EXPECT_TRUE(assign(settings, assignment));
  return settings;
}

std::string complaint(const ServiceSettings& settings) {
  const auto valid = validate(settings);
  return valid ? "" : to_string(valid.error());
}

TEST(RunDefaults, AreTheOnesDocumented) {
  const ServiceSettings settings = run_defaults();
  EXPECT_EQ(settings.restart.mode, RestartMode::OnFailure);
  EXPECT_EQ(settings.restart.delay, Duration{2s});
  EXPECT_EQ(settings.restart.reset_after, Duration{60s});
  EXPECT_EQ(settings.restart.prevent.codes.count(), 1u);
  EXPECT_TRUE(settings.restart.prevent.codes.test(78));
  EXPECT_TRUE(settings.restart.prevent.signals.none());
  EXPECT_EQ(settings.start_limit, (RateSettings{0, 0s}));
  EXPECT_EQ(settings.alarm, (RateSettings{5, 60s}));
  EXPECT_EQ(settings.kill.timeout_stop, Duration{8s});
  EXPECT_EQ(settings.forward.at(SIGHUP), SIGHUP);
  EXPECT_EQ(settings.success, ExitStatusSet{});
}

TEST(RunDefaults, NeedNothingButACommand) { EXPECT_EQ(complaint(runnable()), ""); }

TEST(Validate, CommandHasToBeGiven) {
  ServiceSettings settings = run_defaults();
  EXPECT_EQ(complaint(settings), "run; no command given; name it after --");
  settings.commands.main = {Command{.argv = {""}}};
  EXPECT_NE(complaint(settings), "");
}

TEST(Validate, NameHasToBeAUnitName) {
  for (const std::string_view name : {"gateway", "a-b_c.d@e:f", "0"}) {
    ServiceSettings settings = runnable();
    settings.name = name;
    EXPECT_EQ(complaint(settings), "") << name;
  }
  for (const std::string& name :
       {std::string(), std::string("a/b"), std::string(".."), std::string(".x"), std::string("a b"),
        std::string("a\n"), std::string(250, 'x')}) {
    ServiceSettings settings = runnable();
    settings.name = name;
    EXPECT_NE(complaint(settings), "") << name;
  }
}

TEST(Validate, BurstIsBoundedAlsoWithoutAssign) {
  ServiceSettings settings = runnable();
  settings.alarm.burst = 1025;
  EXPECT_EQ(complaint(settings),
            "set AlarmBurst=1025; expected at most 1024: no more are remembered");
  settings = runnable();
  settings.start_limit.burst = 1025;
  EXPECT_NE(complaint(settings), "");
}

TEST(Validate, SignalsThatStopTheServiceAreNotForwarded) {
  ServiceSettings settings = runnable();
  settings.forward[SIGTERM] = SIGTERM;
  EXPECT_NE(complaint(settings), "");
}

TEST(Validate, AmbientCapabilityHasToBeInTheBoundingSet) {
  EXPECT_EQ(complaint(runnable(
                {"CapabilityBoundingSet=CAP_CHOWN CAP_KILL", "AmbientCapabilities=CAP_KILL"})),
            "");
  EXPECT_EQ(complaint(runnable({"AmbientCapabilities=CAP_KILL"})), "");
  EXPECT_EQ(
      complaint(runnable({"CapabilityBoundingSet=CAP_CHOWN", "AmbientCapabilities=CAP_KILL"})),
      "set AmbientCapabilities=CAP_KILL; CapabilityBoundingSet= leaves it out; name it there too");
}

TEST(Validate, SoftLimitIsNotAboveTheHardOne) {
  ServiceSettings settings = runnable();
  settings.exec.rlimits[0] = {2, 1};
  EXPECT_NE(complaint(settings), "");
}

TEST(Validate, WhatSystemdOnlyWarnsAboutIsAllowed) {
  for (const auto& settings :
       {runnable({"RestartSteps=3"}), runnable({"RestartMaxDelaySec=1min"}),
        runnable({"RestartSteps=3", "RestartMaxDelaySec=1s"}),
        runnable({"MemoryHigh=2G", "MemoryMax=1G"}), runnable({"KillMode=none"})}) {
    EXPECT_EQ(complaint(settings), "");
    EXPECT_EQ(remarks(settings).size(), 1u);
  }
}

TEST(Remarks, NoneForTheDefaults) { EXPECT_TRUE(remarks(runnable()).empty()); }

TEST(Remarks, NoneForABackOffThatWorks) {
  EXPECT_TRUE(remarks(runnable({"RestartSteps=3", "RestartMaxDelaySec=1min"})).empty());
  EXPECT_TRUE(remarks(runnable({"MemoryHigh=512M", "MemoryMax=1G"})).empty());
}

TEST(Remarks, AProbeDoesNotReachAPrivateNetwork) {
  const auto all = remarks(runnable({"LivenessProbe=tcp://127.0.0.1:80", "PrivateNetwork=yes"}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(to_string(all[0]),
            "LivenessProbe= with PrivateNetwork=yes; no probe can reach it there");
}

TEST(Remarks, ReadAsOneLine) {
  EXPECT_EQ(to_string(remarks(runnable({"RestartSteps=3"})).at(0)),
            "RestartSteps= without RestartMaxDelaySec=; the delay does not grow");
}

}  // namespace
}  // namespace gatevisor::config
