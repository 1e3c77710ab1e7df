// LivenessProbe=: what is done with a gateway that is alive and does not serve.

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
    settings.probe.target.emplace();
    settings.probe.target->text = "http://127.0.0.1:8080/health";
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

}  // namespace
}  // namespace gatevisor::core
