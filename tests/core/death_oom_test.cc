// Out of memory: whose limit, which victim, how sure, and what is not blamed on it.

#include <algorithm>

#include "core/death.h"
#include "death_testing.h"

namespace gatevisor::core {
namespace {

std::string because(const Verdict& verdict, Cause cause) {
  for (const RuledOut& entry : verdict.ruled_out) {
    if (entry.cause == cause) return entry.because;
  }
  return "not ruled out";
}

TEST(DeathOom, OwnLimit) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  const Verdict verdict = judged(death_by(kKilled, groups));
  EXPECT_EQ(verdict.cause, Cause::OomKill);
  EXPECT_EQ(verdict.scope, Scope::OwnLimit);
  EXPECT_EQ(verdict.victim, Victim::Main);
  EXPECT_EQ(verdict.sender, Sender::Kernel);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
  EXPECT_EQ(verdict.memory_limit, FakeCgroups::kSliceLimit);
  EXPECT_EQ(verdict.limit_path, "gateway.slice");
  EXPECT_EQ(verdict.shell_status, 137);
  EXPECT_EQ(std::ranges::count(verdict.evidence,
                               Evidence{"gateway.slice/1/memory.events", "oom_kill", "+1"}),
            1);
  EXPECT_EQ(std::ranges::count(verdict.evidence,
                               Evidence{"gateway.slice/memory.events.local", "oom", "+1"}),
            1);
}

TEST(DeathOom, AncestorsLimitThatCanBeSeen) {
  FakeCgroups groups;
  groups.oom_kill(Scope::AncestorLimit);
  const Verdict verdict = judged(death_by(kKilled, groups));
  EXPECT_EQ(verdict.scope, Scope::AncestorLimit);
  EXPECT_EQ(verdict.limit_path, "container");
  EXPECT_EQ(verdict.memory_limit, FakeCgroups::kBaseLimit);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
}

TEST(DeathOom, NoVisibleLimitIsOutsideOurView) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OutsideView);
  const Verdict verdict = judged(death_by(kKilled, groups));
  EXPECT_EQ(verdict.cause, Cause::OomKill);
  EXPECT_EQ(verdict.scope, Scope::OutsideView);
  EXPECT_EQ(verdict.confidence, Confidence::Certain) << "that it was killed for memory is counted";
}

TEST(DeathOom, WithoutLocalCountersTheScopeIsOpen) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  for (CgroupLevel& level : death.after.levels) level.local.reset();  // memory_localevents
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::OomKill);
  EXPECT_EQ(verdict.scope, std::nullopt);
  EXPECT_NE(verdict.summary.find("whose limit it was cannot be seen here"), std::string::npos);
}

TEST(DeathOom, WholeGroup) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit, 3, true);
  const Verdict verdict = judged(death_by(kKilled, groups));
  EXPECT_EQ(verdict.victim, Victim::Group);
  EXPECT_EQ(verdict.sender, Sender::Kernel);
  EXPECT_EQ(std::ranges::count(verdict.evidence,
                               Evidence{"gateway.slice/1/memory.events", "oom_group_kill", "+1"}),
            1);
}

TEST(DeathOom, LaunchersExitCodeAfterItsChildWasKilled) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  const Verdict verdict = judged(death_by(WaitStatus::exited(1), groups));
  EXPECT_EQ(verdict.cause, Cause::OomKill);
  EXPECT_EQ(verdict.victim, Victim::Helper);
  EXPECT_EQ(verdict.confidence, Confidence::Likely);
  EXPECT_EQ(verdict.sender, std::nullopt);
  EXPECT_EQ(verdict.shell_status, 1);
}

TEST(DeathOom, ExitZeroIsNotBlamedOnAHelper) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  EXPECT_EQ(judged(death_by(WaitStatus::exited(0), groups)).cause, Cause::Clean);
}

TEST(DeathOom, HelperForWhichThePolicyStoppedTheService) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(WaitStatus::exited(0), groups);
  death.stop_reason = StopReason::OutOfMemory;
  death.sent.push_back({SIGTERM, at(139s), "OOMPolicy=stop"});
  death.oom = {1, at(138s)};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::OomKill);
  EXPECT_EQ(verdict.victim, Victim::Helper);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
}

TEST(DeathOom, MainThatTookLongToDieIsStillTheVictim) {
  // A large process is torn down for longer than the policy waited; nobody else sent SIGKILL.
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  death.stop_reason = StopReason::OutOfMemory;
  death.sent.push_back({SIGTERM, at(139s), "OOMPolicy=stop"});
  death.oom = {1, at(139s)};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::OomKill);
  EXPECT_EQ(verdict.victim, Victim::Main);
  EXPECT_EQ(verdict.sender, Sender::Kernel);
}

TEST(DeathOom, KilledByUsIsNoOomKillOfTheMainProcess) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  death.stop_reason = StopReason::Request;
  death.timed_out = true;
  death.sent.push_back({SIGKILL, at(140s), "stop time-out"});
  EXPECT_EQ(judged(death).cause, Cause::StopTimeout);
}

TEST(DeathOom, KernelsKillWhileStoppingIsOutOfMemory) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  death.stop_reason = StopReason::Request;
  death.sent.push_back({SIGTERM, at(139s), "stop"});
  EXPECT_EQ(judged(death).cause, Cause::OomKill);
}

TEST(DeathOom, KillThatWasOutlivedIsNoReason) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  for (const WaitStatus status : {WaitStatus::exited(1), kKilled}) {
    Death death = death_by(status, groups);
    death.oom = {1, death.ended - kOomAttribution};
    EXPECT_EQ(judged(death).cause, Cause::OomKill) << "exactly that long ago still counts";
    death.oom.last_growth -= 1us;
    const Verdict verdict = judged(death);
    EXPECT_NE(verdict.cause, Cause::OomKill);
    EXPECT_EQ(because(verdict, Cause::OomKill),
              "the last of oom_kill +1 in gateway.slice/1/memory.events was outlived by more than "
              "10s");
  }
}

TEST(DeathOom, NewKillAfterAnOutlivedOneCounts) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit, 2);
  Death death = death_by(kKilled, groups);
  death.oom = {1, at(101s)};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::OomKill);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
}

TEST(DeathOom, KillNoticedAWhileBeforeIsOnlyLikelyTheSame) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(kKilled, groups);
  death.oom = {1, death.ended - kOomSameKill};
  EXPECT_EQ(judged(death).confidence, Confidence::Certain);
  death.oom.last_growth -= 1us;
  EXPECT_EQ(judged(death).confidence, Confidence::Likely);
}

TEST(DeathOom, EarlierLifesCountersAreNotThisOnes) {
  FakeCgroups groups;
  groups.oom_kill(Scope::AncestorLimit);
  const CgroupSnapshot baseline = groups.baseline();
  groups.begin_invocation(2);
  Death death = death_by(kKilled, groups);
  death.baseline = baseline;
  EXPECT_EQ(judged(death).cause, Cause::Signal);
  groups.oom_kill(Scope::OutsideView);
  death.after = groups.now();
  EXPECT_EQ(judged(death).scope, Scope::OutsideView) << "the container's oom +1 is older";
}

TEST(DeathOom, CountersThatRanBackwardsAreNoGrowth) {
  FakeCgroups groups;
  groups.oom_kill(Scope::AncestorLimit);
  Death death = death_by(kKilled, FakeCgroups());
  death.baseline = groups.baseline();
  EXPECT_EQ(judged(death).cause, Cause::Signal);
}

TEST(DeathOom, ContainersCounterMakesItLikely) {
  FakeCgroups groups(CgroupRung::ReadOnly);
  groups.oom_kill(Scope::AncestorLimit);
  const Verdict verdict = judged(death_by(kKilled, groups));
  EXPECT_EQ(verdict.cause, Cause::OomKill);
  EXPECT_EQ(verdict.scope, Scope::AncestorLimit);
  EXPECT_EQ(verdict.confidence, Confidence::Likely);
  EXPECT_NE(verdict.summary.find("the container counted an out-of-memory kill"), std::string::npos);
}

TEST(DeathOom, ContainersCounterDoesNotExplainAnExitCode) {
  FakeCgroups groups(CgroupRung::ReadOnly);
  groups.oom_kill_sibling();
  EXPECT_EQ(judged(death_by(WaitStatus::exited(1), groups)).cause, Cause::ExitCode);
}

TEST(DeathOom, WhereNothingCanBeSeenItSaysSoAndDoesNotGuess) {
  for (const CgroupRung rung : {CgroupRung::NoMemory, CgroupRung::Hidden}) {
    FakeCgroups groups(rung);
    groups.oom_kill(Scope::OwnLimit);
    const Verdict verdict = judged(death_by(kKilled, groups));
    EXPECT_EQ(verdict.cause, Cause::Signal);
    EXPECT_EQ(verdict.confidence, Confidence::Unknown);
    EXPECT_TRUE(verdict.summary.ends_with("; whether for memory cannot be seen here"))
        << verdict.summary;
    EXPECT_EQ(because(verdict, Cause::OomKill), "not ruled out");
    EXPECT_EQ(judged(death_by(WaitStatus::killed(SIGTERM), groups)).confidence, Confidence::Certain)
        << "the OOM killer sends SIGKILL alone";
  }
}

TEST(DeathOom, RequestedStopOutranksAHelpersKill) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(WaitStatus::exited(1), groups);
  death.stop_reason = StopReason::Request;
  death.requester = {"SIGTERM", 7, 0};
  death.sent.push_back({SIGTERM, at(139s), "stop"});
  EXPECT_EQ(judged(death).cause, Cause::Requested);
}

}  // namespace
}  // namespace gatevisor::core
