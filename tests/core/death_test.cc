// Why it died: each cause from the facts that show it, and what is ruled out.

#include "core/death.h"

#include <algorithm>
#include <cerrno>

#include "death_testing.h"

namespace gatevisor::core {
namespace {

void requested(Death& death, int signal = SIGTERM) {
  death.stop_reason = StopReason::Request;
  death.requester = {"SIGTERM", 7, 1000};
  death.sent.push_back({signal, at(139s), "stop"});
}

bool has_evidence(const Verdict& verdict, const std::string& source, const std::string& name,
                  const std::string& value) {
  return std::ranges::count(verdict.evidence, Evidence{source, name, value}) == 1;
}

bool rules_out(const Verdict& verdict, Cause cause, const std::string& because) {
  return std::ranges::count(verdict.ruled_out, RuledOut{cause, because}) == 1;
}

TEST(Death, CarriesTheFactsOfTheInvocation) {
  const Verdict verdict = judged(death_by(WaitStatus::exited(1)));
  EXPECT_EQ(verdict.unit, "gateway");
  EXPECT_EQ(verdict.invocation, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(verdict.pid, 42);
  EXPECT_EQ(verdict.started, at(100s));
  EXPECT_EQ(verdict.ended, at(140s));
  EXPECT_EQ(verdict.status, WaitStatus::exited(1));
  EXPECT_EQ(verdict.memory_peak, 8U << 20);
  EXPECT_EQ(verdict.memory_limit, FakeCgroups::kSliceLimit);
  EXPECT_EQ(verdict.limit_path, "gateway.slice");
  EXPECT_TRUE(has_evidence(verdict, "waitid", "status", "exit code 1"));
}

TEST(Death, CleanIsExitZero) {
  const Verdict verdict = judged(death_by(WaitStatus::exited(0)));
  EXPECT_EQ(verdict.cause, Cause::Clean);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
  EXPECT_EQ(verdict.shell_status, 0);
  EXPECT_EQ(verdict.sender, std::nullopt);
}

TEST(Death, CleanIsWhatSuccessExitStatusSays) {
  ServiceSettings settings = loop_settings();
  settings.success.codes.set(143);
  settings.success.signals.set(SIGTERM);
  const Verdict code = judge(death_by(WaitStatus::exited(143)), settings);
  EXPECT_EQ(code.cause, Cause::Clean);
  EXPECT_EQ(code.shell_status, 143);
  EXPECT_EQ(judge(death_by(WaitStatus::killed(SIGTERM)), settings).cause, Cause::Clean);
  EXPECT_EQ(judge(death_by(WaitStatus::exited(144)), settings).cause, Cause::ExitCode);
}

TEST(Death, ExitCodeNamesSysexits) {
  const Verdict verdict = judged(death_by(WaitStatus::exited(69)));
  EXPECT_EQ(verdict.cause, Cause::ExitCode);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
  EXPECT_EQ(verdict.summary, "exit code 69 (EX_UNAVAILABLE)");
  EXPECT_TRUE(rules_out(verdict, Cause::OomKill, "oom_kill +0 in gateway.slice/1/memory.events"));
}

TEST(Death, SeedRow_Exit78_IsNamedAConfigurationError) {
  EXPECT_EQ(judged(death_by(WaitStatus::exited(78))).summary,
            "exit code 78 (EX_CONFIG): a configuration error");
}

TEST(Death, RequestedIsAnyEndThatWeAskedFor) {
  for (const WaitStatus status : {WaitStatus::exited(0), WaitStatus::exited(1),
                                  WaitStatus::killed(SIGTERM), WaitStatus::killed(SIGINT)}) {
    Death death = death_by(status);
    requested(death);
    const Verdict verdict = judged(death);
    EXPECT_EQ(verdict.cause, Cause::Requested);
    EXPECT_EQ(verdict.confidence, Confidence::Certain);
    EXPECT_TRUE(has_evidence(verdict, "request", "from", "SIGTERM from pid 7 (uid 1000)"));
    EXPECT_EQ(verdict.shell_status, status.shell_status());
  }
}

TEST(Death, RequestedNamesTheSenderOfItsSignal) {
  Death death = death_by(WaitStatus::killed(SIGTERM));
  requested(death);
  EXPECT_EQ(judged(death).sender, Sender::Gatevisor);
  death.status = WaitStatus::exited(0);
  EXPECT_EQ(judged(death).sender, std::nullopt);
}

TEST(Death, CrashWhileStoppingIsACrash) {
  Death death = death_by(WaitStatus::dumped(SIGSEGV));
  requested(death);
  EXPECT_EQ(judged(death).cause, Cause::CoreDump);
  death.status = WaitStatus::killed(SIGKILL);
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::Signal);
  EXPECT_EQ(verdict.sender, Sender::Outside);
}

TEST(Death, StopTimeoutIsTheKillAfterTimeoutStopSec) {
  Death death = death_by(WaitStatus::killed(SIGKILL));
  requested(death);
  death.timed_out = true;
  death.sent.push_back({SIGKILL, at(140s), "stop time-out"});
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::StopTimeout);
  EXPECT_EQ(verdict.sender, Sender::Gatevisor);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
  EXPECT_TRUE(has_evidence(verdict, "setting", "TimeoutStopSec", "8s"));
}

TEST(Death, SignalFromOutside) {
  const Verdict verdict = judged(death_by(WaitStatus::killed(SIGKILL)));
  EXPECT_EQ(verdict.cause, Cause::Signal);
  EXPECT_EQ(verdict.sender, Sender::Outside);
  EXPECT_EQ(verdict.confidence, Confidence::Certain);
  EXPECT_EQ(verdict.shell_status, 137);
  EXPECT_TRUE(rules_out(verdict, Cause::OomKill, "oom_kill +0 in gateway.slice/1/memory.events"));
  EXPECT_TRUE(rules_out(verdict, Cause::Requested, "gatevisor sent it no SIGKILL"));
}

TEST(Death, SignalThatWasForwardedIsOurs) {
  Death death = death_by(WaitStatus::killed(SIGHUP));
  death.sent.push_back({SIGHUP, at(140s), "forwarded SIGHUP"});
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::Signal);
  EXPECT_EQ(verdict.sender, Sender::Gatevisor);
  EXPECT_TRUE(has_evidence(verdict, "ledger", "SIGHUP", "forwarded SIGHUP"));
}

TEST(Death, FaultIsItsOwn) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT}) {
    const Verdict verdict = judged(death_by(WaitStatus::killed(signal)));
    EXPECT_EQ(verdict.cause, Cause::Signal);
    EXPECT_EQ(verdict.sender, Sender::Itself);
    EXPECT_EQ(verdict.confidence, Confidence::Likely) << "kill(2) leaves the same status";
    EXPECT_EQ(verdict.shell_status, 128 + signal);
  }
}

TEST(Death, ResourceLimitIsTheKernels) {
  for (const int signal : {SIGXCPU, SIGXFSZ}) {
    EXPECT_EQ(judged(death_by(WaitStatus::dumped(signal))).sender, Sender::Kernel);
  }
}

TEST(Death, CoreDumpIsWhatTheKernelCallsDumped) {
  const Verdict verdict = judged(death_by(WaitStatus::dumped(SIGSEGV)));
  EXPECT_EQ(verdict.cause, Cause::CoreDump);
  EXPECT_EQ(verdict.sender, Sender::Itself);
  EXPECT_TRUE(has_evidence(verdict, "waitid", "status", "SIGSEGV (core dumped)"));
  EXPECT_EQ(judged(death_by(WaitStatus::dumped(SIGQUIT))).confidence, Confidence::Certain);
}

TEST(Death, SeccompIsSigsysUnderAFilter) {
  Death death = death_by(WaitStatus::dumped(SIGSYS));
  death.seccomp_mode = 2;
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::Seccomp);
  EXPECT_EQ(verdict.sender, Sender::Kernel);
  EXPECT_EQ(verdict.confidence, Confidence::Likely);
  EXPECT_TRUE(has_evidence(verdict, "proc status", "Seccomp", "2"));
  death.seccomp_mode = -1;
  EXPECT_EQ(judged(death).cause, Cause::Seccomp)
      << "it could not be read, but nothing speaks against";
}

TEST(Death, SigsysWithoutAFilterIsASignal) {
  Death death = death_by(WaitStatus::killed(SIGSYS));
  death.seccomp_mode = 0;
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::Signal);
  EXPECT_EQ(verdict.sender, Sender::Outside);
}

TEST(Death, ExecFailureSaysStepAndErrno) {
  Death death = death_by(WaitStatus::exited(203));
  death.exec_failure = ExecFailure{ExecStep::Exec, ENOENT};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::ExecFailure);
  EXPECT_EQ(verdict.exec_failure, (ExecFailure{ExecStep::Exec, ENOENT}));
  EXPECT_EQ(verdict.shell_status, 203);
  EXPECT_EQ(verdict.summary, "could not execute /usr/bin/gateway: No such file or directory");
  EXPECT_TRUE(has_evidence(verdict, "exec", "step", "exec"));
  EXPECT_TRUE(has_evidence(verdict, "exec", "errno", "No such file or directory"));
}

TEST(Death, ExecFailureIsAnExitCodeThatMayCountAsASuccess) {
  Death death = death_by(WaitStatus::exited(203));
  death.exec_failure = ExecFailure{ExecStep::Exec, ENOENT};
  ServiceSettings settings = loop_settings();
  settings.success.codes.set(203);
  EXPECT_EQ(judge(death, settings).cause, Cause::Clean);
  EXPECT_EQ(judge(death, settings).shell_status, 203);
  settings.commands.main.front().ignore_failure = true;
  EXPECT_EQ(judge(death, settings).shell_status, 0) << "'-': as if it had done nothing";
}

TEST(Death, ExecFailureWithoutAProcessHasNoStatus) {
  Death death;
  death.exec_failure = ExecFailure{ExecStep::Clone, EAGAIN};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::ExecFailure);
  EXPECT_EQ(verdict.status, std::nullopt);
  EXPECT_EQ(verdict.pid, 0);
  EXPECT_EQ(verdict.summary, "could not be started: clone: Resource temporarily unavailable");
}

TEST(Death, SeedRow_StrictCapabilities_ADropThatFailsIsAFailedStart) {
  Death death = death_by(WaitStatus::exited(218));
  death.exec_failure = ExecFailure{ExecStep::BoundingSet, EPERM};
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::ExecFailure);
  EXPECT_EQ(verdict.shell_status, 218);
  EXPECT_EQ(verdict.summary, "could not be started: bounding-set: Operation not permitted");
}

Death with_last_words(WaitStatus status, const char* runtime) {
  Death death = death_by(status);
  death.last_words = LastWords{runtime, "what it said"};
  return death;
}

TEST(Death, RuntimeOomIsWhatWasSaidAndHowItEndedTogether) {
  const Verdict verdict = judged(with_last_words(WaitStatus::killed(SIGABRT), "V8"));
  EXPECT_EQ(verdict.cause, Cause::RuntimeOom);
  EXPECT_EQ(verdict.runtime, "V8");
  EXPECT_EQ(verdict.confidence, Confidence::Likely);
  EXPECT_EQ(verdict.sender, Sender::Itself);
  EXPECT_TRUE(has_evidence(verdict, "output", "V8", "what it said"));
  EXPECT_TRUE(rules_out(verdict, Cause::OomKill, "oom_kill +0 in gateway.slice/1/memory.events"));
  EXPECT_EQ(judged(with_last_words(WaitStatus::dumped(SIGABRT), "C++")).cause, Cause::RuntimeOom);
  EXPECT_EQ(judged(with_last_words(WaitStatus::exited(134), "V8")).cause, Cause::RuntimeOom);
  EXPECT_EQ(judged(with_last_words(WaitStatus::exited(3), "JVM")).cause, Cause::RuntimeOom);
  EXPECT_EQ(judged(with_last_words(WaitStatus::exited(2), "Go")).cause, Cause::RuntimeOom);
}

TEST(Death, LastWordsAloneAreNoRuntimeOom) {
  EXPECT_EQ(judged(with_last_words(WaitStatus::exited(0), "V8")).cause, Cause::Clean);
  EXPECT_EQ(judged(with_last_words(WaitStatus::exited(78), "V8")).cause, Cause::ExitCode);
  EXPECT_EQ(judged(with_last_words(WaitStatus::killed(SIGKILL), "V8")).cause, Cause::Signal);
  EXPECT_EQ(judged(with_last_words(WaitStatus::killed(SIGABRT), "a stranger's")).cause,
            Cause::Signal);
  // What gatevisor sent explains it: the watchdog's signal, or a stop.
  Death asked = with_last_words(WaitStatus::killed(SIGABRT), "V8");
  requested(asked, SIGABRT);
  EXPECT_EQ(judged(asked).cause, Cause::Requested);
}

TEST(Death, TheKernelsOwnCountersAreSurerThanLastWords) {
  FakeCgroups groups;
  groups.oom_kill(Scope::OwnLimit);
  Death death = death_by(WaitStatus::exited(1), groups);
  death.last_words = LastWords{"Python", "MemoryError"};
  EXPECT_EQ(judged(death).cause, Cause::OomKill);
}

TEST(Death, TaskLimitStandsBesideAnExitCode) {
  for (const bool at_slice : {false, true}) {
    FakeCgroups groups;
    groups.refuse_forks(3, at_slice);
    const Verdict verdict = judged(death_by(WaitStatus::exited(1), groups));
    EXPECT_EQ(verdict.cause, Cause::TaskLimit);
    EXPECT_EQ(verdict.confidence, Confidence::Likely);
    EXPECT_TRUE(has_evidence(
        verdict, std::string(at_slice ? "gateway.slice" : "gateway.slice/1") + "/pids.events",
        "max", "+3"));
    EXPECT_EQ(judged(death_by(WaitStatus::exited(0), groups)).cause, Cause::Clean);
    EXPECT_EQ(judged(death_by(WaitStatus::killed(SIGKILL), groups)).cause, Cause::Signal);
  }
}

TEST(Death, TaskLimitOfAnEarlierLifeIsNotThisOnes) {
  FakeCgroups groups;
  groups.refuse_forks(3, true);
  Death death = death_by(WaitStatus::exited(1), groups);
  death.baseline = groups.baseline();
  EXPECT_EQ(judged(death).cause, Cause::ExitCode);
}

TEST(Death, MemoryStallIsOurKillForIt) {
  FakeCgroups groups;
  groups.declare_oom(Scope::OwnLimit, 826);
  Death death = death_by(WaitStatus::killed(SIGKILL), groups);
  death.stop_reason = StopReason::MemoryStall;
  death.stall = "oom +826 in the last reading, oom_kill +0 for 5s";
  death.sent.push_back({SIGKILL, at(140s), "memory stall"});
  const Verdict verdict = judged(death);
  EXPECT_EQ(verdict.cause, Cause::MemoryStall);
  EXPECT_EQ(verdict.sender, Sender::Gatevisor);
  EXPECT_EQ(verdict.confidence, Confidence::Likely);
  EXPECT_TRUE(has_evidence(verdict, "gatevisor", "stall", death.stall));
}

TEST(Death, NothingButADeathBySignalHasASender) {
  for (const int code : {0, 1, 78, 203}) {
    EXPECT_EQ(judged(death_by(WaitStatus::exited(code))).sender, std::nullopt);
  }
}

}  // namespace
}  // namespace gatevisor::core
