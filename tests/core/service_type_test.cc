// Type=: when a service counts as started, and what ends it before and after.

#include <algorithm>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

ServiceSettings of_type(ServiceType type) {
  ServiceSettings settings = loop_settings();
  settings.life.type = type;
  settings.life.timeout_start = 90s;
  settings.commands.start_post = {Command{.path = "/p", .argv = {"/p"}}};
  return settings;
}

TEST(Notify, StartedIsWhenItSaysSo) {
  Rig rig(of_type(ServiceType::Notify));
  rig.start();
  rig.spawned();
  EXPECT_EQ(rig.exec_succeeded(), "pidfile:101 emit:started");
  EXPECT_EQ(rig.state(), ServiceState::Starting);
  EXPECT_EQ(rig.feed(event::Notified{.ready = true}), "emit:ready ExecStartPost:0,MAINPID=101");
}

TEST(Notify, SilenceIsAStartTimeout) {
  Rig rig(of_type(ServiceType::Notify));
  rig.launch();
  EXPECT_EQ(rig.timer(), "tree:SIGTERM tree:SIGCONT");
  rig.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig.verdict().cause, Cause::StartTimeout);
  EXPECT_EQ(rig.verdict().sender, Sender::Gatevisor);
}

TEST(Notify, TimeoutCanAbortOrKill) {
  ServiceSettings settings = of_type(ServiceType::Notify);
  settings.life.start_failure = TimeoutMode::Abort;
  Rig rig(settings);
  rig.launch();
  EXPECT_EQ(rig.timer(), "tree:SIGABRT tree:SIGCONT");
  settings.life.start_failure = TimeoutMode::Kill;
  Rig kill(settings);
  kill.launch();
  EXPECT_EQ(kill.timer(), "kill");
}

TEST(Notify, MoreTimeCanBeAskedFor) {
  Rig rig(of_type(ServiceType::Notify));
  rig.launch();
  const Instant before = rig.deadline();
  rig.now += 80s;
  rig.feed(event::Notified{.extend_timeout = 60s});
  EXPECT_EQ(rig.deadline(), before + 50s);
  rig.feed(event::Notified{.extend_timeout = 1s});
  EXPECT_EQ(rig.deadline(), before + 50s);
}

TEST(Notify, EndBeforeReadyIsAProtocolErrorEvenWithCode0) {
  Rig rig(of_type(ServiceType::Notify));
  rig.launch();
  rig.exits(0);
  EXPECT_EQ(rig.verdict().cause, Cause::Protocol);
  EXPECT_EQ(rig.verdict().next.action, NextAction::Respawn);
}

TEST(Notify, WatchdogAbortsWhatIsSilent) {
  ServiceSettings settings = of_type(ServiceType::Notify);
  settings.commands.start_post.clear();
  settings.life.watchdog = 20s;
  Rig rig(settings);
  rig.launch();
  rig.feed(event::Notified{.ready = true});
  rig.timer();  // tidy
  rig.now += 15s;
  rig.feed(event::Notified{.watchdog = true});
  EXPECT_EQ(rig.deadline(), rig.now + 20s);
  EXPECT_EQ(rig.timer(), "tree:SIGABRT tree:SIGCONT");
  rig.dies(WaitStatus::dumped(SIGABRT));
  EXPECT_EQ(rig.verdict().cause, Cause::Watchdog);
}

TEST(Notify, WatchdogTriggerActsAtOnce) {
  Rig rig;
  rig.run();
  EXPECT_EQ(rig.feed(event::Notified{.watchdog_trigger = true}), "tree:SIGABRT tree:SIGCONT");
  rig.dies(WaitStatus::dumped(SIGABRT));
  EXPECT_EQ(rig.verdict().cause, Cause::Watchdog);
}

TEST(Notify, StoppingIsItsOwnStopWithinTheTimeOfOne) {
  ServiceSettings settings = of_type(ServiceType::Notify);
  settings.commands.start_post.clear();
  Rig rig(settings);
  rig.launch();
  rig.feed(event::Notified{.ready = true});
  EXPECT_EQ(rig.feed(event::Notified{.stopping = true}), "");
  EXPECT_EQ(rig.state(), ServiceState::Stopping);
  rig.exits(0);
  EXPECT_EQ(rig.verdict().cause, Cause::Clean);
}

TEST(Notify, LastWordsAreEvidence) {
  Rig rig(of_type(ServiceType::Notify));
  rig.launch();
  rig.feed(event::Notified{.error_number = 5, .status = "no disk"});
  rig.exits(1);
  const auto& evidence = rig.verdict().evidence;
  EXPECT_NE(std::ranges::find(evidence, Evidence{"sd_notify", "STATUS", "no disk"}),
            evidence.end());
  EXPECT_NE(std::ranges::find(evidence, Evidence{"sd_notify", "ERRNO", "5"}), evidence.end());
}

TEST(NotifyReload, SignalThenReloadingThenReady) {
  ServiceSettings settings = of_type(ServiceType::NotifyReload);
  settings.commands.start_post.clear();
  Rig rig(settings);
  rig.launch();
  rig.feed(event::Notified{.ready = true});
  EXPECT_EQ(rig.signal(SIGHUP), "emit:reloading main:SIGHUP");
  EXPECT_EQ(rig.feed(event::Notified{.ready = true}), "");  // of before
  rig.feed(event::Notified{.reloading = true});
  EXPECT_EQ(rig.feed(event::Notified{.ready = true}), "emit:reloaded");
  EXPECT_EQ(rig.state(), ServiceState::Running);
}

TEST(Forking, MainProcessIsLookedForWhenTheFirstOneHasEnded) {
  Rig rig(of_type(ServiceType::Forking));
  EXPECT_EQ(rig.start(), "ExecStart:0");
  EXPECT_EQ(rig.command_exits(0, true), "find-main await-tree");
  EXPECT_EQ(rig.feed(event::MainFound{77}), "emit:started ExecStartPost:0,MAINPID=77");
  EXPECT_EQ(rig.command_exits(0, true), "");
  EXPECT_EQ(rig.state(), ServiceState::Running);
  EXPECT_EQ(rig.dies(WaitStatus::killed(SIGSEGV)), "emit:exited no-pidfile release");
  EXPECT_EQ(rig.verdict().pid, 77);
}

TEST(Forking, ThatLeavesNoProcessHasEndedAsItsFirstOneDid) {
  Rig rig(of_type(ServiceType::Forking));
  rig.start();
  rig.command_exits(0);
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "ExecStartPost:0");
  rig.command_exits(0);
  EXPECT_EQ(rig.verdict().cause, Cause::Clean);
}

TEST(Forking, ThatLeavesNoProcessThoughItPromisedOneIsAProtocolError) {
  ServiceSettings settings = of_type(ServiceType::Forking);
  settings.pid_file = "/run/gw.pid";
  settings.writes_pid_file = false;
  Rig rig(settings);
  rig.start();
  rig.command_exits(0);
  rig.feed(event::TreeEmpty{});
  EXPECT_EQ(rig.verdict().cause, Cause::Protocol);
}

TEST(Forking, ThatNeverWritesItsPidFileIsAStartTimeout) {
  Rig rig(of_type(ServiceType::Forking));
  rig.start();
  rig.command_exits(0, true);
  EXPECT_EQ(rig.timer(), "emit:exited no-pidfile tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.verdict().cause, Cause::StartTimeout);
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release");
}

TEST(Forking, FirstProcessThatFailsIsTheFailure) {
  Rig rig(of_type(ServiceType::Forking));
  rig.start();
  rig.command_exits(2);
  EXPECT_EQ(rig.verdict().command, "ExecStart=/usr/bin/gateway");
  EXPECT_EQ(rig.verdict().cause, Cause::ExitCode);
}

TEST(Oneshot, CommandsRunOneAfterTheOtherAndThenItIsOver) {
  ServiceSettings settings = of_type(ServiceType::Oneshot);
  settings.commands.main.push_back(settings.commands.main.front());
  Rig rig(settings);
  EXPECT_EQ(rig.start(), "spawn:1");
  rig.spawned();
  rig.exec_succeeded();
  EXPECT_EQ(rig.state(), ServiceState::Starting);
  EXPECT_EQ(rig.exits(0), "spawn:1");
  rig.spawned();
  rig.exec_succeeded();
  EXPECT_EQ(rig.exits(0), "ExecStartPost:0");
  EXPECT_EQ(rig.command_exits(0), "emit:exited no-pidfile release emit:finished exit:0");
  EXPECT_EQ(rig.count<record::Exited>(), 1U);
}

TEST(Oneshot, FailureOfOneEndsItAll) {
  ServiceSettings settings = of_type(ServiceType::Oneshot);
  settings.restart.mode = RestartMode::No;
  settings.commands.main.push_back(settings.commands.main.front());
  Rig rig(settings);
  rig.launch();
  rig.exits(1);
  EXPECT_EQ(rig.exit_status, 1);
}

TEST(Oneshot, RemainsAfterItsExitUntilItIsStopped) {
  ServiceSettings settings = of_type(ServiceType::Oneshot);
  settings.commands.start_post.clear();
  settings.commands.stop = {Command{.path = "/s", .argv = {"/s"}}};
  settings.life.remain_after_exit = true;
  Rig rig(settings);
  rig.launch();
  EXPECT_EQ(rig.exits(0), "emit:exited no-pidfile");
  EXPECT_EQ(rig.state(), ServiceState::Exited);
  EXPECT_EQ(rig.deadline(), Instant::max());
  EXPECT_EQ(rig.signal(SIGTERM),
            "emit:stopping ExecStop:0,SERVICE_RESULT=success,EXIT_CODE=exited,EXIT_STATUS=0");
  EXPECT_EQ(rig.command_exits(0), "release emit:finished exit:0");
}

TEST(Oneshot, WithoutACommandItIsStartedAndStopped) {
  ServiceSettings settings = of_type(ServiceType::Oneshot);
  settings.commands.main.clear();
  settings.commands.start_post.clear();
  settings.commands.stop = {Command{.path = "/s", .argv = {"/s"}}};
  settings.life.remain_after_exit = true;
  Rig rig(settings);
  EXPECT_EQ(rig.start(), "emit:exited no-pidfile");
  EXPECT_EQ(rig.state(), ServiceState::Exited);
  EXPECT_EQ(rig.verdict().cause, Cause::Clean);
  EXPECT_EQ(rig.verdict().summary, "there was nothing to run");
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping ExecStop:0,SERVICE_RESULT=success");
  EXPECT_EQ(rig.command_exits(0), "release emit:finished exit:0");
}

TEST(Oneshot, WithoutACommandAStopMayComeWhileExecStartPostRuns) {
  ServiceSettings settings = of_type(ServiceType::Oneshot);
  settings.commands.main.clear();
  settings.commands.stop = {Command{.path = "/s", .argv = {"/s"}}};
  settings.life.remain_after_exit = true;
  Rig rig(settings);
  EXPECT_EQ(rig.start(), "ExecStartPost:0");
  rig.feed(event::CommandSpawned{50, "0123456789abcdef0123456789abcdef", {}});
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.count<record::Exited>(), 1U);
  rig.command_exits(0);
  rig.feed(event::TreeEmpty{});
  EXPECT_EQ(rig.exit_status, 0);
}

TEST(Runtime, LongestLifeIsEndedAndIsATimeoutForThePolicy) {
  ServiceSettings settings = loop_settings();
  settings.restart.mode = RestartMode::OnAbnormal;
  settings.life.runtime_max = 60s;
  Rig rig(settings);
  rig.run();
  rig.timer();  // tidy
  EXPECT_EQ(rig.timer(), "tree:SIGTERM tree:SIGCONT");
  rig.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig.verdict().cause, Cause::RuntimeLimit);
  EXPECT_EQ(rig.verdict().next.action, NextAction::Respawn);
}

TEST(Runtime, LongestLifeEndsWithExecStop) {
  ServiceSettings settings = loop_settings();
  settings.life.runtime_max = 60s;
  settings.commands.stop = {Command{.argv = {"/stop"}}};
  Rig rig(settings);
  rig.run();
  rig.timer();  // tidy
  EXPECT_EQ(rig.timer(), "ExecStop:0,MAINPID=101,SERVICE_RESULT=timeout");
  EXPECT_EQ(rig.command_exits(0), "tree:SIGTERM tree:SIGCONT");
  rig.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig.verdict().cause, Cause::RuntimeLimit);
}

TEST(StopFailureMode, AbortComesBeforeTheKillOnce) {
  ServiceSettings settings = loop_settings();
  settings.life.stop_failure = TimeoutMode::Abort;
  settings.life.timeout_abort = 3s;
  Rig rig(settings);
  rig.run();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.timer(), "emit:escalated tree:SIGABRT tree:SIGCONT");
  EXPECT_EQ(rig.deadline(), rig.now + 3s);
  EXPECT_EQ(rig.timer(), "emit:escalated kill");
  rig.dies(WaitStatus::killed(SIGKILL));
  EXPECT_EQ(rig.verdict().cause, Cause::StopTimeout);
}

TEST(StopFailureMode, KillDoesNotAskWhereExecStopWasTooSlow) {
  ServiceSettings settings = loop_settings();
  settings.life.stop_failure = TimeoutMode::Kill;
  settings.commands.stop = {Command{.argv = {"/stop"}}};
  Rig rig(settings);
  rig.run();
  rig.signal(SIGTERM);
  rig.feed(event::CommandSpawned{Rig::kCommandPid, "0123456789abcdef0123456789abcdef", {}});
  EXPECT_EQ(rig.timer(), "emit:command-failed emit:escalated kill");
  EXPECT_EQ(rig.state(), ServiceState::StopKilling);
}

TEST(MainPid, OfAServiceCanBeAnotherOne) {
  Rig rig;
  rig.run();
  EXPECT_EQ(rig.feed(event::Notified{.main_pid = 77}), "adopt:77");
  rig.feed(event::MainFound{77});
  rig.exits(1);
  EXPECT_EQ(rig.verdict().pid, 77);
}

// What is started then is told the new process's pid.
TEST(MainPid, OfTheSameDatagramCountsBeforeReady) {
  for (const bool taken : {true, false}) {
    Rig rig(of_type(ServiceType::Notify));
    rig.launch();
    EXPECT_EQ(rig.feed(event::Notified{.ready = true, .main_pid = 77}), "adopt:77");
    EXPECT_EQ(rig.state(), ServiceState::Starting);
    if (taken) {
      EXPECT_EQ(rig.feed(event::MainFound{77}), "emit:ready ExecStartPost:0,MAINPID=77");
    } else {
      EXPECT_EQ(rig.feed(event::MainRefused{77}), "emit:warning emit:ready ExecStartPost:0,MAINPID=101");
    }
  }
}

TEST(Notify, StoppingThatTakesTooLongIsAStopTimeout) {
  ServiceSettings settings = of_type(ServiceType::Notify);
  settings.commands.start_post.clear();
  Rig rig(settings);
  rig.launch();
  rig.feed(event::Notified{.ready = true});
  rig.feed(event::Notified{.stopping = true});
  EXPECT_EQ(rig.timer(), "emit:escalated kill");
  rig.dies(WaitStatus::killed(SIGKILL));
  EXPECT_EQ(rig.verdict().cause, Cause::StopTimeout);
}

TEST(Notify, WhatIsLeftOfAServiceThatStoppedItselfIsAskedToEnd) {
  ServiceSettings settings = of_type(ServiceType::Notify);
  settings.commands.start_post.clear();
  Rig rig(settings);
  rig.launch();
  rig.feed(event::Notified{.ready = true});
  rig.feed(event::Notified{.stopping = true});
  EXPECT_EQ(rig.dies(WaitStatus::exited(0), true),
            "emit:exited no-pidfile tree:SIGTERM tree:SIGCONT");
}

TEST(Notify, StoppingWithKillModeNoneKillsNothing) {
  ServiceSettings settings = of_type(ServiceType::Notify);
  settings.commands.start_post.clear();
  settings.kill.mode = KillMode::None;
  Rig rig(settings);
  rig.launch();
  rig.feed(event::Notified{.ready = true});
  rig.feed(event::Notified{.stopping = true});
  EXPECT_EQ(rig.state(), ServiceState::Running);
}

TEST(Notify, StopOfOneThatOutlivedItsOwnIsARequest) {
  ServiceSettings settings = of_type(ServiceType::Notify);
  settings.commands.start_post.clear();
  settings.kill.send_sigkill = false;
  Rig rig(settings);
  rig.launch();
  rig.feed(event::Notified{.ready = true});
  rig.feed(event::Notified{.stopping = true});
  EXPECT_EQ(rig.timer(), "emit:left-behind");
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping tree:SIGTERM tree:SIGCONT");
  rig.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig.verdict().cause, Cause::Requested);
}

TEST(NotifyReload, ReadyThatComesBeforeTheCommandIsDoneCounts) {
  ServiceSettings settings = of_type(ServiceType::NotifyReload);
  settings.commands.start_post.clear();
  settings.commands.reload = {Command{.path = "/r", .argv = {"/r"}}};
  Rig rig(settings);
  rig.launch();
  rig.feed(event::Notified{.ready = true});
  rig.signal(SIGHUP);
  rig.feed(event::Notified{.reloading = true});
  EXPECT_EQ(rig.feed(event::Notified{.ready = true}), "");
  EXPECT_EQ(rig.command_exits(0, true), "emit:reloaded");
}

TEST(StartTimeout, IsAFailureAlsoWithCode0) {
  ServiceSettings settings = of_type(ServiceType::Notify);
  settings.restart.mode = RestartMode::No;
  Rig rig(settings);
  rig.launch();
  rig.timer();
  rig.exits(0);
  EXPECT_EQ(rig.exit_status, 1);
}

TEST(StartTimeout, KillModeNoneKillsNothing) {
  ServiceSettings settings = of_type(ServiceType::Notify);
  settings.kill.mode = KillMode::None;
  settings.life.start_failure = TimeoutMode::Kill;
  Rig rig(settings);
  rig.launch();
  EXPECT_EQ(rig.timer(), "");
  EXPECT_EQ(rig.state(), ServiceState::Running);
}

TEST(Oneshot, RestartWithKillModeNoneWaitsForAllOfItsCommands) {
  ServiceSettings settings = of_type(ServiceType::Oneshot);
  settings.kill.mode = KillMode::None;
  settings.commands.start_post.clear();
  settings.commands.main.push_back(settings.commands.main.front());
  Rig rig(settings);
  rig.launch();
  EXPECT_EQ(rig.restart(), "emit:warning");
  EXPECT_EQ(rig.exits(0), "spawn:1");
  rig.spawned();
  EXPECT_EQ(rig.state(), ServiceState::Starting);
}

TEST(Oneshot, WatchdogOfOneCommandIsNotTheNextOnes) {
  ServiceSettings settings = of_type(ServiceType::Oneshot);
  settings.commands.main.push_back(settings.commands.main.front());
  Rig rig(settings);
  rig.launch();
  rig.feed(event::Notified{.watchdog_usec = 10s});
  EXPECT_EQ(rig.deadline(), rig.now + 10s);
  rig.exits(0);
  rig.spawned();
  EXPECT_EQ(rig.deadline(), rig.now + 90s);
}

TEST(Oneshot, WhatACommandLeftIsEndedAlsoWhereTheNextCannotBeMade) {
  ServiceSettings settings = of_type(ServiceType::Oneshot);
  settings.commands.main.push_back(settings.commands.main.front());
  Rig rig(settings);
  rig.launch();
  EXPECT_EQ(rig.dies(WaitStatus::exited(0), true), "spawn:1");
  EXPECT_EQ(rig.feed(event::SpawnFailed{ExecStep::Clone, Error{"clone", "", 11, ""}}),
            "emit:warning emit:exited no-pidfile tree:SIGTERM tree:SIGCONT");
}

TEST(Oneshot, MemoryEventsBetweenItsCommandsAreNotLost) {
  ServiceSettings settings = of_type(ServiceType::Oneshot);
  settings.commands.main.push_back(settings.commands.main.front());
  Rig rig(settings);
  rig.launch();
  rig.exits(0);
  rig.feed(event::MemoryChanged{});
  EXPECT_EQ(rig.spawned(), "rearm");
}

}  // namespace
}  // namespace gatevisor::core
