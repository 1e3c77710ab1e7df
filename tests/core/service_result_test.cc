// systemd's Result=: the first failure is the result, whatever comes behind it.

#include "core_testing.h"

namespace gatevisor::core {
namespace {

Command command(const std::string& path) {
  Command made;
  made.path = path;
  made.argv = {path};
  return made;
}

ServiceSettings with(CommandKind kind, RestartMode mode = RestartMode::OnFailure) {
  ServiceSettings settings = loop_settings();
  settings.restart.mode = mode;
  settings.commands.of(kind) = {command("/c")};
  return settings;
}

void spawn_command(Rig& rig) {
  rig.feed(event::CommandSpawned{Rig::kCommandPid, std::string(32, 'a'), {}});
}

TEST(ServiceResult, OfAnEndIsToldWithIt) {
  Rig rig;
  rig.run();
  rig.exits(3);
  EXPECT_EQ(rig.last<record::Exited>().result, "exit-code");
  EXPECT_EQ(rig.count<record::Failed>(), 0U);
}

TEST(ServiceResult, StopPostThatFailsIsAFailureThoughTheEndWasNone) {
  Rig rig(with(CommandKind::StopPost, RestartMode::No));
  rig.run();
  rig.exits(0);
  EXPECT_EQ(rig.command_exits(9),
            "emit:command-failed emit:failed=exit-code release emit:finished exit:1");
}

TEST(ServiceResult, StopPostThatFailsIsRespawnedByThePolicy) {
  Rig rig(with(CommandKind::StopPost));
  rig.run();
  rig.exits(0);
  EXPECT_EQ(rig.verdict().next.action, NextAction::Stop);
  rig.command_exits(9);
  EXPECT_EQ(rig.last<record::Failed>().next.action, NextAction::Respawn);
  EXPECT_EQ(rig.state(), ServiceState::Waiting);
}

TEST(ServiceResult, OnSuccessDoesNotRespawnWhatFailedBehindItsEnd) {
  Rig rig(with(CommandKind::StopPost, RestartMode::OnSuccess));
  rig.run();
  rig.exits(0);
  EXPECT_EQ(rig.verdict().next.action, NextAction::Respawn);
  rig.command_exits(9);
  EXPECT_EQ(rig.exit_status, 1);
}

TEST(ServiceResult, StopPostThatHangsIsATimeOut) {
  Rig rig(with(CommandKind::StopPost, RestartMode::No));
  rig.run();
  rig.exits(0);
  spawn_command(rig);
  EXPECT_EQ(rig.timer(), "emit:command-failed tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.feed(event::CommandExited{WaitStatus::killed(SIGTERM), {}, false}),
            "emit:failed=timeout release emit:finished exit:1");
}

TEST(ServiceResult, StopThatHangsIsATimeOutThoughARequestWasMade) {
  Rig rig(with(CommandKind::Stop));
  rig.run();
  rig.signal(SIGTERM);
  spawn_command(rig);
  rig.timer();
  rig.dies(WaitStatus::exited(0), true);
  EXPECT_EQ(rig.verdict().cause, Cause::Requested);
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "emit:failed=timeout release emit:finished exit:0");
}

TEST(ServiceResult, FirstFailureStays) {
  Rig rig(with(CommandKind::StopPost, RestartMode::No));
  rig.run();
  rig.exits(3);
  rig.command_dies(WaitStatus::killed(SIGSEGV));
  EXPECT_EQ(rig.count<record::Failed>(), 0U);
  EXPECT_EQ(rig.exit_status, 3);
}

TEST(ServiceResult, RestartThatSomebodyAsksForMeanwhileHasTheLastWord) {
  Rig rig(with(CommandKind::StopPost, RestartMode::No));
  rig.run();
  rig.exits(0);
  spawn_command(rig);
  rig.restart();
  rig.feed(event::CommandExited{WaitStatus::exited(9), {}, false});
  EXPECT_EQ(rig.last<record::Failed>().next.action, NextAction::Respawn);
}

// ---- TimeoutStopFailureMode= of what has no main process any more -----------------------------

TEST(SlowStopPost, IsSentTheWatchdogSignalInModeAbort) {
  ServiceSettings settings = with(CommandKind::StopPost, RestartMode::No);
  settings.life.stop_failure = TimeoutMode::Abort;
  settings.life.timeout_abort = 5s;
  Rig rig(settings);
  rig.run();
  rig.exits(0);
  spawn_command(rig);
  EXPECT_EQ(rig.timer(), "emit:command-failed tree:SIGABRT tree:SIGCONT");
  EXPECT_EQ(rig.deadline(), rig.now + 5s);
  EXPECT_EQ(rig.timer(), "emit:escalated kill");
}

TEST(SlowStopPost, IsKilledAtOnceInModeKill) {
  ServiceSettings settings = with(CommandKind::StopPost, RestartMode::No);
  settings.life.stop_failure = TimeoutMode::Kill;
  Rig rig(settings);
  rig.run();
  rig.exits(0);
  spawn_command(rig);
  EXPECT_EQ(rig.timer(), "emit:command-failed kill");
}

// ---- ExitType=cgroup ---------------------------------------------------------------------------

ServiceSettings group() {
  ServiceSettings settings = loop_settings();
  settings.life.exit_type = ExitType::Cgroup;
  settings.restart.mode = RestartMode::No;
  return settings;
}

TEST(ExitTypeCgroup, EndsWhenTheLastProcessHas) {
  Rig rig(group());
  rig.run();
  EXPECT_EQ(rig.dies(WaitStatus::exited(0), true), "");
  EXPECT_EQ(rig.state(), ServiceState::Running);
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "emit:exited no-pidfile release emit:finished exit:0");
}

TEST(ExitTypeCgroup, StatusIsTheMainProcesss) {
  Rig rig(group());
  rig.run();
  rig.dies(WaitStatus::exited(5), true);
  rig.feed(event::TreeEmpty{});
  EXPECT_EQ(rig.verdict().cause, Cause::ExitCode);
  EXPECT_EQ(rig.exit_status, 5);
}

TEST(ExitTypeCgroup, MainProcessThatIsTheLastEndsIt) {
  Rig rig(group());
  rig.run();
  EXPECT_EQ(rig.exits(0), "emit:exited no-pidfile release emit:finished exit:0");
}

TEST(ExitTypeCgroup, StopAsksWhatIsLeft) {
  Rig rig(group());
  rig.run();
  rig.dies(WaitStatus::exited(0), true);
  EXPECT_EQ(rig.signal(SIGTERM), "emit:exited no-pidfile emit:stopping tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release emit:finished exit:0");
}

TEST(ExitTypeCgroup, RestartAsksWhatIsLeftAndBeginsAnew) {
  Rig rig(group());
  rig.run();
  rig.dies(WaitStatus::exited(0), true);
  EXPECT_EQ(rig.restart(), "emit:exited no-pidfile tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release spawn:2");
}

TEST(ExitTypeCgroup, LongestLifeCountsOn) {
  ServiceSettings settings = group();
  settings.life.runtime_max = 60s;
  Rig rig(settings);
  rig.run();
  rig.timer();  // Tidy
  rig.dies(WaitStatus::exited(0), true);
  EXPECT_EQ(rig.timer(), "emit:exited no-pidfile tree:SIGTERM tree:SIGCONT");
  rig.feed(event::TreeEmpty{});
  EXPECT_EQ(rig.verdict().cause, Cause::RuntimeLimit);
}

}  // namespace
}  // namespace gatevisor::core
