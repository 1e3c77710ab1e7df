// Coming back: restart requests in each state, the start limit, the alarm.

#include <cerrno>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

TEST(RestartRequest, FromRunningBeginsTheNextWithoutADelay) {
  Rig rig;
  rig.run();
  EXPECT_EQ(rig.restart(), "emit:stopping tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.exits(0), "emit:exited no-pidfile release spawn:2");
  EXPECT_EQ(rig.verdict().cause, Cause::Requested);
  EXPECT_EQ(rig.verdict().next, (Next{NextAction::Respawn, 0s, "restart requested"}));
}

TEST(RestartRequest, BeforeTheProcessWasMadeEndsThatOneFirst) {
  Rig rig;
  rig.start();
  rig.restart();
  EXPECT_EQ(rig.spawned(), "tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig.dies(WaitStatus::killed(SIGTERM)), "emit:exited no-pidfile release spawn:2");
  EXPECT_EQ(rig.spawned(), "") << "the next one is not stopped";
}

TEST(RestartRequest, WaitsForWhatIsLeft) {
  Rig rig;
  rig.run();
  rig.dies(WaitStatus::exited(0), true);
  EXPECT_EQ(rig.verdict().next.action, NextAction::Stop);
  EXPECT_EQ(rig.restart(), "");
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release spawn:2");
}

TEST(RestartRequest, CutsTheDelayShort) {
  Rig rig;
  rig.run();
  rig.exits(1);
  EXPECT_EQ(rig.restart(), "spawn:2");
}

TEST(RestartRequest, SecondOneChangesNothing) {
  Rig rig;
  rig.run();
  rig.restart();
  EXPECT_EQ(rig.restart(), "");
  EXPECT_EQ(rig.count<record::Stopping>(), 1u);
}

TEST(RestartRequest, AfterAStopIsRefused) {
  Rig rig;
  rig.run();
  rig.signal(SIGTERM);
  EXPECT_EQ(rig.restart(), "");
  EXPECT_EQ(rig.exits(0), "emit:exited no-pidfile release emit:finished exit:0");
}

TEST(RestartRequest, OfOneThatHasToBeKilledBeginsTheNextToo) {
  Rig rig;
  rig.run();
  rig.restart();
  rig.timer();
  EXPECT_EQ(rig.dies(WaitStatus::killed(SIGKILL)), "emit:exited no-pidfile release spawn:2");
  EXPECT_EQ(rig.verdict().cause, Cause::StopTimeout);
}

TEST(RestartRequest, StartsTheGrowingDelayAnew) {
  // systemd: a manual restart resets NRestarts=.
  ServiceSettings settings = loop_settings();
  settings.restart.reset_after = kForever;
  settings.restart.steps = 3;
  settings.restart.max_delay = 16s;
  settings.alarm = {};
  Rig rig(settings);
  rig.run();
  for (const Duration delay : {2s, 4s, 8s}) {
    rig.exits(1);
    EXPECT_EQ(rig.verdict().next.delay, delay);
    rig.respawn();
  }
  rig.restart();
  rig.exits(0);
  rig.run();
  rig.exits(1);
  EXPECT_EQ(rig.verdict().next.delay, 2s);
}

TEST(RespawnDelay, CountsFromTheDeathNotFromTheClearing) {
  Rig rig;
  rig.run();
  const Instant died = rig.now;
  rig.dies(WaitStatus::exited(1), true);
  rig.now += 500ms;
  EXPECT_EQ(rig.feed(event::TreeEmpty{}), "release");
  EXPECT_EQ(rig.deadline(), died + 2s);
  rig.now = died + 2s - 1us;
  EXPECT_EQ(rig.feed(event::TimerExpired{}), "");
  rig.now += 1us;
  EXPECT_EQ(rig.feed(event::TimerExpired{}), "spawn:2");
}

TEST(RespawnDelay, InfinityWaitsForARestart) {
  ServiceSettings settings = loop_settings();
  settings.restart.delay = kForever;
  Rig rig(settings);
  rig.run();
  rig.exits(1);
  EXPECT_EQ(rig.state(), ServiceState::Waiting);
  EXPECT_EQ(rig.deadline(), Instant::max());
  EXPECT_EQ(rig.restart(), "spawn:2");
}

TEST(RespawnDelay, OfItsCauseComesFirst) {
  ServiceSettings settings = loop_settings();
  settings.restart.by_cause[Cause::ExitCode] = {true, 0s};
  Rig rig(settings);
  rig.run();
  EXPECT_EQ(rig.exits(78), "emit:exited no-pidfile release spawn:2");
}

TEST(StartFailure, ThatPassesIsRetried) {
  Rig rig;
  rig.start();
  rig.spawned();
  rig.feed(event::ExecFailed{ExecStep::Exec, ETXTBSY});
  EXPECT_EQ(rig.exits(203), "emit:exited no-pidfile release");
  EXPECT_EQ(rig.state(), ServiceState::Waiting);
  EXPECT_EQ(rig.count<record::Started>(), 0u);
}

TEST(StartFailure, ThatStaysEndsWithItsCode) {
  Rig rig;
  rig.start();
  rig.spawned();
  rig.feed(event::ExecFailed{ExecStep::User, EPERM});
  EXPECT_EQ(rig.exits(217), "emit:exited no-pidfile release emit:finished exit:217");
  EXPECT_EQ(rig.last<record::Finished>().reason,
            "could not be started: user: Operation not permitted");
}

TEST(StartFailure, WithoutAProcessIsOneRecordToo) {
  Rig rig;
  rig.start();
  rig.feed(event::SpawnFailed{ExecStep::Cgroup, Error{"mkdir", "/x", EACCES, ""}});
  EXPECT_EQ(rig.count<record::Exited>(), 1u);
  EXPECT_EQ(rig.exit_status, 219);
  EXPECT_EQ(rig.verdict().pid, 0);
  EXPECT_EQ(rig.verdict().status, std::nullopt);
}

TEST(StartFailure, CannotFollowASuccess) {
  Rig rig;
  rig.run();
  rig.feed(event::ExecFailed{ExecStep::Exec, ENOENT});
  rig.exits(1);
  EXPECT_EQ(rig.verdict().cause, Cause::ExitCode);
}

ServiceSettings limited(unsigned burst, Duration interval) {
  ServiceSettings settings = loop_settings();
  settings.start_limit = {burst, interval};
  settings.restart.delay = 1s;
  return settings;
}

TEST(StartLimit, GivesUpInsteadOfTheStartThatWouldBeTooMany) {
  Rig rig(limited(3, 10s));
  rig.run();
  rig.exits(4);
  rig.respawn();
  rig.exits(4);
  rig.respawn();
  EXPECT_EQ(rig.exits(4), "emit:exited emit:limit no-pidfile release emit:finished exit:4");
  EXPECT_EQ(rig.verdict().next, (Next{NextAction::GiveUp, 0s, "StartLimitBurst="}));
  EXPECT_EQ(rig.last<record::StartLimitHit>().starts, 3u);
  EXPECT_EQ(rig.last<record::StartLimitHit>().interval, 10s);
}

TEST(StartLimit, IsMeasuredAtTheMomentOfTheNextStart) {
  for (const Duration late : {0us, 1us}) {
    Rig rig(limited(2, 10s));
    rig.run();  // at 100 s
    rig.exits(4);
    rig.respawn();
    // The next start is due 10 s after the first one, or a tick later.
    rig.now = at(109s) + late;
    rig.exits(4);
    EXPECT_EQ(rig.verdict().next.action, late == 0us ? NextAction::GiveUp : NextAction::Respawn);
  }
}

TEST(StartLimit, IsNoneWithoutBurstOrInterval) {
  for (const ServiceSettings& settings : {limited(0, 10s), limited(2, 0s)}) {
    Rig rig(settings);
    rig.run();
    for (int i = 0; i < 20; ++i) {
      rig.exits(4);
      rig.respawn();
    }
    EXPECT_EQ(rig.count<record::StartLimitHit>(), 0u);
  }
}

TEST(StartLimit, DoesNotStandInTheWayOfARequestedRestart) {
  Rig rig(limited(1, 1h));
  rig.run();
  rig.restart();
  EXPECT_EQ(rig.exits(0), "emit:exited no-pidfile release spawn:2");
}

/// Exits at these moments; the numbers in the window of each, and after which an alarm came.
std::vector<std::string> exits_at(Rig& rig, std::initializer_list<Duration> moments) {
  std::vector<std::string> told;
  rig.run();
  for (const Duration moment : moments) {
    if (rig.state() == ServiceState::Waiting) rig.respawn();
    rig.now = at(1000s) + moment;
    const bool alarm = rig.exits(1).find("emit:alarm") != std::string::npos;
    told.push_back(std::to_string(rig.last<record::Exited>().exits_in_window) +
                   (alarm ? " alarm" : ""));
  }
  return told;
}

TEST(Alarm, SeedRow_SlidingWindow_CriticalOnTheFifthExit) {
  Rig rig;
  EXPECT_EQ(exits_at(rig, {9s, 22s, 35s, 49s, 62s}),
            (std::vector<std::string>{"1", "2", "3", "4", "5 alarm"}));
  EXPECT_EQ(rig.last<record::Alarm>().exits, 5u);
  EXPECT_EQ(rig.last<record::Alarm>().window, 60s);
  EXPECT_EQ(rig.state(), ServiceState::Waiting) << "it goes on respawning";
}

TEST(Alarm, SeedRow_WindowPrune_SixtySecondsOldIsCountedAndATickMoreIsNot) {
  Rig exactly;
  EXPECT_EQ(exits_at(exactly, {0s, 15s, 30s, 45s, 60s}).back(), "5 alarm");
  Rig older;
  EXPECT_EQ(exits_at(older, {0s, 15s, 30s, 45s, 60s + 1us}).back(), "4");
}

TEST(Alarm, IsRaisedAgainOnlyAfterAnIntervalOrAPause) {
  Rig steady;
  std::vector<std::string> told;
  steady.run();
  int alarms = 0;
  for (int exit = 1; exit <= 31; ++exit) {  // one each 10 s, for 310 s
    steady.now = at(1000s + exit * 10s);
    alarms += steady.exits(1).find("emit:alarm") != std::string::npos ? 1 : 0;
    steady.respawn();
  }
  EXPECT_EQ(alarms, 5) << "the fifth at 50 s, then once a minute";
  Rig paused;
  EXPECT_EQ(exits_at(paused, {0s, 3s, 6s, 9s, 12s, 15s, 100s, 103s, 106s, 109s, 112s}),
            (std::vector<std::string>{"1", "2", "3", "4", "5 alarm", "6", "1", "2", "3", "4",
                                      "5 alarm"}));
}

TEST(Alarm, IsNoneWhereItStaysDownOrIsSwitchedOff) {
  ServiceSettings settings = loop_settings();
  settings.alarm = {1, 60s};
  Rig stays_down(settings);
  stays_down.run();
  stays_down.exits(0);
  EXPECT_EQ(stays_down.count<record::Alarm>(), 0u);
  settings.alarm = {0, 60s};
  Rig off(settings);
  exits_at(off, {0s, 3s, 6s, 9s, 12s});
  EXPECT_EQ(off.count<record::Alarm>(), 0u);
}

}  // namespace
}  // namespace gatevisor::core
