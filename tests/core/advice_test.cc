// Each cause has its advice, or deliberately none; the figures in it are the verdict's.

#include "core/advice.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <set>

namespace gatevisor::core {
namespace {

constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;

Verdict of(Cause cause) {
  Verdict verdict;
  verdict.cause = cause;
  return verdict;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Advice, EveryCauseButCleanAndRequestedHasOne) {
  std::set<std::string> all;
  for (const Cause cause : kAllCauses) {
    const std::string text = advice(of(cause));
    const bool none = cause == Cause::Clean || cause == Cause::Requested;
    EXPECT_EQ(text.empty(), none) << to_string(cause);
    if (none) continue;
    EXPECT_TRUE(text.ends_with('.')) << text;
    EXPECT_FALSE(has(text, "\n")) << text;
    EXPECT_TRUE(all.insert(text).second) << "twice: " << text;
  }
}

TEST(Advice, EveryCauseHasAClass) {
  for (const Cause cause : kAllCauses) EXPECT_NE(to_string(death_class(cause)), "?");
  EXPECT_EQ(death_class(Cause::OomKill), DeathClass::Memory);
  EXPECT_EQ(death_class(Cause::Requested), DeathClass::Fine);
  EXPECT_EQ(death_class(Cause::StartTimeout), DeathClass::Start);
}

TEST(Advice, OomKillByTheOwnLimitNamesLimitPeakAndAHeapOfThreeQuarters) {
  Verdict verdict = of(Cause::OomKill);
  verdict.scope = Scope::OwnLimit;
  verdict.victim = Victim::Main;
  verdict.memory_limit = 512 * kMebi;
  verdict.memory_peak = 511 * kMebi;
  const std::string text = advice(verdict);
  EXPECT_TRUE(has(text, "MemoryMax= is 512 MiB and the peak was 511 MiB")) << text;
  EXPECT_TRUE(has(text, "--max-old-space-size=384 ")) << text;
}

TEST(Advice, OfAHeapThatWasTooSmallNamesTheFlagAndAFigure) {
  Verdict verdict = of(Cause::RuntimeOom);
  verdict.runtime = "V8";
  verdict.memory_peak = 100 * kMebi;
  EXPECT_TRUE(has(advice(verdict), "NODE_OPTIONS=--max-old-space-size=200 is twice"))
      << advice(verdict);
  verdict.memory_limit = 512 * kMebi;
  EXPECT_TRUE(has(advice(verdict), "NODE_OPTIONS=--max-old-space-size=384 is three quarters"))
      << advice(verdict);
  verdict.runtime = "JVM";
  EXPECT_TRUE(has(advice(verdict), "JAVA_TOOL_OPTIONS=-Xmx384m is")) << advice(verdict);
  verdict.memory_peak = 500 * kMebi;  // no larger one fits
  EXPECT_TRUE(has(advice(verdict), "raise MemoryMax=, which is 512 MiB")) << advice(verdict);
  verdict.memory_peak.reset();
  verdict.memory_limit.reset();
  EXPECT_TRUE(has(advice(verdict), "raise it with Environment=JAVA_TOOL_OPTIONS=-XmxNm."))
      << advice(verdict);
  verdict.runtime = "C++";
  EXPECT_TRUE(has(advice(verdict), "LimitAS=")) << advice(verdict);
}

TEST(Advice, OomKillOfAHelperIsNoMatterOfTheGatewaysHeap) {
  Verdict verdict = of(Cause::OomKill);
  verdict.scope = Scope::OwnLimit;
  verdict.victim = Victim::Helper;
  verdict.memory_limit = 512 * kMebi;
  EXPECT_FALSE(has(advice(verdict), "max-old-space-size"));
  EXPECT_TRUE(has(advice(verdict), "helper"));
}

TEST(Advice, OomKillByAnAncestorsLimitNamesTheCgroup) {
  Verdict verdict = of(Cause::OomKill);
  verdict.scope = Scope::AncestorLimit;
  verdict.limit_path = "/docker/abc";
  verdict.memory_limit = 256 * kMebi;
  EXPECT_TRUE(
      has(advice(verdict), "The cgroup /docker/abc above the unit's own has a limit of 256 MiB"));
  verdict.scope = Scope::OutsideView;
  EXPECT_FALSE(has(advice(verdict), "/docker/abc"));
}

TEST(Advice, ExitCodesThatHaveAMeaningAreToldApart) {
  std::set<std::string> all;
  for (const int code : {1, 64, 66, 69, 73, 77, 78, 126, 127, 137}) {
    Verdict verdict = of(Cause::ExitCode);
    verdict.status = WaitStatus::exited(code);
    EXPECT_TRUE(all.insert(advice(verdict)).second) << code;
  }
  Verdict verdict = of(Cause::ExitCode);
  verdict.status = WaitStatus::exited(78);
  EXPECT_TRUE(has(advice(verdict), "configuration"));
  verdict.status = WaitStatus::exited(137);
  EXPECT_TRUE(has(advice(verdict), "SIGKILL"));
  verdict.command = "ExecStartPre=/bin/prepare";
  EXPECT_TRUE(has(advice(verdict), "ExecStartPre=/bin/prepare"));
}

TEST(Advice, SignalsBySenderAndByWhatCouldBeSeen) {
  Verdict verdict = of(Cause::Signal);
  verdict.status = WaitStatus::killed(SIGKILL);
  verdict.sender = Sender::Outside;
  EXPECT_TRUE(has(advice(verdict), "Memory was not the reason"));
  verdict.confidence = Confidence::Unknown;
  EXPECT_TRUE(has(advice(verdict), "cannot be seen here"));
  verdict.status = WaitStatus::killed(SIGTERM);
  EXPECT_TRUE(has(advice(verdict), "send SIGTERM to gatevisor instead"));
  verdict.sender = Sender::Gatevisor;
  EXPECT_TRUE(has(advice(verdict), "ForwardSignals="));
  verdict.sender = Sender::Kernel;
  verdict.status = WaitStatus::killed(SIGXFSZ);
  EXPECT_TRUE(has(advice(verdict), "LimitFSIZE="));
}

TEST(Advice, ExecFailuresByErrnoAndEveryStepHasOne) {
  std::set<std::string> all;
  for (const int code : {ENOENT, EACCES, ENOEXEC, ELOOP, ENOMEM, E2BIG, ETXTBSY, EPERM, EIO}) {
    Verdict verdict = of(Cause::ExecFailure);
    verdict.exec_failure = ExecFailure{ExecStep::Exec, code};
    EXPECT_TRUE(all.insert(advice(verdict)).second) << code;
  }
  for (int step = 0; step <= static_cast<int>(ExecStep::Exec); ++step) {
    Verdict verdict = of(Cause::ExecFailure);
    verdict.exec_failure = ExecFailure{static_cast<ExecStep>(step), EPERM};
    EXPECT_TRUE(advice(verdict).ends_with('.')) << step;
  }
}

TEST(Advice, TimeOutsNameTheSettingAndItsValue) {
  Verdict verdict = of(Cause::StopTimeout);
  verdict.evidence = {{"setting", "TimeoutStopSec", "8s"}};
  EXPECT_TRUE(advice(verdict).starts_with("TimeoutStopSec= is 8s: "));
  verdict.cause = Cause::Watchdog;
  EXPECT_TRUE(advice(verdict).starts_with("WatchdogSec=: "));
}

}  // namespace
}  // namespace gatevisor::core
