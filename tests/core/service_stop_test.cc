// Stopping: KillMode=, the two signals, SendSIGKILL=, and what a stop finds in each state.

#include "core_testing.h"

namespace gatevisor::core {
namespace {

ServiceSettings kill_mode(KillMode mode) {
  ServiceSettings settings = loop_settings();
  settings.kill.mode = mode;
  return settings;
}

TEST(KillMode, ControlGroupSignalsAllAndKillsAll) {
  Rig rig(kill_mode(KillMode::ControlGroup));
  rig.run();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.timer(), "emit:escalated kill");
  EXPECT_EQ(rig.dies(WaitStatus::killed(SIGKILL), true), "emit:exited no-pidfile kill");
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release emit:finished exit:137");
}

TEST(KillMode, MixedSignalsMainAndThenKillsTheRest) {
  Rig rig(kill_mode(KillMode::Mixed));
  rig.run();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping main:SIGTERM main:SIGCONT");
  EXPECT_EQ(rig.dies(WaitStatus::exited(0), true), "emit:exited no-pidfile kill");
  EXPECT_EQ(rig.state(), ServiceState::ClearKilling);
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release emit:finished exit:0");
}

TEST(KillMode, MixedKillsAllAtTheTimeout) {
  Rig rig(kill_mode(KillMode::Mixed));
  rig.run();
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.timer(), "emit:escalated kill");
}

TEST(KillMode, MixedKillsWhatACrashLeftBehind) {
  Rig rig(kill_mode(KillMode::Mixed));
  rig.run();
  EXPECT_EQ(rig.dies(WaitStatus::exited(1), true), "emit:exited no-pidfile kill");
}

TEST(KillMode, ProcessTouchesTheMainProcessAlone) {
  Rig rig(kill_mode(KillMode::Process));
  rig.run();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping main:SIGTERM main:SIGCONT");
  EXPECT_EQ(rig.timer(), "emit:escalated main:SIGKILL");
  EXPECT_EQ(rig.dies(WaitStatus::killed(SIGKILL), true),
            "emit:exited no-pidfile release emit:finished exit:137");
}

TEST(KillMode, ProcessKeepsToItWithAnotherFinalSignal) {
  ServiceSettings settings = kill_mode(KillMode::Process);
  settings.kill.final_signal = SIGABRT;
  Rig rig(settings);
  rig.run();
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.timer(), "emit:escalated main:SIGABRT");
}

TEST(KillMode, ProcessLeavesWhatACrashLeftBehind) {
  Rig rig(kill_mode(KillMode::Process));
  rig.run();
  EXPECT_EQ(rig.dies(WaitStatus::exited(1), true), "emit:exited no-pidfile release");
  EXPECT_EQ(rig.state(), ServiceState::Waiting);
}

TEST(KillMode, NoneLeavesTheGatewayRunning) {
  Rig rig(kill_mode(KillMode::None));
  rig.run();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping no-pidfile emit:finished exit:0");
  EXPECT_EQ(rig.last<record::Finished>().reason, "KillMode=none: the gateway is left running");
}

TEST(KillMode, NoneLeavesWhatACrashLeftBehind) {
  Rig rig(kill_mode(KillMode::None));
  rig.run();
  EXPECT_EQ(rig.dies(WaitStatus::exited(1), true), "emit:exited no-pidfile release");
}

TEST(KillMode, NoneMakesNobodyTheReasonOfALaterEnd) {
  // Nothing was sent for the restart that somebody asked for: the end is the gateway's own.
  Rig rig(kill_mode(KillMode::None));
  rig.run();
  EXPECT_EQ(rig.restart(), "emit:warning");
  rig.now += 1h;
  EXPECT_EQ(rig.exits(3), "emit:exited no-pidfile release spawn:2");
  EXPECT_EQ(rig.verdict().cause, Cause::ExitCode);
  EXPECT_EQ(rig.verdict().next.reason, "restart requested");
}

TEST(StopSignals, AreSentInTheirOrder) {
  ServiceSettings settings = loop_settings();
  settings.kill.signal = SIGINT;
  settings.kill.send_sighup = true;
  Rig rig(settings);
  rig.run();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping tree:SIGINT tree:SIGHUP tree:SIGCONT");
  EXPECT_EQ(rig.last<record::Stopping>().signal, SIGINT);
}

TEST(StopSignals, SigkillAndSigcontNeedNoSigcont) {
  for (const int signal : {SIGKILL, SIGCONT}) {
    ServiceSettings settings = loop_settings();
    settings.kill.signal = signal;
    Rig rig(settings);
    rig.run();
    EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping tree:" + signal_name(signal));
  }
}

TEST(StopSignals, RestartKillSignalIsForARestartAlone) {
  ServiceSettings settings = loop_settings();
  settings.kill.restart_signal = SIGUSR2;
  Rig restarted(settings);
  restarted.run();
  EXPECT_EQ(restarted.restart(), "emit:stopping tree:SIGUSR2 tree:SIGCONT");
  EXPECT_EQ(restarted.last<record::Stopping>().signal, SIGUSR2);
  EXPECT_TRUE(restarted.last<record::Stopping>().for_restart);
  Rig stopped(settings);
  stopped.run();
  EXPECT_EQ(stopped.signal(SIGTERM), "emit:stopping tree:SIGTERM tree:SIGCONT");
  EXPECT_FALSE(stopped.last<record::Stopping>().for_restart);
}

TEST(StopSignals, FinalKillSignalIsSentToAll) {
  ServiceSettings settings = loop_settings();
  settings.kill.final_signal = SIGABRT;
  Rig rig(settings);
  rig.run();
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.timer(), "emit:escalated tree:SIGABRT");
  rig.dies(WaitStatus::dumped(SIGABRT));
  EXPECT_EQ(rig.verdict().cause, Cause::StopTimeout);
  EXPECT_EQ(rig.exit_status, 134);
}

TEST(SendSigkill, NoEndsTheStopAtItsTimeoutAndLeavesTheGateway) {
  ServiceSettings settings = loop_settings();
  settings.kill.send_sigkill = false;
  Rig rig(settings);
  rig.run();
  const Instant asked = rig.now;
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.timer(), "emit:left-behind no-pidfile emit:failed=timeout emit:finished exit:137");
  EXPECT_EQ(rig.now, asked + 8s);
  EXPECT_EQ(rig.last<record::LeftBehind>().pid, 101);
  EXPECT_EQ(rig.count<record::Exited>(), 0u) << "it did not die";
}

TEST(SendSigkill, NoWaitsForTheEndBeforeARestart) {
  ServiceSettings settings = loop_settings();
  settings.kill.send_sigkill = false;
  Rig rig(settings);
  rig.run();
  rig.restart();
  EXPECT_EQ(rig.timer(), "emit:left-behind");
  EXPECT_EQ(rig.deadline(), Instant::max());
  rig.now += 24h;
  EXPECT_EQ(rig.exits(0), "emit:exited no-pidfile emit:failed=timeout release spawn:2");
}

TEST(SendSigkill, NoAsksOnceMoreWhenAStopFollowsARestartInVain) {
  ServiceSettings settings = loop_settings();
  settings.kill.send_sigkill = false;
  settings.kill.restart_signal = SIGUSR2;
  Rig rig(settings);
  rig.run();
  rig.restart();
  rig.timer();
  rig.now += 1h;
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping tree:SIGTERM tree:SIGCONT");
  const Instant asked = rig.now;
  EXPECT_EQ(rig.timer(), "emit:left-behind no-pidfile emit:failed=timeout emit:finished exit:137");
  EXPECT_EQ(rig.now, asked + 8s);
}

TEST(SendSigkill, NoLeavesWhatACrashLeftBehind) {
  ServiceSettings settings = loop_settings();
  settings.kill.send_sigkill = false;
  Rig rig(settings);
  rig.run();
  rig.dies(WaitStatus::exited(1), true);
  EXPECT_EQ(rig.timer(), "emit:left-behind release spawn:2");
  EXPECT_EQ(rig.last<record::LeftBehind>().pid, 0);
}

TEST(SendSigkill, NoGivesWhatIsLeftByALateEndNoTimeOfItsOwn) {
  ServiceSettings settings = loop_settings();
  settings.kill.send_sigkill = false;
  Rig rig(settings);
  rig.run();
  rig.restart();
  rig.timer();
  rig.now += 1h;
  EXPECT_EQ(rig.dies(WaitStatus::exited(0), true), "emit:exited no-pidfile");
  EXPECT_EQ(rig.deadline(), rig.now) << "they were asked an hour ago";
  EXPECT_EQ(rig.timer(), "emit:left-behind emit:failed=timeout release spawn:2");
}

TEST(SendSigkill, NoWithKillModeMixedAsksTheRestWithinTheSameTime) {
  ServiceSettings settings = kill_mode(KillMode::Mixed);
  settings.kill.send_sigkill = false;
  Rig rig(settings);
  rig.run();
  const Instant asked = rig.now;
  rig.signal(SIGTERM);
  rig.now += 7s;
  EXPECT_EQ(rig.dies(WaitStatus::exited(0), true),
            "emit:exited no-pidfile tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.deadline(), asked + 8s);
  EXPECT_EQ(rig.timer(), "emit:left-behind emit:failed=timeout release emit:finished exit:0");
}

TEST(StopTimeout, LeftOversShareTheDeadlineOfTheStop) {
  Rig rig;
  rig.run();
  const Instant asked = rig.now;
  rig.signal(SIGTERM);
  rig.now += 7s;
  rig.dies(WaitStatus::exited(0), true);
  EXPECT_EQ(rig.deadline(), asked + 8s);
  EXPECT_EQ(rig.timer(), "emit:escalated kill");
  EXPECT_EQ(rig.deadline(), asked + 8s + Service::kKillGrace);
}

TEST(StopTimeout, InfinityWaitsForEver) {
  ServiceSettings settings = loop_settings();
  settings.kill.timeout_stop = kForever;
  Rig rig(settings);
  rig.run();
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.deadline(), Instant::max());
}

TEST(StopTimeout, IsNoTickEarly) {
  Rig rig;
  rig.run();
  rig.signal(SIGTERM);
  rig.now = rig.deadline() - 1us;
  EXPECT_EQ(rig.feed(event::TimerExpired{}), "");
  rig.now += 1us;
  EXPECT_EQ(rig.feed(event::TimerExpired{}), "emit:escalated kill");
}

TEST(StopAnywhere, SecondTermChangesNothing) {
  Rig rig;
  rig.run();
  rig.signal(SIGTERM);
  const Instant deadline = rig.deadline();
  rig.now += 5s;
  EXPECT_EQ(rig.signal(SIGTERM), "");
  EXPECT_EQ(rig.signal(SIGINT), "");
  EXPECT_EQ(rig.deadline(), deadline);
  EXPECT_EQ(rig.count<record::Stopping>(), 1u);
}

TEST(StopAnywhere, BeforeTheProcessWasMade) {
  Rig rig;
  rig.start();
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.spawned(), "tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.exec_succeeded(), "pidfile:101 emit:started") << "it ran all the same";
  EXPECT_EQ(rig.dies(WaitStatus::killed(SIGTERM)),
            "emit:exited no-pidfile release emit:finished exit:143");
  EXPECT_EQ(rig.verdict().cause, Cause::Requested);
}

TEST(StopAnywhere, BeforeAProcessThatCannotBeMade) {
  Rig rig;
  rig.start();
  rig.signal(SIGTERM);
  rig.feed(event::SpawnFailed{ExecStep::Clone, Error{"clone", "", EAGAIN, ""}});
  EXPECT_EQ(rig.state(), ServiceState::Over);
  EXPECT_EQ(rig.verdict().next.action, NextAction::Stop);
}

TEST(StopAnywhere, WhileItIsStoppedForARestart) {
  Rig rig;
  rig.run();
  rig.restart();
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.exits(0), "emit:exited no-pidfile release emit:finished exit:0");
}

TEST(StopAnywhere, WhileWhatIsLeftIsCleared) {
  Rig rig;
  rig.run();
  rig.dies(WaitStatus::exited(5), true);
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release emit:finished exit:5");
}

TEST(StopAnywhere, WhileARestartThatCannotKillWaits) {
  Rig rig;
  rig.run();
  rig.restart();
  rig.timer();
  EXPECT_EQ(rig.timer(), "emit:left-behind");
  EXPECT_EQ(rig.deadline(), Instant::max());
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping no-pidfile emit:failed=timeout emit:finished exit:137");
}

TEST(StopRecords, SayWhoAskedAndWhoGetsWhat) {
  Rig rig;
  rig.run();
  rig.signal(SIGINT);
  const auto record = rig.last<record::Stopping>();
  EXPECT_EQ(record.from, (Requester{"SIGINT", 7, 0}));
  EXPECT_EQ(record.pid, 101);
  EXPECT_EQ(record.signal, SIGTERM);
  rig.timer();
  EXPECT_EQ(rig.last<record::KillEscalated>().pid, 101);
  EXPECT_EQ(rig.last<record::KillEscalated>().timeout, 8s);
}

}  // namespace
}  // namespace gatevisor::core
