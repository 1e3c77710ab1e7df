// OnAlarm=, OnOOM=: told of a death, beside the respawn.

#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

const std::string kAlarm = "AlarmBurst=2";

TEST(Hook, RunsOnAnAlarmWithTheVerdictOnItsInput) {
  const TempDir files;
  Gatevisor supervisor(
      {.command = {"exit", "3"},
       .properties = {kAlarm, "RestartSec=0", "AlarmIntervalSec=1h",
                      "OnAlarm=/bin/sh -c 'cat >" + files.file("verdict") + "'"}});
  supervisor.expect("alarm");
  const auto told = nlohmann::json::parse(files.wait_file("verdict"), nullptr, false);
  ASSERT_TRUE(told.is_object());
  EXPECT_EQ(told.value("event", ""), "exited");
  EXPECT_EQ(told["verdict"].value("exit_code", 0), 3);
}

TEST(Hook, OneThatHangsHoldsNothingUpAndIsKilledWithItsChildren) {
  const TempDir files;
  const std::string child = fixture("misbehave") + " child ignore 15 hang end append " +
                            files.file("child") + " %CHILD% hang";
  Gatevisor supervisor({.command = {"exit", "3"},
                        .properties = {kAlarm, "RestartSec=100ms", "AlarmIntervalSec=1h",
                                       "OnAlarm=" + child, "HookTimeoutSec=2s"}});
  supervisor.expect("alarm");
  (void)supervisor.expect_started();
  const Record failed = supervisor.expect("hook-failed");
  EXPECT_EQ(failed.text("/hook"), "OnAlarm");
  EXPECT_EQ(failed.text("/how"), "no end within 2s, killed for it");
  const int pid = std::stoi(files.wait_file("child"));
  EXPECT_TRUE(wait_gone(pid));
}

TEST(Hook, AFailureIsToldAndNothingFollows) {
  Gatevisor supervisor({.command = {"exit", "3"},
                        .properties = {kAlarm, "RestartSec=0", "AlarmIntervalSec=1h",
                                       "OnAlarm=/bin/false", "OnAlarm=/no/such/program"}});
  EXPECT_EQ(supervisor.expect("hook-failed").text("/how"), "exit code 1");
  EXPECT_NE(supervisor.expect("hook-failed").text("/how").find("could not be run"),
            std::string::npos);
  (void)supervisor.expect_started();
}

TEST(Hook, GatevisorsEndWaitsForIt) {
  const TempDir files;
  Gatevisor supervisor(
      {.command = {"exit", "3"},
       .properties = {"StartLimitBurst=3", "StartLimitIntervalSec=1h", "RestartSec=0", kAlarm,
                      "AlarmIntervalSec=1h",
                      "OnAlarm=" + fixture("misbehave") + " linger 500 append " +
                          files.file("done") + " x"}});
  EXPECT_EQ(supervisor.expect_end(), 3);
  EXPECT_EQ(files.wait_file("done"), "x\n");
}

}  // namespace
}  // namespace gatevisor::testing
