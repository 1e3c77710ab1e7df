// ExecStartPre= and its like: what runs when, what it is told, and what its end means.

#include <cerrno>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

ServiceSettings with(
    std::initializer_list<std::pair<CommandKind, std::vector<std::string>>> lists) {
  ServiceSettings settings = loop_settings();
  settings.life.timeout_start = 90s;
  for (const auto& [kind, programs] : lists) {
    for (const std::string& program : programs) {
      Command command;
      command.ignore_failure = program.starts_with('-');
      command.path = program.substr(command.ignore_failure ? 1 : 0);
      command.argv = {command.path};
      settings.commands.of(kind).push_back(command);
    }
  }
  return settings;
}

TEST(Commands, RunOneAfterTheOtherBeforeTheMainProcess) {
  Rig rig(with({{CommandKind::Condition, {"/c"}}, {CommandKind::StartPre, {"/a", "/b"}}}));
  EXPECT_EQ(rig.start(), "ExecCondition:0");
  EXPECT_EQ(rig.command_exits(0), "ExecStartPre:0");
  EXPECT_EQ(rig.command_exits(0), "ExecStartPre:1");
  EXPECT_EQ(rig.command_exits(0), "spawn:1");
  rig.run();
}

TEST(Commands, OneThatFailsIsAVerdictAndThePolicyDecides) {
  Rig rig(with({{CommandKind::StartPre, {"/a"}}}));
  rig.start();
  EXPECT_EQ(rig.command_exits(3), "emit:command-failed emit:exited no-pidfile release");
  const Verdict verdict = rig.verdict();
  EXPECT_EQ(verdict.cause, Cause::ExitCode);
  EXPECT_EQ(verdict.command, "ExecStartPre=/a");
  EXPECT_EQ(verdict.pid, Rig::kCommandPid);
  EXPECT_EQ(verdict.shell_status, 3);
  EXPECT_EQ(rig.state(), ServiceState::Waiting);
  EXPECT_EQ(rig.timer(), "ExecStartPre:0");
}

TEST(Commands, MinusIgnoresAFailureAndTheNextOneRuns) {
  Rig rig(with({{CommandKind::StartPre, {"-/a", "/b"}}}));
  rig.start();
  EXPECT_EQ(rig.command_exits(3), "ExecStartPre:1");
}

TEST(Commands, OneThatCannotBeExecutedIsAnExecFailure) {
  Rig rig(with({{CommandKind::StartPre, {"/lost"}}}));
  rig.start();
  rig.feed(event::CommandSpawned{50, "0123456789abcdef0123456789abcdef", {}});
  rig.feed(event::CommandExecFailed{ExecStep::Exec, ENOENT});
  rig.feed(event::CommandExited{WaitStatus::exited(203), {}, false});
  EXPECT_EQ(rig.verdict().cause, Cause::ExecFailure);
  EXPECT_EQ(rig.exit_status, 203);
}

TEST(Commands, ConditionFrom1To254SkipsTheUnitAndIsNoFailure) {
  Rig rig(with({{CommandKind::Condition, {"/c"}}}));
  rig.start();
  EXPECT_EQ(rig.command_exits(1), "emit:skipped release emit:finished exit:0");
  EXPECT_EQ(rig.count<record::Exited>(), 0U);
}

TEST(Commands, StopPostIsToldOfAnUnmetConditionAndOfAFailedStop) {
  Rig skipped(with({{CommandKind::Condition, {"/c"}}, {CommandKind::StopPost, {"/p"}}}));
  skipped.start();
  EXPECT_EQ(skipped.command_exits(1), "emit:skipped ExecStopPost:0,SERVICE_RESULT=exec-condition");
  Rig stopped(with({{CommandKind::Stop, {"/s"}}, {CommandKind::StopPost, {"/p"}}}));
  stopped.run();
  stopped.signal(SIGTERM);
  stopped.command_exits(8, true);
  EXPECT_EQ(stopped.dies(WaitStatus::killed(SIGTERM)),
            "emit:exited no-pidfile "
            "ExecStopPost:0,SERVICE_RESULT=exit-code,EXIT_CODE=killed,EXIT_STATUS=TERM");
}

TEST(Commands, ConditionWith255OrASignalIsAFailure) {
  Rig rig(with({{CommandKind::Condition, {"/c"}}}));
  rig.start();
  rig.command_exits(255);
  EXPECT_EQ(rig.verdict().cause, Cause::ExitCode);
  Rig killed(with({{CommandKind::Condition, {"/c"}}}));
  killed.start();
  killed.command_dies(WaitStatus::killed(SIGSEGV));
  EXPECT_EQ(killed.verdict().cause, Cause::Signal);
}

TEST(Commands, StartPostIsToldTheMainPidAndItsFailureStopsTheUnit) {
  Rig rig(with({{CommandKind::StartPost, {"/p"}}}));
  rig.start();
  rig.spawned();
  EXPECT_EQ(rig.exec_succeeded(), "pidfile:101 emit:started ExecStartPost:0,MAINPID=101");
  EXPECT_EQ(rig.command_exits(1, true), "emit:command-failed tree:SIGTERM tree:SIGCONT");
  rig.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig.verdict().command, "ExecStartPost=/p");
  EXPECT_EQ(rig.verdict().next.action, NextAction::Respawn);
}

TEST(Commands, StopRunsBeforeTheSignal) {
  Rig rig(with({{CommandKind::Stop, {"/s"}}}));
  rig.run();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping ExecStop:0,MAINPID=101,SERVICE_RESULT=success");
  EXPECT_EQ(rig.command_exits(0, true), "tree:SIGTERM tree:SIGCONT");
  rig.dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig.verdict().cause, Cause::Requested);
}

TEST(Commands, MainProcessThatEndsWhileStopRunsNeedsNoSignal) {
  Rig rig(with({{CommandKind::Stop, {"/s"}}}));
  rig.run();
  rig.signal(SIGTERM);
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.dies(WaitStatus::exited(0), true), "emit:exited no-pidfile");
  EXPECT_EQ(rig.feed(event::CommandExited{WaitStatus::exited(0), {}, false}),
            "release emit:finished exit:0");
}

TEST(Commands, StopRunsAlsoForAMainProcessThatEndedWellByItself) {
  Rig rig(with({{CommandKind::Stop, {"/s"}}}));
  rig.run();
  EXPECT_EQ(rig.exits(0),
            "emit:exited no-pidfile ExecStop:0,SERVICE_RESULT=success,EXIT_CODE=exited,"
            "EXIT_STATUS=0");
  EXPECT_EQ(rig.command_exits(0), "release emit:finished exit:0");
}

TEST(Commands, StopDoesNotRunForOneThatFailed) {
  Rig rig(with({{CommandKind::Stop, {"/s"}}}));
  rig.run();
  EXPECT_EQ(rig.exits(1), "emit:exited no-pidfile release");
}

TEST(Commands, StopPostAlwaysRunsAndIsToldHowItEnded) {
  Rig rig(with({{CommandKind::StopPost, {"/p"}}}));
  rig.run();
  EXPECT_EQ(rig.dies(WaitStatus::dumped(SIGSEGV)),
            "emit:exited no-pidfile "
            "ExecStopPost:0,SERVICE_RESULT=core-dump,EXIT_CODE=dumped,EXIT_STATUS=SEGV");
  EXPECT_EQ(rig.command_exits(0), "release");
  EXPECT_EQ(rig.state(), ServiceState::Waiting);
}

TEST(Commands, WhatStopPostLeavesBehindIsEndedToo) {
  Rig rig(with({{CommandKind::StopPost, {"/p"}}}));
  rig.run();
  rig.exits(1);
  EXPECT_EQ(rig.command_exits(0, true), "tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release");
}

TEST(Commands, StopPostThatHangsIsEndedAndTheRespawnFollows) {
  Rig rig(with({{CommandKind::StopPost, {"/p"}}}));
  rig.run();
  rig.exits(1);
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.timer(), "emit:command-failed tree:SIGTERM tree:SIGCONT");
  // The delay counts from the death, and has passed by now.
  EXPECT_EQ(rig.feed(event::CommandExited{WaitStatus::killed(SIGTERM), {}, false}),
            "release spawn:2");
}

TEST(Commands, AReloadThatHangsBehindTheDeathIsWaitedForWhenItIsKilled) {
  Rig rig(with({{CommandKind::Reload, {"/r"}}}));
  rig.run();
  rig.signal(SIGHUP);
  rig.feed(event::CommandSpawned{50, "x", {}});
  rig.exits(1);
  EXPECT_EQ(rig.timer(), "emit:command-failed command:SIGKILL tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.state(), ServiceState::Clearing);
  // It was the last of all, and who tells of its end tells of theirs.
  EXPECT_NE(rig.feed(event::CommandExited{WaitStatus::killed(SIGKILL), {}, false}), "");
  EXPECT_NE(rig.state(), ServiceState::Clearing);
}

TEST(Commands, StartPreThatHangsIsAStartTimeout) {
  Rig rig(with({{CommandKind::StartPre, {"/a"}}}));
  rig.start();
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.timer(), "emit:exited no-pidfile tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.verdict().cause, Cause::StartTimeout);
  EXPECT_EQ(rig.feed(event::CommandExited{WaitStatus::killed(SIGTERM), {}, false}), "release");
  EXPECT_EQ(rig.state(), ServiceState::Waiting);
}

TEST(Commands, StopWhileOneOfThemRunsEndsItWithoutAVerdict) {
  Rig rig(with({{CommandKind::StartPre, {"/a"}}}));
  rig.start();
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.feed(event::CommandExited{WaitStatus::killed(SIGTERM), {}, false}),
            "release emit:finished exit:0");
}

TEST(Commands, StopBetweenTheDecisionAndTheProcessEndsIt) {
  Rig rig(with({{CommandKind::StartPre, {"/a"}}}));
  rig.start();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping");
  EXPECT_EQ(rig.feed(event::CommandSpawned{50, "x", {}}), "tree:SIGTERM tree:SIGCONT");
}

TEST(Commands, HangupReloadsWhereTheUnitSaysHow) {
  Rig rig(with({{CommandKind::Reload, {"/r"}}}));
  rig.run();
  EXPECT_EQ(rig.signal(SIGHUP), "emit:reloading ExecReload:0,MAINPID=101");
  EXPECT_EQ(rig.command_exits(0, true), "emit:reloaded");
  EXPECT_EQ(rig.state(), ServiceState::Running);
}

TEST(Commands, HangupWhileItStartsOrReloadsIsKeptUntilThatIsDone) {
  Rig rig(with({{CommandKind::StartPost, {"/p"}}, {CommandKind::Reload, {"/r"}}}));
  rig.start();
  EXPECT_EQ(rig.signal(SIGHUP), "");
  rig.spawned();
  rig.exec_succeeded();
  ASSERT_EQ(rig.state(), ServiceState::StartPost);
  EXPECT_EQ(rig.signal(SIGHUP), "");
  EXPECT_EQ(rig.command_exits(0, true), "emit:reloading ExecReload:0,MAINPID=101");
  EXPECT_EQ(rig.signal(SIGHUP), "");
  EXPECT_EQ(rig.signal(SIGHUP), "") << "one for both: it reads what is there then";
  EXPECT_EQ(rig.command_exits(0, true), "emit:reloaded emit:reloading ExecReload:0,MAINPID=101");
  EXPECT_EQ(rig.command_exits(0, true), "emit:reloaded");
  EXPECT_EQ(rig.state(), ServiceState::Running);
}

TEST(Commands, ReloadThatHangsIsKilledAndTheServiceGoesOn) {
  Rig rig(with({{CommandKind::Reload, {"/r"}}}));
  rig.run();
  rig.signal(SIGHUP);
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.timer(), "emit:command-failed command:SIGKILL");
  EXPECT_EQ(rig.state(), ServiceState::Running);
}

TEST(Commands, MainProcessThatDiesDuringAReloadIsRespawnedWhenThatIsOver) {
  Rig rig(with({{CommandKind::Reload, {"/r"}}}));
  rig.run();
  rig.signal(SIGHUP);
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.dies(WaitStatus::exited(1), true), "emit:exited no-pidfile");
  EXPECT_EQ(rig.feed(event::CommandExited{WaitStatus::exited(0), {}, false}), "release");
  EXPECT_EQ(rig.state(), ServiceState::Waiting);
}

TEST(Commands, FailedStartPostOfAnEndedOneshotIsItsVerdict) {
  ServiceSettings settings = with({{CommandKind::StartPost, {"/p"}}, {CommandKind::Stop, {"/s"}}});
  settings.life.type = ServiceType::Oneshot;
  settings.life.remain_after_exit = true;
  settings.restart.mode = RestartMode::No;
  Rig rig(settings);
  rig.launch();
  EXPECT_EQ(rig.exits(0), "ExecStartPost:0");
  EXPECT_EQ(rig.command_exits(4),
            "emit:command-failed emit:exited no-pidfile release emit:finished exit:4");
}

TEST(Commands, StopDoesNotWaitForTheStartPostOfAnEndedOneshot) {
  ServiceSettings settings = with({{CommandKind::StartPost, {"/p"}}});
  settings.life.type = ServiceType::Oneshot;
  settings.restart.mode = RestartMode::Always;
  Rig rig(settings);
  rig.launch();
  rig.exits(0);
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping emit:exited no-pidfile tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.feed(event::CommandExited{WaitStatus::killed(SIGTERM), {}, false}),
            "release emit:finished exit:0");
}

TEST(Commands, StopAfterTheVerdictTakesBackTheRespawn) {
  Rig rig(with({{CommandKind::Reload, {"/r"}}}));
  rig.run();
  rig.signal(SIGHUP);
  rig.feed(event::CommandSpawned{50, "x", {}});
  rig.dies(WaitStatus::exited(1), true);
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping command:SIGKILL tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release emit:finished exit:1");
}

TEST(Commands, MainProcessThatExecStopEndsWasStoppedOnRequest) {
  Rig rig(with({{CommandKind::Stop, {"/bin/kill"}}}));
  rig.run();
  rig.signal(SIGTERM);
  rig.feed(event::CommandSpawned{50, "x", {}});
  rig.dies(WaitStatus::killed(SIGINT), true);
  EXPECT_EQ(rig.verdict().cause, Cause::Requested);
}

TEST(Commands, FailedReloadIsNoReload) {
  Rig rig(with({{CommandKind::Reload, {"/r"}}}));
  rig.run();
  rig.signal(SIGHUP);
  EXPECT_EQ(rig.command_exits(1, true), "emit:command-failed");
  EXPECT_EQ(rig.state(), ServiceState::Running);
}

TEST(Commands, OneThatCannotBeMadeDuringAStopDoesNotUndoTheStop) {
  Rig rig(with({{CommandKind::StartPost, {"/p"}}}));
  rig.launch();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.feed(event::CommandSpawnFailed{ExecStep::Clone, Error{"clone", "", EAGAIN, ""}}),
            "emit:warning");
  EXPECT_EQ(rig.state(), ServiceState::Stopping);
}

TEST(Commands, OneThatComesAfterTheStopSignalIsSentItToo) {
  Rig rig(with({{CommandKind::StartPost, {"/p"}}}));
  rig.launch();
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.feed(event::CommandSpawned{50, "x", {}}), "command:SIGTERM");
  EXPECT_EQ(rig.state(), ServiceState::Stopping);
}

TEST(Commands, StopPostRunsAlsoForAMainProcessThatIsLeft) {
  ServiceSettings settings = with({{CommandKind::StopPost, {"/p"}}});
  settings.kill.mode = KillMode::None;
  Rig rig(settings);
  rig.run();
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping no-pidfile ExecStopPost:0,SERVICE_RESULT=success");
  EXPECT_EQ(rig.command_exits(0, true), "emit:finished exit:0");
}

TEST(Commands, StopSignalReachesTheCommandInEveryKillMode) {
  ServiceSettings settings = with({{CommandKind::StartPost, {"/p"}}});
  settings.kill.mode = KillMode::Process;
  Rig rig(settings);
  rig.launch();
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.signal(SIGTERM), "emit:stopping main:SIGTERM command:SIGTERM main:SIGCONT");
  EXPECT_EQ(rig.dies(WaitStatus::killed(SIGTERM), true), "emit:exited no-pidfile command:SIGTERM");
  // What else it leaves is nobody's.
  EXPECT_EQ(rig.feed(event::CommandExited{WaitStatus::killed(SIGTERM), {}, true}),
            "release emit:finished exit:143");
}

TEST(Commands, WhatStartPreLeftIsEndedAlsoWhereNoMainProcessCanBeMade) {
  Rig rig(with({{CommandKind::StartPre, {"/a"}}}));
  rig.start();
  rig.command_exits(0, true);
  EXPECT_EQ(rig.feed(event::SpawnFailed{ExecStep::Clone, Error{"clone", "", EAGAIN, ""}}),
            "emit:warning emit:exited no-pidfile tree:SIGTERM tree:SIGCONT");
}

TEST(Commands, EscalationTellsTheTimeThatWasGiven) {
  ServiceSettings settings = with({{CommandKind::StopPost, {"/p"}}});
  settings.life.watchdog = 20s;
  settings.life.timeout_abort = 60s;
  Rig rig(settings);
  rig.run();
  rig.timer();  // tidy
  EXPECT_EQ(rig.timer(), "tree:SIGABRT tree:SIGCONT");
  rig.dies(WaitStatus::dumped(SIGABRT));
  rig.command_exits(0, true);
  rig.timer();
  EXPECT_EQ(rig.last<record::KillEscalated>().timeout, 8s);
}

TEST(Commands, KillModeProcessEndsAHungCommandAlone) {
  ServiceSettings settings = with({{CommandKind::StopPost, {"/p"}}});
  settings.kill.mode = KillMode::Process;
  Rig rig(settings);
  rig.run();
  rig.dies(WaitStatus::exited(1), true);
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.timer(), "emit:command-failed command:SIGTERM");
  EXPECT_EQ(rig.timer(), "emit:escalated command:SIGKILL");
  EXPECT_EQ(rig.feed(event::TreeChanged{}), "");
}

TEST(Commands, TimeOfACommandCountsFromItsProcess) {
  Rig rig(with({{CommandKind::StartPre, {"/a"}}}));
  rig.start();
  EXPECT_EQ(rig.deadline(), Instant::max());
  rig.now += 5s;
  rig.feed(event::CommandSpawned{50, "x", {}});
  EXPECT_EQ(rig.deadline(), rig.now + 90s);
}

}  // namespace
}  // namespace gatevisor::core
