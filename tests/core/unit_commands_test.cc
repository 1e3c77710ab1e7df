// What a client asks for: the job that comes of it, and when its answer comes.

#include <algorithm>

#include "units_testing.h"

namespace gatevisor::core {
namespace {

/// a runs before b; main is m, which has nothing to do with them.
Units two_in_order() {
  return Units({service("m"), service("b"), with(service("c"), Kind::After, "b.service")}, {0, 1, 2});
}

void start(Units& units) {
  units.start();
  for (const std::size_t unit : {0U, 1U, 2U}) units.runs(unit);
}

TEST(UnitCommands, ARestartIsAnsweredWhenItRunsAgain) {
  Units units = two_in_order();
  start(units);
  EXPECT_EQ(units.command(Verb::Restart, 1), "b:tree:SIGTERM");
  EXPECT_EQ(units.job(1), "restart");
  EXPECT_EQ(units.is_killed(1), "b:spawn:2");
  EXPECT_EQ(units.runs(1), "b:answer:1:done");
  EXPECT_EQ(units.job(1), "");
}

TEST(UnitCommands, WhatIsOrderedBehindARestartWaitsForIt) {
  Units units = two_in_order();
  start(units);
  EXPECT_EQ(units.command(Verb::Stop, 2, 1), "c:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(2), "c:answer:1:done");
  EXPECT_EQ(units.command(Verb::Restart, 1, 2), "b:tree:SIGTERM");
  EXPECT_EQ(units.command(Verb::Start, 2, 3), "") << "it is ordered behind b";
  EXPECT_EQ(units.is_killed(1), "b:spawn:2");
  EXPECT_EQ(units.runs(1), "c:spawn:2 b:answer:2:done");
  EXPECT_EQ(units.runs(2), "c:answer:3:done");
}

TEST(UnitCommands, ARestartWaitsForTheStopOfWhatIsBehindIt) {
  Units units = two_in_order();
  start(units);
  units.command(Verb::Stop, 2, 1);
  EXPECT_EQ(units.command(Verb::Restart, 1, 2), "") << "c is stopped first";
  EXPECT_EQ(units.is_killed(2), "b:tree:SIGTERM c:answer:1:done");
}

TEST(UnitCommands, WhatIsStoppedStaysDownUntilItIsStarted) {
  Units units({service("m"), service("b", RestartMode::Always)}, {0, 1});
  units.start();
  units.runs(0);
  units.runs(1);
  EXPECT_EQ(units.command(Verb::Stop, 1), "b:tree:SIGTERM");
  EXPECT_EQ(units.asked_by, "stop");
  EXPECT_EQ(units.is_killed(1), "b:answer:1:done");
  EXPECT_EQ(units.state(1), ServiceState::Over);
  EXPECT_EQ(units.command(Verb::Stop, 1, 2), "b:answer:2:done") << "as it is already";
  EXPECT_EQ(units.command(Verb::Start, 1, 3), "b:spawn:2");
  EXPECT_EQ(units.runs(1), "b:answer:3:done");
  EXPECT_EQ(units.command(Verb::Start, 1, 4), "b:answer:4:done");
}

TEST(UnitCommands, AStopTakesThoseAlongThatRequireIt) {
  auto c = with(with(service("c"), Kind::Requires, "b.service"), Kind::After, "b.service");
  Units units({service("m"), service("b"), c}, {0, 1, 2});
  start(units);
  EXPECT_EQ(units.command(Verb::Stop, 1), "c:tree:SIGTERM");
  EXPECT_EQ(units.asked_by, "the stop of b.service");
  EXPECT_EQ(units.is_killed(2), "b:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(1), "b:answer:1:done");
  EXPECT_EQ(units.command(Verb::Start, 2, 2), "b:spawn:2") << "and a start what it requires";
  EXPECT_EQ(units.runs(1), "c:spawn:2");
  EXPECT_EQ(units.runs(2), "c:answer:2:done");
}

TEST(UnitCommands, ARestartTakesThoseAlongThatRequireIt) {
  auto c = with(with(service("c"), Kind::Requires, "b.service"), Kind::After, "b.service");
  Units units({service("m"), service("b"), c}, {0, 1, 2});
  start(units);
  EXPECT_EQ(units.command(Verb::Restart, 1), "c:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(2), "b:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(1), "b:spawn:2");
  EXPECT_EQ(units.runs(1), "c:spawn:2 b:answer:1:done");
}

TEST(UnitCommands, TheStopOfTheMainUnitIsGatevisorsEnd) {
  Units units({service("a"), service("b")}, {0, 1});
  units.start();
  units.runs(0);
  units.runs(1);
  EXPECT_EQ(units.command(Verb::Stop, 0), "a:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(0), "b:tree:SIGTERM a:answer:1:done");
  EXPECT_EQ(units.command(Verb::Start, 0, 2), "a:answer:2:canceled") << "gatevisor ends";
  EXPECT_EQ(units.is_killed(1), "a:exit:143");
}

TEST(UnitCommands, KeepRunningOutlivesTheStopOfTheMainUnit) {
  Units units({service("a")}, {0}, true);
  units.start();
  units.runs(0);
  units.command(Verb::Stop, 0);
  EXPECT_EQ(units.is_killed(0), "a:answer:1:done");
  EXPECT_EQ(units.command(Verb::Start, 0, 2), "a:spawn:2");
  EXPECT_EQ(units.runs(0), "a:answer:2:done");
  units.sigterm();
  EXPECT_EQ(units.is_killed(0), "a:exit:143");
}

TEST(UnitCommands, AStartEndsTheWaitForARespawn) {
  Units units({service("a", RestartMode::OnFailure)});
  units.start();
  units.runs(0);
  units.ends(0, 1);
  ASSERT_EQ(units.state(0), ServiceState::Waiting);
  EXPECT_EQ(units.command(Verb::Start, 0), "a:spawn:2");
  EXPECT_EQ(units.runs(0), "a:answer:1:done");
}

TEST(UnitCommands, AStartJoinsTheRespawnThatIsUnderWay) {
  ServiceSettings settings = service("a", RestartMode::OnFailure);
  settings.life.type = ServiceType::Notify;
  Units units({settings});
  units.start();
  units.runs(0);
  units.ends(0, 1);
  EXPECT_EQ(units.timer(), "a:spawn:2");
  EXPECT_EQ(units.command(Verb::Start, 0), "");
  EXPECT_EQ(units.runs(0), "") << "it is not ready yet";
  event::Notified ready;
  ready.ready = true;
  EXPECT_EQ(units.feed(0, ready), "a:answer:1:done");
}

TEST(UnitCommands, AStartThatFailsSaysSo) {
  Units units({service("m"), oneshot(service("b"))}, {0});
  units.start();
  units.runs(0);
  EXPECT_EQ(units.command(Verb::Start, 1), "b:spawn:1");
  units.runs(1);
  EXPECT_EQ(units.ends(1, 3), "b:answer:1:failed");
}

TEST(UnitCommands, AStartThatLacksWhatItRequiresSaysSo) {
  auto b = with(with(service("b"), Kind::Requires, "c.service"), Kind::After, "c.service");
  Units units({service("m"), b, oneshot(service("c"))}, {0});
  units.start();
  units.runs(0);
  EXPECT_EQ(units.command(Verb::Start, 1), "c:spawn:1");
  units.runs(2);
  EXPECT_EQ(units.ends(2, 1), "b:emit:not-started b:answer:1:dependency");
  EXPECT_EQ(units.command(Verb::ResetFailed, 2, 2), "c:answer:2:done");
}

TEST(UnitCommands, AnotherJobTakesThePlaceOfOne) {
  Units units({service("m"), service("b")}, {0, 1});
  units.start();
  units.runs(0);
  units.runs(1);
  EXPECT_EQ(units.command(Verb::Restart, 1, 1), "b:tree:SIGTERM");
  EXPECT_EQ(units.command(Verb::Stop, 1, 2), "b:answer:1:canceled");
  EXPECT_EQ(units.command(Verb::Start, 1, 3), "b:answer:2:canceled");
  EXPECT_EQ(units.command(Verb::Restart, 1, 4), "");
  EXPECT_EQ(units.is_killed(1), "b:spawn:2");
  EXPECT_EQ(units.runs(1), "b:answer:3:done b:answer:4:done");
  units.command(Verb::Restart, 1, 5);
  EXPECT_EQ(units.sigterm(), "a:tree:SIGTERM b:answer:5:canceled");
}

TEST(UnitCommands, ARestartOfWhatEndsIsInItsVerdict) {
  Rig rig;
  rig.run();
  rig.feed(event::Notified{.stopping = true});
  ASSERT_EQ(rig.state(), ServiceState::Stopping);
  EXPECT_EQ(rig.feed(event::CommandRequested{Verb::Start, {"start", 8, 0}, 1}), "");
  EXPECT_EQ(rig.feed(event::CommandRequested{Verb::Restart, {"restart", 8, 0}, 2}), "");
  EXPECT_EQ(rig.exits(0), "emit:exited no-pidfile release spawn:2");
  EXPECT_EQ(rig.verdict().next.action, NextAction::Respawn);
  rig.spawned();
  EXPECT_EQ(rig.exec_succeeded(), "pidfile:102 emit:started answer:1:done answer:2:done");
}

TEST(UnitCommands, ManyRestartsAreOne) {
  Units units({service("m"), service("b")}, {0, 1});
  units.start();
  units.runs(0);
  units.runs(1);
  EXPECT_EQ(units.command(Verb::Restart, 1, 1), "b:tree:SIGTERM");
  EXPECT_EQ(units.command(Verb::Restart, 1, 2), "");
  EXPECT_EQ(units.is_killed(1), "b:spawn:2");
  EXPECT_EQ(units.runs(1), "b:answer:1:done b:answer:2:done");
}

ServiceSettings reloadable() {
  ServiceSettings settings = service("a");
  settings.commands.reload = {Command{.argv = {"/bin/reload"}}};
  return settings;
}

TEST(UnitCommands, AReloadIsAnsweredWhenItIsDone) {
  Units units({reloadable()});
  units.start();
  units.runs(0);
  EXPECT_EQ(units.command(Verb::Reload, 0, 1), "");
  units.feed(0, event::CommandSpawned{50, std::string(32, 'a'), {}});
  EXPECT_EQ(units.command(Verb::Reload, 0, 2), "") << "it may have read what is old by now";
  EXPECT_EQ(units.feed(0, event::CommandExited{WaitStatus::exited(0), {}, false}),
            "a:answer:1:done");
  units.feed(0, event::CommandSpawned{51, std::string(32, 'a'), {}});
  EXPECT_EQ(units.feed(0, event::CommandExited{WaitStatus::exited(1), {}, false}),
            "a:answer:2:failed");
}

TEST(UnitCommands, AReloadOfWhatIsStartedWaitsForIt) {
  Units units({reloadable()});
  units.start();
  EXPECT_EQ(units.command(Verb::Reload, 0, 1), "");
  units.runs(0);
  units.feed(0, event::CommandSpawned{50, std::string(32, 'a'), {}});
  EXPECT_EQ(units.feed(0, event::CommandExited{WaitStatus::exited(0), {}, false}),
            "a:answer:1:done");
}

TEST(UnitCommands, AReloadOfWhatFailsToStartIsAnsweredToo) {
  ServiceSettings settings = reloadable();
  settings.commands.start_pre = {Command{.argv = {"/bin/pre"}}};
  settings.restart.mode = RestartMode::No;
  Units units({settings});
  units.start();
  units.feed(0, event::CommandSpawned{50, std::string(32, 'a'), {}});
  EXPECT_EQ(units.command(Verb::Reload, 0, 1), "");
  EXPECT_EQ(units.feed(0, event::CommandExited{WaitStatus::exited(1), {}, false}),
            "a:answer:1:failed a:exit:1");
}

TEST(UnitCommands, WhatCannotBeReloadedIsToldSo) {
  Units units({service("a")});
  units.start();
  units.runs(0);
  EXPECT_EQ(units.command(Verb::Reload, 0), "a:answer:1:invalid");
  EXPECT_EQ(units.command(Verb::Kill, 0, 2), "a:answer:2:done");
}

TEST(UnitCommands, AKillIsInTheVerdict) {
  Rig rig;
  rig.run();
  event::CommandRequested kill{Verb::Kill, {"kill", 8, 0}, 1, SIGUSR1, KillWhom::Main};
  EXPECT_EQ(rig.feed(kill), "emit:signal-sent main:SIGUSR1 answer:1:done");
  rig.dies(WaitStatus::killed(SIGUSR1));
  EXPECT_EQ(rig.verdict().cause, Cause::Signal);
  EXPECT_EQ(rig.verdict().sender, Sender::Gatevisor);
  EXPECT_NE(rig.verdict().summary.find("kill, asked for by pid 8"), std::string::npos)
      << rig.verdict().summary;
  EXPECT_EQ(rig.feed(kill), "answer:1:invalid") << "nothing runs";
}

TEST(UnitCommands, WhoAskedAndWithWhatIsEvidence) {
  Rig rig;
  rig.run();
  rig.feed(event::CommandRequested{Verb::Restart, {"restart", 8, 1000, "gatevisor restart gw"}});
  rig.now += 250ms;
  rig.dies(WaitStatus::killed(SIGTERM));
  const Verdict verdict = rig.verdict();
  EXPECT_EQ(verdict.cause, Cause::Requested);
  const std::vector<Evidence> expected = {{"request", "from", "restart from pid 8 (uid 1000)"},
                                          {"request", "command", "gatevisor restart gw"},
                                          {"request", "asked", "250ms before the end"}};
  for (const Evidence& fact : expected) {
    EXPECT_NE(std::ranges::find(verdict.evidence, fact), verdict.evidence.end()) << fact.value;
  }
}

TEST(UnitCommands, ResetFailedForgetsTheStartsThatAreCounted) {
  ServiceSettings settings = service("b");
  settings.start_limit = {1, 1000s};
  Units units({service("m"), settings}, {0, 1});
  units.start();
  units.runs(0);
  units.runs(1);
  units.ends(1, 1);
  EXPECT_EQ(units.command(Verb::Start, 1, 1), "b:emit:limit b:answer:1:failed");
  EXPECT_EQ(units.command(Verb::ResetFailed, 1, 2), "b:answer:2:done");
  EXPECT_EQ(units.command(Verb::Start, 1, 3), "b:spawn:2");
}

}  // namespace
}  // namespace gatevisor::core
