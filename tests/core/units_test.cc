// Several units under one manager: their order, and what the end of one does to others.

#include "units_testing.h"

namespace gatevisor::core {
namespace {

TEST(Units, WithoutAnOrderAllStartAtOnce) {
  Units units({service("a"), service("b")}, {0, 1});
  EXPECT_EQ(units.start(), "a:spawn:1 b:spawn:1");
}

TEST(Units, StartsInOrderAndStopsInReverse) {
  Units units({with(service("a"), Kind::After, "b.service"), service("b"),
               with(service("c"), Kind::Before, "b.service")},
              {0, 1, 2});
  EXPECT_EQ(units.start(), "c:spawn:1");
  EXPECT_EQ(units.runs(2), "b:spawn:1");
  EXPECT_EQ(units.runs(1), "a:spawn:1");
  EXPECT_EQ(units.runs(0), "");
  EXPECT_EQ(units.sigterm(), "a:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(0), "b:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(1), "c:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(2), "a:exit:143");
}

TEST(Units, AStartWaitsForAOneshotToEnd) {
  Units units({with(service("a"), Kind::After, "b.service"), oneshot(service("b"))}, {0, 1});
  EXPECT_EQ(units.start(), "b:spawn:1");
  EXPECT_EQ(units.runs(1), "");
  EXPECT_EQ(units.ends(1, 0), "a:spawn:1");
}

TEST(Units, AfterAloneDoesNotMindAFailure) {
  Units units({with(service("a"), Kind::After, "b.service"), oneshot(service("b"))}, {0, 1});
  units.start();
  units.runs(1);
  EXPECT_EQ(units.ends(1, 3), "a:spawn:1");
}

TEST(Units, WhatIsRequiredAndFailsKeepsItFromStarting) {
  auto a = with(with(service("a"), Kind::Requires, "b.service"), Kind::After, "b.service");
  Units units({a, oneshot(service("b"))});
  EXPECT_EQ(units.start(), "b:spawn:1");
  units.runs(1);
  EXPECT_EQ(units.ends(1, 3), "a:emit:not-started a:exit:3");
  EXPECT_EQ(units.reason, "not started: b.service, which it requires, failed");
}

TEST(Units, AFailedStartIsFinalForThoseThatWaitThoughItIsTriedAgain) {
  auto b = with(with(service("b"), Kind::Requires, "c.service"), Kind::After, "c.service");
  auto c = service("c", RestartMode::OnFailure);
  c.life.type = ServiceType::Notify;
  Units units({service("m"), b, c}, {0, 1});
  EXPECT_EQ(units.start(), "a:spawn:1 c:spawn:1");
  units.runs(0);
  units.runs(2);
  EXPECT_EQ(units.ends(2, 1), "b:emit:not-started");
  EXPECT_EQ(units.state(2), ServiceState::Waiting);
}

TEST(Units, WhatIsWantedMayFail) {
  auto a = with(with(service("a"), Kind::Wants, "b.service"), Kind::After, "b.service");
  Units units({a, oneshot(service("b"))});
  EXPECT_EQ(units.start(), "b:spawn:1");
  units.runs(1);
  EXPECT_EQ(units.ends(1, 3), "a:spawn:1");
}

TEST(Units, FailuresGoOnDownTheChain) {
  auto a = with(with(service("a"), Kind::Requires, "b.service"), Kind::After, "b.service");
  auto b = with(with(service("b"), Kind::Requires, "c.service"), Kind::After, "c.service");
  Units units({a, b, oneshot(service("c"))});
  units.start();
  units.runs(2);
  EXPECT_EQ(units.ends(2, 4), "b:emit:not-started a:emit:not-started a:exit:4");
  EXPECT_EQ(units.reason, "not started: b.service, which it requires, was not started");
}

TEST(Units, TheMainUnitsEndEndsTheOthers) {
  Units units({with(service("a"), Kind::After, "b.service"), service("b")}, {0, 1});
  units.start();
  units.runs(1);
  units.runs(0);
  EXPECT_EQ(units.ends(0, 7), "b:tree:SIGTERM");
  EXPECT_EQ(units.asked_by, "the end of a.service");
  EXPECT_EQ(units.is_killed(1), "a:exit:7");
}

TEST(Units, AnotherUnitsEndIsNotGatevisors) {
  Units units({service("a"), service("b")}, {0, 1});
  units.start();
  units.runs(0);
  units.runs(1);
  EXPECT_EQ(units.ends(1, 1), "");
  EXPECT_EQ(units.exit_status, -1);
}

TEST(Units, KeptRunningWhenTheMainUnitEnds) {
  Units units({service("a"), service("b")}, {0, 1}, true);
  units.start();
  units.runs(0);
  units.runs(1);
  EXPECT_EQ(units.ends(0, 7), "");
  EXPECT_EQ(units.sigterm(), "b:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(1), "a:exit:7");
}

TEST(Units, BoundToWhatEndsItIsStopped) {
  Units units({service("m"), with(service("a"), Kind::BindsTo, "c.service"), service("c")}, {0, 1});
  units.start();
  units.runs(0);
  units.runs(2);
  units.runs(1);
  EXPECT_EQ(units.ends(2, 1), "b:tree:SIGTERM");
  EXPECT_EQ(units.asked_by, "the end of c.service");
}

TEST(Units, RequiringDoesNotMindAnEndThatNobodyAskedFor) {
  Units units({service("m"), with(service("b"), Kind::Requires, "c.service"), service("c")}, {0, 1});
  units.start();
  for (const std::size_t unit : {0U, 1U, 2U}) units.runs(unit);
  EXPECT_EQ(units.ends(2, 1), "");
  EXPECT_EQ(units.state(1), ServiceState::Running);
}

TEST(Units, ARespawnRestartsWhatRequiresIt) {
  auto b = with(with(service("b"), Kind::Requires, "c.service"), Kind::After, "c.service");
  Units units({service("m"), b, service("c", RestartMode::OnFailure)}, {0, 1});
  units.start();
  units.runs(0);
  units.runs(2);
  units.runs(1);
  EXPECT_EQ(units.ends(2, 1), "");
  EXPECT_EQ(units.timer(), "");  // Tidy of those that run
  EXPECT_EQ(units.timer(), "b:tree:SIGTERM") << "it is stopped before the other comes back";
  EXPECT_EQ(units.asked_by, "the restart of c.service");
  EXPECT_EQ(units.is_killed(1), "c:spawn:2");
  EXPECT_EQ(units.runs(2), "b:spawn:2") << "and comes back behind it";
}

TEST(Units, ARespawnThatWaitsForOthersArmsNoTimer) {
  auto b = with(with(service("b"), Kind::Requires, "c.service"), Kind::After, "c.service");
  Units units({service("m"), b, service("c", RestartMode::OnFailure)}, {0, 1});
  units.start();
  for (const std::size_t unit : {0U, 2U, 1U}) units.runs(unit);
  units.ends(2, 1);
  units.timer();
  units.timer();
  EXPECT_GT(units.deadline(), units.now);
}

TEST(Units, OnFailureIsStartedWhenNoRespawnFollows) {
  Units units({service("m"), with(service("b"), Kind::OnFailure, "c.service"),
               oneshot(service("c"))},
              {0, 1});
  EXPECT_EQ(units.start(), "a:spawn:1 b:spawn:1");
  units.runs(0);
  units.runs(1);
  EXPECT_EQ(units.ends(1, 1), "c:spawn:1");
}

TEST(Units, OnFailureOfTheMainUnitMayFinish) {
  Units units({with(service("a"), Kind::OnFailure, "b.service"), oneshot(service("b")),
               service("c")},
              {0, 2});
  units.start();
  units.runs(0);
  units.runs(2);
  EXPECT_EQ(units.ends(0, 9), "b:spawn:1") << "the others are not stopped yet";
  units.runs(1);
  EXPECT_EQ(units.ends(1, 0), "c:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(2), "a:exit:9");
}

TEST(Units, AStopIsNoFailure) {
  Units units({with(service("a"), Kind::OnFailure, "b.service"), oneshot(service("b"))});
  units.start();
  units.runs(0);
  EXPECT_EQ(units.sigterm(), "a:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(0), "a:exit:143");
}

TEST(Units, OnSuccessIsStartedAfterAGoodEnd) {
  Units units({with(service("a"), Kind::OnSuccess, "b.service"), oneshot(service("b"))});
  units.start();
  units.runs(0);
  EXPECT_EQ(units.ends(0, 0), "b:spawn:1");
}

TEST(Units, ACallThatConflictsStopsTheOther) {
  auto rescue = with(service("c"), Kind::Conflicts, "d.service");
  Units units({service("m"), with(service("b"), Kind::OnFailure, "c.service"), rescue,
               service("d")},
              {0, 1, 3});
  units.start();
  for (const std::size_t unit : {0U, 1U, 3U}) units.runs(unit);
  EXPECT_EQ(units.ends(1, 1), "d:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(3), "c:spawn:1");
}

TEST(Units, ConditionsAreLookedAtBeforeEachStart) {
  auto a = service("a", RestartMode::OnFailure);
  a.conditions.push_back({});
  Units units({a});
  EXPECT_EQ(units.start(), "a:check");
  EXPECT_EQ(units.feed(0, event::ConditionsChecked{}), "a:spawn:1");
  units.runs(0);
  units.ends(0, 1);
  EXPECT_EQ(units.timer(), "a:check");
  EXPECT_EQ(units.feed(0, event::ConditionsChecked{event::ConditionsChecked::Result::Skip, "x"}),
            "a:emit:skipped a:exit:0");
}

TEST(Units, WhatIsSkippedHoldsUpNobody) {
  auto b = service("b");
  b.conditions.push_back({});
  auto a = with(with(service("a"), Kind::Requires, "b.service"), Kind::After, "b.service");
  Units units({a, b});
  EXPECT_EQ(units.start(), "b:check");
  EXPECT_EQ(units.feed(1, event::ConditionsChecked{event::ConditionsChecked::Result::Skip, "x"}),
            "b:emit:skipped a:spawn:1");
}

TEST(Units, WhatItIsBoundToHasToRun) {
  auto b = service("b");
  b.conditions.push_back({});
  auto a = with(with(service("a"), Kind::BindsTo, "b.service"), Kind::After, "b.service");
  Units units({a, b});
  units.start();
  EXPECT_EQ(units.feed(1, event::ConditionsChecked{event::ConditionsChecked::Result::Skip, "x"}),
            "b:emit:skipped a:emit:not-started a:exit:1");
}

TEST(Units, AnAssertionIsAFailure) {
  auto a = service("a");
  a.conditions.push_back({});
  Units units({a});
  units.start();
  EXPECT_EQ(units.feed(0, event::ConditionsChecked{event::ConditionsChecked::Result::Failed, "x"}),
            "a:emit:not-started a:exit:78");
}

TEST(Units, AStopWhileConditionsAreLookedAt) {
  auto a = service("a");
  a.conditions.push_back({});
  Units units({a});
  units.start();
  EXPECT_EQ(units.sigterm(), "a:exit:0");
  EXPECT_EQ(units.feed(0, event::ConditionsChecked{}), "");
}

TEST(Units, AStopBeforeAllHaveStarted) {
  Units units({with(service("a"), Kind::After, "b.service"), service("b")}, {0, 1});
  EXPECT_EQ(units.start(), "b:spawn:1");
  EXPECT_EQ(units.sigterm(), "");
  EXPECT_EQ(units.feed(1, event::Spawned{10, std::string(32, 'a'), {}}), "b:tree:SIGTERM");
  EXPECT_EQ(units.is_killed(1), "a:exit:0");
}

TEST(Units, ACallRunsOutOfStarts) {
  auto called = oneshot(service("c"));
  called.start_limit = {2, 1000s};
  Units units({service("m"), with(oneshot(service("b")), Kind::OnSuccess, "c.service"),
               with(called, Kind::OnSuccess, "b.service")},
              {0, 1});
  units.start();
  units.runs(0);
  std::string last;
  for (int round = 0; round < 3; ++round) {
    units.runs(1);
    last = units.ends(1, 0);
    if (last != "c:spawn:" + std::to_string(round + 1)) break;
    units.runs(2);
    units.ends(2, 0);
  }
  EXPECT_EQ(last, "c:emit:limit");
}

}  // namespace
}  // namespace gatevisor::core
