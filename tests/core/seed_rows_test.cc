// The loop's behaviour, row by row, as far as no kernel is needed for it. Its other rows are tested
// beside the code that does them, under the same prefix.

#include <cerrno>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

TEST(Core, SeedRow_AutoRespawn_KilledGatewayComesBackWithNoCommandGiven) {
  Rig rig;
  rig.run();
  const Instant died = rig.now;
  EXPECT_EQ(rig.dies(WaitStatus::killed(SIGKILL)), "emit:exited no-pidfile release");
  EXPECT_EQ(rig.timer(), "spawn:2");
  EXPECT_LE(rig.now - died, 5s);
  rig.run();
  EXPECT_EQ(rig.exit_status, -1) << "gatevisor goes on";
  EXPECT_EQ(rig.last<record::Started>().launch, 2u);
}

TEST(Core, SeedRow_CleanExit_ExitZeroThatNobodyAskedForEndsWithZero) {
  Rig rig;
  rig.run();
  rig.exits(0);
  EXPECT_EQ(rig.exit_status, 0);
  EXPECT_EQ(rig.verdict().cause, Cause::Clean);
}

TEST(Core, SeedRow_RequestedExit_ExitZeroAfterARestartCommandRespawns) {
  Rig rig;
  rig.run();
  rig.restart();
  EXPECT_EQ(rig.exits(0), "emit:exited no-pidfile release spawn:2");
}

TEST(Core, SeedRow_SignalDeath_ShellStatusIs128PlusTheSignal) {
  for (const int signal : {SIGKILL, SIGTERM, SIGSEGV, SIGABRT}) {
    Rig rig;
    rig.run();
    rig.dies(WaitStatus::killed(signal));
    EXPECT_EQ(rig.verdict().shell_status, 128 + signal);
  }
}

TEST(Core, SeedRow_Delay_FirstRespawnStartsTwoSecondsAfterTheExit) {
  Rig rig;
  rig.run();
  const Instant died = rig.now;
  rig.exits(1);
  EXPECT_EQ(rig.verdict().next.delay, 2s);
  EXPECT_EQ(rig.timer(), "spawn:2");
  EXPECT_EQ(rig.now, died + 2s);
}

TEST(Core, SeedRow_CriticalSink_AlarmIsARecordLikeAnyOther) {
  // What is a record goes to every sink; the wording is tested in app.
  ServiceSettings settings = loop_settings();
  settings.alarm = {1, 60s};
  Rig rig(settings);
  rig.run();
  EXPECT_EQ(rig.exits(1), "emit:exited emit:alarm no-pidfile release");
}

TEST(Core, SeedRow_StrictCapabilities_ACapabilityThatCannotBeDroppedMeansNeverStarted) {
  Rig rig;
  rig.start();
  rig.spawned();
  rig.feed(event::ExecFailed{ExecStep::BoundingSet, EPERM});
  rig.exits(218);
  EXPECT_EQ(rig.exit_status, 218);
  EXPECT_EQ(rig.count<record::Started>(), 0u);
}

TEST(Core, SeedRow_SigtermOrSigint_GatewayGetsTermNoRespawnItsStatus) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Rig rig;
    rig.run();
    EXPECT_EQ(rig.signal(signal), "emit:stopping tree:SIGTERM tree:SIGCONT");
    EXPECT_EQ(rig.exits(7), "emit:exited no-pidfile release emit:finished exit:7");
  }
}

TEST(Core, SeedRow_TermToTheProcessGroup_NoRespawnInEitherOrder) {
  for (const RestartMode mode : {RestartMode::OnFailure, RestartMode::Always}) {
    ServiceSettings settings = loop_settings();
    settings.restart.mode = mode;
    Rig supervisor_first(settings);
    supervisor_first.run();
    supervisor_first.signal(SIGTERM);
    supervisor_first.dies(WaitStatus::killed(SIGTERM));
    EXPECT_EQ(supervisor_first.exit_status, 143);
    Rig gateway_first(settings);
    gateway_first.run();
    gateway_first.dies(WaitStatus::killed(SIGTERM));
    gateway_first.signal(SIGTERM);
    EXPECT_EQ(gateway_first.exit_status, 143);
  }
}

TEST(Core, SeedRow_KilledByTermFromElsewhere_IsNotFoughtUnlessItIsConfigured) {
  Rig rig;
  rig.run();
  rig.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig.verdict().next, (Next{NextAction::Stop, 0s, "Restart=on-failure"}));
  EXPECT_EQ(rig.exit_status, 143);

  ServiceSettings settings = loop_settings();
  settings.restart.force.signals.set(SIGTERM);
  Rig forced(settings);
  forced.run();
  forced.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(forced.verdict().next.action, NextAction::Respawn);

  settings = loop_settings();
  settings.restart.mode = RestartMode::Always;
  settings.restart.prevent.signals.set(SIGTERM);
  Rig prevented(settings);
  prevented.run();
  prevented.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(prevented.verdict().next.action, NextAction::Stop);

  settings.success.signals.set(SIGTERM);
  Rig success(settings);
  success.run();
  success.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(success.exit_status, 0);
}

TEST(Core, SeedRow_TermDuringTheDelay_EndsAtOnceAndLaunchesNothing) {
  Rig rig;
  rig.run();
  rig.exits(9);
  rig.now += 1s;
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping emit:finished exit:9");
}

TEST(Core, SeedRow_BoundedStop_GatewayThatIgnoresTermIsKilledInsideTheTimeout) {
  Rig rig;
  rig.run();
  const Instant asked = rig.now;
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.timer(), "emit:escalated kill");
  EXPECT_EQ(rig.now, asked + 8s);
  rig.dies(WaitStatus::killed(SIGKILL));
  EXPECT_EQ(rig.verdict().cause, Cause::StopTimeout);
  EXPECT_EQ(rig.exit_status, 137);
}

TEST(Core, SeedRow_ChildTracking_OneProcessIsTrackedHoweverManyCrashed) {
  Rig rig;
  rig.run();
  for (int crash = 1; crash <= 100; ++crash) {
    rig.exits(1);
    EXPECT_EQ(rig.verdict().pid, 100 + crash);
    rig.respawn();
  }
  EXPECT_EQ(rig.count<record::Exited>(), 100u);
  // Whatever has to be ended, it is the latest alone.
  EXPECT_EQ(rig.signal(SIGHUP), "emit:forwarded main:SIGHUP");
  EXPECT_EQ(rig.last<record::Forwarded>().pid, 201);
}

TEST(Core, SeedRow_PidReuse_NothingIsSentToAProcessThatHasEnded) {
  Rig rig;
  rig.run();
  rig.exits(1);
  for (const int signal : {SIGHUP, SIGUSR1}) EXPECT_EQ(rig.signal(signal), "emit:forwarded");
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping emit:finished exit:1");
}

TEST(Core, SeedRow_PidFile_IsWrittenAtEachLaunchAndGoneAtEachEnd) {
  Rig rig;
  rig.start();
  EXPECT_EQ(rig.spawned(), "") << "not before it is the gateway";
  EXPECT_EQ(rig.exec_succeeded(), "pidfile:101 emit:started");
  EXPECT_EQ(rig.exits(1), "emit:exited no-pidfile release");
  rig.timer();
  rig.spawned();
  EXPECT_EQ(rig.exec_succeeded(), "pidfile:102 emit:started");
}

TEST(Core, SeedRow_Exit78_IsNotRetried) {
  Rig rig;
  rig.run();
  rig.exits(78);
  EXPECT_EQ(rig.verdict().next, (Next{NextAction::Stop, 0s, "RestartPreventExitStatus="}));
  EXPECT_EQ(rig.exit_status, 78);
}

}  // namespace
}  // namespace gatevisor::core
