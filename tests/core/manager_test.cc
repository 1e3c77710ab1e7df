// What gatevisor itself does: signals to be forwarded, and the status that it ends with.

#include "core/manager.h"

#include <cerrno>

#include "core_testing.h"

namespace gatevisor::core {
namespace {

TEST(Forward, EverySignalOfTheTableAndNoOther) {
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == SIGTERM || signal == SIGINT) continue;
    ServiceSettings settings = loop_settings();
    settings.forward = {{signal, signal}};
    Rig rig(settings);
    rig.run();
    EXPECT_EQ(rig.signal(signal), "emit:forwarded main:" + signal_name(signal));
    const int other = signal == SIGHUP ? SIGUSR1 : SIGHUP;
    EXPECT_EQ(rig.signal(other), "") << signal_name(other);
  }
}

TEST(Forward, MayChangeTheSignalOrSwitchItOff) {
  Rig rig;
  rig.run();
  EXPECT_EQ(rig.signal(SIGUSR1), "emit:forwarded main:SIGUSR2");
  const auto record = rig.last<record::Forwarded>();
  EXPECT_EQ(record.received, SIGUSR1);
  EXPECT_EQ(record.sent, SIGUSR2);
  EXPECT_EQ(record.pid, 101);
  EXPECT_EQ(record.from.pid, 7);
  EXPECT_EQ(rig.signal(SIGQUIT), "") << "SIGQUIT:none";
}

TEST(Forward, NeverTakesTheStopSignals) {
  ServiceSettings settings = loop_settings();
  settings.forward = {{SIGTERM, SIGUSR1}, {SIGINT, SIGUSR1}};
  for (const int signal : {SIGTERM, SIGINT}) {
    Rig rig(settings);
    rig.run();
    EXPECT_EQ(rig.signal(signal), "emit:stopping tree:SIGTERM tree:SIGCONT");
  }
}

TEST(Forward, ToNobodyIsToldWithPidZero) {
  Rig rig;
  rig.run();
  rig.exits(1);
  EXPECT_EQ(rig.signal(SIGHUP), "emit:forwarded");
  EXPECT_EQ(rig.last<record::Forwarded>().pid, 0);
}

TEST(Forward, SignalThatKillsIsInTheLedger) {
  Rig rig;
  rig.run();
  rig.signal(SIGUSR1);
  rig.dies(WaitStatus::killed(SIGUSR2));
  EXPECT_EQ(rig.verdict().cause, Cause::Signal);
  EXPECT_EQ(rig.verdict().sender, Sender::Gatevisor);
}

TEST(Forward, LedgerKeepsTheLatestOfVeryMany) {
  Rig rig;
  rig.run();
  rig.signal(SIGUSR1);
  for (int i = 0; i < 10'000; ++i) rig.signal(SIGHUP);
  rig.dies(WaitStatus::killed(SIGHUP));
  EXPECT_EQ(rig.verdict().sender, Sender::Gatevisor);
  EXPECT_LE(rig.verdict().evidence.size(), 3u);
}

TEST(Forward, BelongsToTheInvocationThatGotIt) {
  Rig rig;
  rig.run();
  rig.signal(SIGUSR1);
  rig.exits(1);
  rig.respawn();
  rig.dies(WaitStatus::killed(SIGUSR2));
  EXPECT_EQ(rig.verdict().sender, Sender::Outside);
}

struct Ending {
  const char* name;
  void (*end)(Rig&);
  int status;
};

/// What gatevisor exits with: the one place where this is decided, as one table.
std::vector<Ending> endings() {
  return {
      {"clean exit", [](Rig& rig) { rig.exits(0); }, 0},
      {"configuration error", [](Rig& rig) { rig.exits(78); }, 78},
      {"SIGTERM from elsewhere", [](Rig& rig) { rig.dies(WaitStatus::killed(SIGTERM)); }, 143},
      {"stop: exits 0", [](Rig& rig) { rig.signal(SIGTERM), rig.exits(0); }, 0},
      {"stop: exits 3", [](Rig& rig) { rig.signal(SIGTERM), rig.exits(3); }, 3},
      {"stop: dies of it",
       [](Rig& rig) { rig.signal(SIGINT), rig.dies(WaitStatus::killed(SIGTERM)); }, 143},
      {"stop: has to be killed",
       [](Rig& rig) { rig.signal(SIGTERM), rig.timer(), rig.dies(WaitStatus::killed(SIGKILL)); },
       137},
      {"stop: crashes",
       [](Rig& rig) { rig.signal(SIGTERM), rig.dies(WaitStatus::dumped(SIGSEGV)); }, 139},
      {"stop: cannot be killed", [](Rig& rig) { rig.signal(SIGTERM), rig.timer(), rig.timer(); },
       137},
      {"stop in the delay after exit 9", [](Rig& rig) { rig.exits(9), rig.signal(SIGTERM); }, 9},
      {"stop in the delay after SIGSEGV",
       [](Rig& rig) { rig.dies(WaitStatus::killed(SIGSEGV)), rig.signal(SIGTERM); }, 139},
  };
}

TEST(ExitStatus, IsDecidedByTheTable) {
  for (const Ending& ending : endings()) {
    Rig rig;
    rig.run();
    ending.end(rig);
    EXPECT_EQ(rig.exit_status, ending.status) << ending.name;
    EXPECT_EQ(rig.last<record::Finished>().status, ending.status) << ending.name;
    EXPECT_FALSE(rig.last<record::Finished>().reason.empty()) << ending.name;
  }
}

TEST(ExitStatus, SuccessExitStatusIsASuccess) {
  ServiceSettings settings = loop_settings();
  settings.success.codes.set(143);
  Rig rig(settings);
  rig.run();
  rig.exits(143);
  EXPECT_EQ(rig.exit_status, 0);
}

TEST(ExitStatus, OfWhatWasNeverStarted) {
  Rig missing;
  missing.start();
  missing.spawned();
  missing.feed(event::ExecFailed{ExecStep::Exec, ENOENT});
  missing.exits(203);
  EXPECT_EQ(missing.exit_status, 203);
  Rig stopped;
  stopped.signal(SIGTERM);
  EXPECT_EQ(stopped.exit_status, 0);
}

TEST(ExitStatus, GiveUpEndsWithTheLastStatus) {
  ServiceSettings settings = loop_settings();
  settings.start_limit = {1, 1h};
  Rig rig(settings);
  rig.run();
  rig.dies(WaitStatus::killed(SIGKILL));
  EXPECT_EQ(rig.exit_status, 137);
}

TEST(Manager, ExitIsTheLastActionAndTheLastWord) {
  Rig rig;
  rig.run();
  const std::string last = rig.exits(0);
  EXPECT_TRUE(last.ends_with("emit:finished exit:0")) << last;
  EXPECT_EQ(rig.start(), "");
  EXPECT_EQ(rig.signal(SIGTERM), "");
  EXPECT_EQ(rig.restart(), "");
  EXPECT_EQ(rig.feed(event::ActionFailed{Error{"open", "/x", EROFS, ""}}), "");
  EXPECT_EQ(rig.deadline(), Instant::max());
}

TEST(Manager, StartsOnce) {
  Rig rig;
  EXPECT_EQ(rig.start(), "spawn:1");
  EXPECT_EQ(rig.start(), "");
  rig.run();
  EXPECT_EQ(rig.start(), "");
}

TEST(Manager, FailedActionIsAWarningAndNothingElse) {
  Rig rig;
  rig.run();
  EXPECT_EQ(rig.feed(event::ActionFailed{Error{"write", "/run/pid", ENOSPC, "make room"}}),
            "emit:warning");
  EXPECT_EQ(rig.last<record::Warning>().error.code, ENOSPC);
  EXPECT_EQ(rig.state(), ServiceState::Running);
}

TEST(Manager, TidiesOnceAWhileAfterEachStart) {
  Rig rig;
  rig.run();
  EXPECT_EQ(rig.deadline(), rig.now + Service::kTidyAfter);
  EXPECT_EQ(rig.timer(), "tidy");
  EXPECT_EQ(rig.deadline(), Instant::max()) << "and then nothing wakes it up";
  rig.exits(1);
  rig.respawn();
  EXPECT_EQ(rig.timer(), "tidy");
}

}  // namespace
}  // namespace gatevisor::core
