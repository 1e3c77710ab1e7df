// When the gateway is probed, and what the answers add up to.

#include "core/probe_watch.h"

#include "core_testing.h"

namespace gatevisor::core {
namespace {

using Kind = ProbeWatch::Finding::Kind;

ProbeSettings settings() {
  ProbeSettings probe;
  probe.target.emplace();
  return probe;
}

class ProbeWatchTest : public ::testing::Test {
 protected:
  ProbeWatchTest() { watch_.begin(now_); }
  ProbeWatch::Finding answer(ProbeOutcome outcome) {
    now_ = watch_.deadline();
    EXPECT_TRUE(watch_.take_due(now_));
    return watch_.answered(now_, {outcome, ""});
  }
  Kind kind(ProbeOutcome outcome) { return answer(outcome).kind; }

  ProbeSettings settings_ = settings();
  ProbeWatch watch_{settings_};
  Instant now_ = at(100s);
};

TEST_F(ProbeWatchTest, FirstIsDueAfterAnInterval) {
  EXPECT_EQ(watch_.deadline(), at(110s));
  EXPECT_FALSE(watch_.take_due(at(110s) - 1us));
  EXPECT_TRUE(watch_.take_due(at(110s)));
  EXPECT_FALSE(watch_.take_due(at(110s)));
}

TEST_F(ProbeWatchTest, WithoutATargetNothingIsDue) {
  const ProbeSettings none;
  ProbeWatch watch(none);
  watch.begin(now_);
  EXPECT_EQ(watch.deadline(), Instant::max());
}

TEST_F(ProbeWatchTest, TimeoutRunsFromTheQuestion) {
  watch_.take_due(at(112s));
  EXPECT_EQ(watch_.deadline(), at(117s));
  EXPECT_FALSE(watch_.take_timeout(at(117s) - 1us));
  EXPECT_TRUE(watch_.take_timeout(at(117s)));
}

TEST_F(ProbeWatchTest, IntervalRunsFromQuestionToQuestion) {
  watch_.take_due(at(110s));
  watch_.answered(now_, {ProbeOutcome::Serving, ""});
  EXPECT_EQ(watch_.deadline(), at(120s));
}

TEST_F(ProbeWatchTest, NeverTwoAtOnce) {
  settings_.timeout = 25s;
  watch_.take_due(at(110s));
  EXPECT_FALSE(watch_.take_due(at(121s)));
  EXPECT_EQ(watch_.deadline(), at(135s));
  watch_.answered(now_, {ProbeOutcome::Serving, ""});
  EXPECT_TRUE(watch_.take_due(at(131s)));
}

TEST_F(ProbeWatchTest, FourFailuresOnceItHasServed) {
  EXPECT_EQ(kind(ProbeOutcome::Serving), Kind::Serving);
  for (unsigned failure = 1; failure < 4; ++failure) {
    const auto finding = answer(ProbeOutcome::Failed);
    EXPECT_EQ(finding.kind, Kind::Failed);
    EXPECT_EQ(finding.failures, failure);
    EXPECT_EQ(finding.threshold, 4u);
  }
  EXPECT_EQ(kind(ProbeOutcome::Failed), Kind::TooMany);
}

TEST_F(ProbeWatchTest, TwentyFailuresBeforeThat) {
  for (int failure = 1; failure < 20; ++failure) {
    EXPECT_EQ(kind(ProbeOutcome::Failed), Kind::Nothing) << failure;
  }
  const auto finding = answer(ProbeOutcome::Failed);
  EXPECT_EQ(finding.kind, Kind::TooMany);
  EXPECT_EQ(finding.threshold, 20u);
}

TEST_F(ProbeWatchTest, TooManyIsToldOnce) {
  for (int failure = 1; failure <= 20; ++failure) answer(ProbeOutcome::Failed);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(kind(ProbeOutcome::Failed), Kind::Nothing);
  EXPECT_EQ(kind(ProbeOutcome::Serving), Kind::Serving);
  EXPECT_EQ(kind(ProbeOutcome::Failed), Kind::Failed);
}

TEST_F(ProbeWatchTest, SuccessForgetsTheFailures) {
  kind(ProbeOutcome::Serving);
  for (int i = 0; i < 3; ++i) kind(ProbeOutcome::Failed);
  EXPECT_EQ(kind(ProbeOutcome::Serving), Kind::Serving);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kind(ProbeOutcome::Failed), Kind::Failed);
  EXPECT_EQ(kind(ProbeOutcome::Failed), Kind::TooMany);
}

TEST_F(ProbeWatchTest, ServingIsToldOnce) {
  EXPECT_EQ(kind(ProbeOutcome::Serving), Kind::Serving);
  EXPECT_EQ(kind(ProbeOutcome::Serving), Kind::Nothing);
}

TEST_F(ProbeWatchTest, OneThatCannotRunIsNotCountedAndToldOnceInARow) {
  kind(ProbeOutcome::Serving);
  for (int i = 0; i < 3; ++i) kind(ProbeOutcome::Failed);
  EXPECT_EQ(kind(ProbeOutcome::CannotRun), Kind::CannotRun);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(kind(ProbeOutcome::CannotRun), Kind::Nothing);
  EXPECT_EQ(kind(ProbeOutcome::Failed), Kind::TooMany);  // the fourth, not the first
  EXPECT_EQ(kind(ProbeOutcome::CannotRun), Kind::CannotRun);
}

TEST_F(ProbeWatchTest, AnAnswerThatCameTooLateIsNothing) {
  watch_.take_due(at(110s));
  EXPECT_TRUE(watch_.end());
  EXPECT_EQ(watch_.answered(now_, {ProbeOutcome::Failed, ""}).kind, Kind::Nothing);
  EXPECT_EQ(watch_.deadline(), Instant::max());
  EXPECT_FALSE(watch_.end());
}

}  // namespace
}  // namespace gatevisor::core
