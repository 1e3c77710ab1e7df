// OnAlarm=, OnOOM=: what runs beside the respawn, and never holds it up.

#include "core_testing.h"
#include "fake_cgroups.h"

namespace gatevisor::core {
namespace {

class ServiceHook : public ::testing::Test {
 protected:
  void begin(std::size_t commands = 1) {
    ServiceSettings settings = loop_settings();
    settings.alarm = {2, 60s};
    for (std::size_t i = 0; i < commands; ++i) {
      settings.hooks.alarm.push_back(Command{.path = "/bin/page", .argv = {"/bin/page"}});
    }
    settings.hooks.timeout = 5s;
    rig_.emplace(settings);
    rig_->run();
  }
  /// The second death in a row.
  std::string alarm() {
    rig_->exits(1);
    rig_->respawn();
    return rig_->exits(1);
  }
  std::string ends(std::optional<WaitStatus> status, std::string problem = "") {
    return rig_->feed(event::HookEnded{HookKind::Alarm, status, std::move(problem)});
  }

  std::optional<Rig> rig_;
};

TEST_F(ServiceHook, RunsOnTheAlarmAndTheRespawnDoesNotWaitForIt) {
  begin();
  EXPECT_EQ(alarm(), "emit:exited emit:alarm hook:OnAlarm:0 no-pidfile release");
  EXPECT_EQ(rig_->state(), ServiceState::Waiting);
  EXPECT_EQ(rig_->timer(), "spawn:3");
  EXPECT_EQ(ends(WaitStatus::exited(0)), "");
}

TEST_F(ServiceHook, AFailureIsToldAndTheNextCommandRuns) {
  begin(2);
  alarm();
  EXPECT_EQ(ends(WaitStatus::exited(3)), "emit:hook-failed hook:OnAlarm:1");
  EXPECT_EQ(rig_->last<record::HookFailed>().how, "exit code 3");
  EXPECT_EQ(ends(std::nullopt, "exec: No such file"), "emit:hook-failed");
  EXPECT_EQ(rig_->last<record::HookFailed>().how, "could not be run: exec: No such file");
}

TEST_F(ServiceHook, OneThatTakesTooLongIsKilled) {
  begin();
  alarm();
  EXPECT_EQ(rig_->timer(), "spawn:3");
  rig_->spawned();
  rig_->exec_succeeded();
  EXPECT_EQ(rig_->timer(), "tidy");
  EXPECT_EQ(rig_->timer(), "kill-hook:OnAlarm emit:hook-failed");
  EXPECT_EQ(ends(WaitStatus::killed(SIGKILL)), "");
  EXPECT_EQ(rig_->state(), ServiceState::Running);
}

TEST_F(ServiceHook, TwoAreNeverUnderWayAtOnce) {
  ServiceSettings settings = loop_settings();
  settings.hooks.out_of_memory = {Command{.path = "/bin/page", .argv = {"/bin/page"}}};
  rig_.emplace(settings);
  FakeCgroups cgroups;
  const auto dies_of_memory = [&] {
    cgroups.begin_invocation(1);
    if (rig_->state() == ServiceState::Waiting) rig_->timer();
    rig_->run(cgroups.baseline());
    cgroups.oom_kill(Scope::OwnLimit);
    return rig_->dies(WaitStatus::killed(SIGKILL), false, cgroups.now());
  };
  EXPECT_NE(dies_of_memory().find("hook:OnOOM:0"), std::string::npos);
  EXPECT_EQ(rig_->verdict().cause, Cause::OomKill);
  const std::string second = dies_of_memory();
  EXPECT_EQ(second.find("hook:OnOOM:0"), std::string::npos);
  EXPECT_NE(second.find("emit:hook-failed"), std::string::npos);
}

TEST_F(ServiceHook, GatevisorEndsWhenItHasEndedOrHadItsTime) {
  begin();
  alarm();
  EXPECT_EQ(rig_->signal(SIGTERM), "emit:stopping");
  EXPECT_EQ(ends(WaitStatus::exited(0)), "emit:finished exit:1");
  begin();
  alarm();
  rig_->signal(SIGTERM);
  EXPECT_EQ(rig_->timer(), "kill-hook:OnAlarm emit:hook-failed");
  EXPECT_EQ(ends(WaitStatus::killed(SIGKILL)), "emit:finished exit:1");
}

TEST_F(ServiceHook, OneThatSigkillDoesNotEndIsGivenUp) {
  begin();
  alarm();
  rig_->signal(SIGTERM);
  EXPECT_EQ(rig_->timer(), "kill-hook:OnAlarm emit:hook-failed");
  EXPECT_EQ(rig_->timer(), "emit:finished exit:1");
}

}  // namespace
}  // namespace gatevisor::core
