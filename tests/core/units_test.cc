// Several units under one manager: their order, and what the end of one does to others.

#include "core_testing.h"

namespace gatevisor::core {
namespace {

using Kind = Dependency;

ServiceSettings service(std::string name, RestartMode restart = RestartMode::No) {
  ServiceSettings settings;
  settings.name = std::move(name);
  settings.commands.main = {Command{.argv = {"/bin/" + settings.name}}};
  settings.kill.timeout_stop = 8s;
  settings.restart.mode = restart;
  settings.restart.delay = 2s;
  settings.memory.sample_interval = 0s;
  return settings;
}

ServiceSettings with(ServiceSettings settings, Kind kind, std::string other) {
  settings.dependencies.of(kind).push_back(std::move(other));
  return settings;
}

ServiceSettings oneshot(ServiceSettings settings) {
  settings.life.type = ServiceType::Oneshot;
  return settings;
}

/// Units a, b, c … and what is asked for them: 'a:spawn:1 b:tree:SIGTERM'. Tidy is left out.
class Units {
 public:
  explicit Units(std::vector<ServiceSettings> settings, UnitGraph::Units named = {0},
                 bool keep_running = false)
      : manager_(set(std::move(settings), named, keep_running), 1) {}

  std::string feed(std::size_t unit, const Event& event) {
    std::string text;
    for (const UnitAction& each : manager_.step(now, event, unit)) {
      if (const auto* emit = std::get_if<action::Emit>(&each.what)) {
        if (const auto* refused = std::get_if<record::NotStarted>(&emit->record)) {
          reason = refused->reason;
        }
        if (const auto* finished = std::get_if<record::Finished>(&emit->record)) {
          reason = finished->reason;
        }
        if (const auto* stopping = std::get_if<record::Stopping>(&emit->record)) {
          asked_by = stopping->from.what;
        }
      }
      if (const auto* exit = std::get_if<action::Exit>(&each.what)) exit_status = exit->status;
      const std::string word = std::visit(ActionWords{}, each.what);
      // What each service does for itself is tested elsewhere.
      const bool told = word.starts_with("spawn") || word == "tree:SIGTERM" || word == "check" ||
                        word == "emit:not-started" || word == "emit:skipped" ||
                        word == "emit:limit" || word.starts_with("exit");
      if (!told) continue;
      if (!text.empty()) text += ' ';
      text += std::string(1, static_cast<char>('a' + each.unit)) + ":" + word;
    }
    return text;
  }

  std::string start() { return feed(0, event::Start{}); }
  std::string runs(std::size_t unit) {
    std::string text = feed(unit, event::Spawned{10, std::string(32, 'a'), {}});
    const std::string more = feed(unit, event::ExecSucceeded{});
    return text + (text.empty() || more.empty() ? "" : " ") + more;
  }
  std::string ends(std::size_t unit, int code) {
    return feed(unit, event::MainExited{WaitStatus::exited(code), {}, false, -1});
  }
  std::string is_killed(std::size_t unit) {
    return feed(unit, event::MainExited{WaitStatus::killed(SIGTERM), {}, false, -1});
  }
  std::string timer() {
    now = std::max(now, manager_.deadline());
    return feed(0, event::TimerExpired{});
  }
  std::string sigterm() { return feed(0, event::SignalReceived{SIGTERM, {"SIGTERM", 7, 0}}); }
  ServiceState state(std::size_t unit) const { return manager_.service(unit).state(); }
  Instant deadline() const { return manager_.deadline(); }

  Instant now = at(100s);
  std::string reason;    ///< of the last NotStarted or Finished
  std::string asked_by;  ///< of the last Stopping
  int exit_status = -1;

 private:
  static UnitSet set(std::vector<ServiceSettings> settings, const UnitGraph::Units& named,
                     bool keep_running) {
    auto graph = UnitGraph::make(settings, named);
    EXPECT_TRUE(graph) << to_string(graph.error());
    return {std::move(settings), graph ? *graph : UnitGraph(), 0, keep_running};
  }
  Manager manager_;
};

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

TEST(Upholds, StartsTheOtherAgainWheneverItIsDown) {
  Units units({with(service("a"), Kind::Upholds, "b.service"), service("b")});
  EXPECT_EQ(units.start(), "a:spawn:1 b:spawn:1");
  units.runs(0);
  units.runs(1);
  EXPECT_EQ(units.ends(1, 0), "b:spawn:2");
  units.runs(1);
  EXPECT_EQ(units.ends(1, 3), "b:spawn:3");
}

TEST(Upholds, NotOnceItIsDownItself) {
  Units units({with(service("a"), Kind::Upholds, "b.service"), service("b"), service("c")}, {0, 2},
              true);
  units.start();
  for (const std::size_t unit : {0U, 1U, 2U}) units.runs(unit);
  units.ends(0, 0);
  EXPECT_EQ(units.ends(1, 0), "");
}

TEST(Upholds, GivesUpOnOneThatNeverStaysUp) {
  Units units({with(service("a"), Kind::Upholds, "b.service"), service("b")});
  units.start();
  units.runs(0);
  for (int i = 0; i < 16; ++i) {
    units.runs(1);
    EXPECT_NE(units.ends(1, 1), "") << i;
  }
  units.runs(1);
  EXPECT_EQ(units.ends(1, 1), "");
}

}  // namespace
}  // namespace gatevisor::core
