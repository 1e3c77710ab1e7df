// What is done with a gateway that is alive and does not serve, or not yet.

#include "core_testing.h"

namespace gatevisor::core {
namespace {

const ProbeResult kServing{ProbeOutcome::Serving, "HTTP status 200"};
const ProbeResult kRefused{ProbeOutcome::Failed, "connect: Connection refused"};

class ServiceProbe : public ::testing::Test {
 protected:
  void begin(KillMode mode = KillMode::ControlGroup) {
    ServiceSettings settings = loop_settings();
    settings.kill.mode = mode;
    settings.probes.liveness.target.emplace();
    settings.probes.liveness.target->text = "http://127.0.0.1:8080/health";
    rig_.emplace(settings);
    rig_->run();
    EXPECT_EQ(rig_->timer(), "tidy");
  }
  std::string probed(const ProbeResult& result) {
    EXPECT_EQ(rig_->timer(), "probe");
    return rig_->feed(event::Probed{result});
  }

  std::optional<Rig> rig_;
};

TEST_F(ServiceProbe, SeedRow_Wedged_RestartedAfterFourFailures) {
  begin();
  EXPECT_EQ(probed(kServing), "emit:serving");
  for (int failure = 1; failure < 4; ++failure) {
    EXPECT_EQ(probed(kRefused), "emit:probe-failed");
    EXPECT_FALSE(rig_->last<record::ProbeFailed>().ending);
  }
  EXPECT_EQ(probed(kRefused), "emit:probe-failed tree:SIGTERM tree:SIGCONT");
  EXPECT_TRUE(rig_->last<record::ProbeFailed>().ending);
  rig_->dies(WaitStatus::killed(SIGTERM));
  const Verdict verdict = rig_->verdict();
  EXPECT_EQ(verdict.cause, Cause::ProbeFailure);
  EXPECT_EQ(verdict.sender, Sender::Gatevisor);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
  EXPECT_EQ(verdict.summary,
            "alive but did not serve, ended for it: 4 probes of http://127.0.0.1:8080/health "
            "failed in a row, the last with: connect: Connection refused");
  EXPECT_EQ(verdict.next.action, NextAction::Respawn);
}

TEST_F(ServiceProbe, NoAnswerInTimeIsAFailure) {
  begin();
  probed(kServing);
  EXPECT_EQ(rig_->timer(), "probe");
  EXPECT_EQ(rig_->timer(), "end-probe emit:probe-failed");
  EXPECT_EQ(rig_->last<record::ProbeFailed>().detail, "no answer within 5s");
}

TEST_F(ServiceProbe, SeedRow_BootGrace_TwentyFailuresWhileItHasNeverServed) {
  begin();
  for (int failure = 1; failure < 20; ++failure) EXPECT_EQ(probed(kRefused), "") << failure;
  EXPECT_EQ(probed(kRefused), "emit:probe-failed tree:SIGTERM tree:SIGCONT");
}

TEST_F(ServiceProbe, SeedRow_RequestedExit_CodeZeroAfterAFailedProbeIsFollowedByARespawn) {
  begin();
  for (int failure = 1; failure <= 20; ++failure) probed(kRefused);
  rig_->exits(0);
  EXPECT_EQ(rig_->verdict().cause, Cause::ProbeFailure);
  EXPECT_EQ(rig_->state(), ServiceState::Waiting);
}

TEST_F(ServiceProbe, SeedRow_Wedged_OneThatCannotRunNeverKills) {
  begin();
  EXPECT_EQ(probed({ProbeOutcome::CannotRun, "socket: Too many open files"}), "emit:warning");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(probed({ProbeOutcome::CannotRun, ""}), "");
  EXPECT_EQ(rig_->state(), ServiceState::Running);
}

TEST_F(ServiceProbe, AfterTheDeathNoneIsDue) {
  begin();
  EXPECT_EQ(rig_->timer(), "probe");
  EXPECT_EQ(rig_->exits(1), "end-probe emit:exited no-pidfile release");
  EXPECT_EQ(rig_->feed(event::Probed{kRefused}), "");
  EXPECT_EQ(rig_->timer(), "spawn:2");
}

TEST_F(ServiceProbe, AStopEndsTheProbes) {
  begin();
  rig_->timer();
  EXPECT_EQ(rig_->signal(SIGTERM), "emit:stopping end-probe tree:SIGTERM tree:SIGCONT");
  EXPECT_EQ(rig_->feed(event::Probed{kRefused}), "");
  EXPECT_EQ(rig_->timer(), "emit:escalated kill");
}

TEST_F(ServiceProbe, OneThatIgnoresTheStopIsStillAProbeFailure) {
  begin();
  for (int failure = 1; failure <= 20; ++failure) probed(kRefused);
  EXPECT_EQ(rig_->timer(), "emit:escalated kill");
  rig_->dies(WaitStatus::killed(SIGKILL));
  EXPECT_EQ(rig_->verdict().cause, Cause::ProbeFailure);
  EXPECT_NE(rig_->verdict().summary.find("it ignored the stop and was killed"), std::string::npos);
}

TEST_F(ServiceProbe, EachInvocationStartsAnew) {
  begin();
  probed(kServing);
  for (int failure = 1; failure < 4; ++failure) probed(kRefused);
  rig_->exits(1);
  rig_->respawn();
  rig_->timer();  // tidy
  for (int failure = 1; failure < 20; ++failure) EXPECT_EQ(probed(kRefused), "") << failure;
}

TEST_F(ServiceProbe, KillModeNoneIsOnlyToldOfIt) {
  begin(KillMode::None);
  for (int failure = 1; failure < 20; ++failure) probed(kRefused);
  EXPECT_EQ(probed(kRefused), "emit:probe-failed");
  EXPECT_FALSE(rig_->last<record::ProbeFailed>().ending);
}

// ---- StartupProbe= ---------------------------------------------------------------------------

class StartupProbe : public ::testing::Test {
 protected:
  void begin(unsigned failures = 0) {
    ServiceSettings settings = loop_settings();
    for (const ProbeKind kind : kAllProbeKinds) {
      settings.probes.of(kind).target.emplace();
      settings.probes.of(kind).target->text = "tcp://127.0.0.1:8080";
    }
    settings.probes.startup.start_failures = failures;
    settings.life.timeout_start = 30s;
    rig_.emplace(settings);
    rig_->start();
    rig_->spawned();
    EXPECT_EQ(rig_->exec_succeeded(), "pidfile:101 emit:started probe:startup");
  }
  std::string answer(const ProbeResult& result) {
    return rig_->feed(event::Probed{result, ProbeKind::Startup});
  }  std::optional<Rig> rig_;
};

TEST_F(StartupProbe, ItIsStartedOnceItServesAndProbedForTheRestFromThen) {
  begin();
  EXPECT_EQ(rig_->state(), ServiceState::Starting);
  EXPECT_EQ(answer(kRefused), "");
  EXPECT_EQ(rig_->timer(), "probe:startup");
  EXPECT_EQ(rig_->state(), ServiceState::Starting);
  EXPECT_EQ(answer(kServing), "emit:serving probe:readiness");
  EXPECT_EQ(rig_->state(), ServiceState::Running);
}

TEST_F(StartupProbe, WithoutOneThatServesTimeoutStartSecEndsItAndSaysWhatItAnswered) {
  begin();
  for (int second = 0; second < 29; ++second) {
    EXPECT_EQ(answer(kRefused), "") << second;
    EXPECT_EQ(rig_->timer(), "probe:startup") << second;
  }
  answer(kRefused);
  EXPECT_EQ(rig_->timer(), "probe:startup end-probe:startup tree:SIGTERM tree:SIGCONT");
  rig_->dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig_->verdict().cause, Cause::StartTimeout);
  EXPECT_EQ(rig_->verdict().summary,
            "had not started within 30s, ended for it; the last probe of tcp://127.0.0.1:8080 was "
            "answered with: connect: Connection refused");
}

TEST_F(StartupProbe, StartupProbeFailuresEndsItSooner) {
  begin(2);
  EXPECT_EQ(answer(kRefused), "");
  rig_->timer();
  EXPECT_EQ(answer(kRefused), "emit:probe-failed tree:SIGTERM tree:SIGCONT");
  rig_->dies(WaitStatus::killed(SIGTERM));
  EXPECT_EQ(rig_->verdict().cause, Cause::ProbeFailure);
}

TEST_F(StartupProbe, OneThatEndsBeforeItServesWasNeverStarted) {
  begin();
  EXPECT_EQ(rig_->exits(1), "end-probe:startup emit:exited no-pidfile release");
  EXPECT_EQ(answer(kServing), "");
  EXPECT_EQ(rig_->state(), ServiceState::Waiting);
}

TEST_F(StartupProbe, ALineOfOutputIsAskedForOnceAndWaitedFor) {
  ServiceSettings settings = loop_settings();
  settings.life.timeout_start = 30s;
  settings.probes.startup.target.emplace();
  settings.probes.startup.target->kind = ProbeTarget::Kind::Line;
  rig_.emplace(settings);
  rig_->start();
  rig_->spawned();
  EXPECT_EQ(rig_->exec_succeeded(), "pidfile:101 emit:started probe:startup");
  EXPECT_EQ(rig_->timer(), "end-probe:startup tree:SIGTERM tree:SIGCONT");
}

// ---- ReadinessProbe= -------------------------------------------------------------------------

class ReadinessProbe : public ::testing::Test {
 protected:
  ReadinessProbe() {
    ServiceSettings settings = loop_settings();
    settings.probes.readiness.target.emplace();
    rig_.emplace(settings);
    rig_->start();
    rig_->spawned();
    EXPECT_EQ(rig_->exec_succeeded(), "pidfile:101 emit:started probe:readiness");
  }
  std::string answer(const ProbeResult& result) {
    return rig_->feed(event::Probed{result, ProbeKind::Readiness});
  }
  bool is_ready() const { return rig_->service().is_ready(); }

  std::optional<Rig> rig_;
};

TEST_F(ReadinessProbe, ReadyFromTheFirstAnswerUntilTooManyFail) {
  EXPECT_FALSE(is_ready());
  EXPECT_EQ(answer(kServing), "emit:serving");
  EXPECT_TRUE(is_ready());
  EXPECT_EQ(rig_->timer(), "tidy");
  for (int failure = 1; failure <= 3; ++failure) {
    EXPECT_TRUE(is_ready());
    EXPECT_EQ(rig_->timer(), "probe:readiness");
    EXPECT_EQ(answer(kRefused), "emit:probe-failed");
    EXPECT_FALSE(rig_->last<record::ProbeFailed>().ending);
  }
  EXPECT_FALSE(is_ready());
  EXPECT_EQ(rig_->state(), ServiceState::Running);
  rig_->timer();
  EXPECT_EQ(answer(kServing), "emit:serving");
  EXPECT_TRUE(is_ready());
}

TEST_F(ReadinessProbe, HoweverManyFailBeforeItIsReadyNothingFollows) {
  for (int failure = 0; failure < 100; ++failure) {
    EXPECT_EQ(answer(kRefused), "") << failure;
    if (rig_->timer() == "tidy") rig_->timer();
  }
  EXPECT_FALSE(is_ready());
  EXPECT_EQ(rig_->state(), ServiceState::Running);
}

TEST_F(ReadinessProbe, TheDeadAreNotReady) {
  answer(kServing);
  rig_->exits(1);
  EXPECT_FALSE(is_ready());
}

}  // namespace
}  // namespace gatevisor::core
