// Whether it comes back: Restart= and what overrules it.

#include "core/restart_policy.h"

#include <algorithm>
#include <cerrno>

#include "core/service_result.h"
#include "core_testing.h"

namespace gatevisor::core {
namespace {

Verdict verdict_of(Cause cause, std::optional<WaitStatus> status) {
  Verdict verdict;
  verdict.cause = cause;
  verdict.status = status;
  verdict.started = at(100s);
  verdict.ended = at(101s);
  return verdict;
}

Verdict exec_failure(int code, ExecStep step = ExecStep::Exec) {
  Verdict verdict = verdict_of(Cause::ExecFailure, WaitStatus::exited(systemd_exit_code(step)));
  verdict.exec_failure = ExecFailure{step, code};
  return verdict;
}

Next decide(const ServiceSettings& settings, const Verdict& verdict) {
  return RestartPolicy(settings, 1).decide(verdict, service_result(verdict, settings));
}

bool restarts(RestartMode mode, const Verdict& verdict) {
  ServiceSettings settings;
  settings.restart.mode = mode;
  return decide(settings, verdict).action == NextAction::Respawn;
}

struct TableRow {
  const char* end;
  Verdict verdict;
  // no, on-success, on-failure, on-abnormal, on-watchdog, on-abort, always: in the enum's order
  std::array<bool, 7> restarts;
};

std::vector<TableRow> table() {
  const std::array<bool, 7> clean = {false, true, false, false, false, false, true};
  const std::array<bool, 7> code = {false, false, true, false, false, false, true};
  const std::array<bool, 7> signal = {false, false, true, true, false, true, true};
  const std::array<bool, 7> abnormal = {false, false, true, true, false, false, true};
  const std::array<bool, 7> watchdog = {false, false, true, true, true, false, true};
  return {
      {"exit 0", verdict_of(Cause::Clean, WaitStatus::exited(0)), clean},
      {"SIGHUP", verdict_of(Cause::Signal, WaitStatus::killed(SIGHUP)), clean},
      {"SIGINT", verdict_of(Cause::Signal, WaitStatus::killed(SIGINT)), clean},
      {"SIGTERM", verdict_of(Cause::Signal, WaitStatus::killed(SIGTERM)), clean},
      {"SIGPIPE", verdict_of(Cause::Signal, WaitStatus::killed(SIGPIPE)), clean},
      {"exit 1", verdict_of(Cause::ExitCode, WaitStatus::exited(1)), code},
      {"exit 255", verdict_of(Cause::ExitCode, WaitStatus::exited(255)), code},
      {"task limit", verdict_of(Cause::TaskLimit, WaitStatus::exited(1)), code},
      {"exec, for a moment", exec_failure(EAGAIN), code},
      {"no process for a moment", exec_failure(ENOMEM, ExecStep::Clone), code},
      {"SIGKILL", verdict_of(Cause::Signal, WaitStatus::killed(SIGKILL)), signal},
      {"SIGSEGV", verdict_of(Cause::Signal, WaitStatus::killed(SIGSEGV)), signal},
      {"core", verdict_of(Cause::CoreDump, WaitStatus::dumped(SIGABRT)), signal},
      {"core of a clean signal", verdict_of(Cause::CoreDump, WaitStatus::dumped(SIGTERM)), signal},
      {"run-time out of memory", verdict_of(Cause::RuntimeOom, WaitStatus::dumped(SIGABRT)), signal},
      {"run-time, exit 1", verdict_of(Cause::RuntimeOom, WaitStatus::exited(1)), code},
      {"seccomp", verdict_of(Cause::Seccomp, WaitStatus::killed(SIGSYS)), signal},
      {"time-out", verdict_of(Cause::StopTimeout, WaitStatus::killed(SIGKILL)), abnormal},
      {"out of memory", verdict_of(Cause::OomKill, WaitStatus::killed(SIGKILL)), abnormal},
      {"helper's memory", verdict_of(Cause::OomKill, WaitStatus::exited(0)), abnormal},
      {"memory stall", verdict_of(Cause::MemoryStall, WaitStatus::killed(SIGKILL)), abnormal},
      {"probes", verdict_of(Cause::ProbeFailure, WaitStatus::killed(SIGTERM)), watchdog},
      {"not started in time", verdict_of(Cause::StartTimeout, WaitStatus::killed(SIGTERM)),
       abnormal},
      {"longest life", verdict_of(Cause::RuntimeLimit, WaitStatus::exited(0)), abnormal},
      {"watchdog", verdict_of(Cause::Watchdog, WaitStatus::dumped(SIGABRT)), watchdog},
      {"ended before it was ready", verdict_of(Cause::Protocol, WaitStatus::exited(0)), abnormal},
      {"probes, then exit 0", verdict_of(Cause::ProbeFailure, WaitStatus::exited(0)), watchdog},
  };
}

TEST(RestartTable, IsThatOfSystemdService5) {
  for (const TableRow& row : table()) {
    for (std::size_t mode = 0; mode < row.restarts.size(); ++mode) {
      EXPECT_EQ(restarts(static_cast<RestartMode>(mode), row.verdict), row.restarts[mode])
          << row.end << ", Restart= number " << mode;
    }
  }
}

TEST(RestartTable, EveryCauseIsInIt) {
  for (const Cause cause : kAllCauses) {
    if (cause == Cause::Requested) continue;  // never comes to the policy
    EXPECT_TRUE(std::ranges::any_of(table(), [&](const TableRow& row) {
      return row.verdict.cause == cause;
    })) << to_string(cause);
  }
}

TEST(RestartTable, SuccessExitStatusMakesAnEndClean) {
  ServiceSettings settings;
  settings.success.codes.set(3);
  settings.success.signals.set(SIGKILL);
  for (const WaitStatus status : {WaitStatus::exited(3), WaitStatus::killed(SIGKILL)}) {
    settings.restart.mode = RestartMode::OnFailure;
    EXPECT_EQ(decide(settings, verdict_of(Cause::Clean, status)).action, NextAction::Stop);
    settings.restart.mode = RestartMode::OnSuccess;
    EXPECT_EQ(decide(settings, verdict_of(Cause::Clean, status)).action, NextAction::Respawn);
    EXPECT_TRUE(is_success(status, settings));
  }
  EXPECT_FALSE(is_success(WaitStatus::exited(4), settings));
}

TEST(RestartPrecedence, PreventBeatsForceAndMode) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::Always;
  settings.restart.prevent.codes.set(1);
  settings.restart.force.codes.set(1);
  const Next next = decide(settings, verdict_of(Cause::ExitCode, WaitStatus::exited(1)));
  EXPECT_EQ(next.action, NextAction::Stop);
  EXPECT_EQ(next.reason, "RestartPreventExitStatus=");
}

TEST(RestartPrecedence, ForceBeatsMode) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::No;
  settings.restart.force.codes.set(0);
  settings.restart.force.signals.set(SIGUSR1);
  EXPECT_EQ(decide(settings, verdict_of(Cause::Clean, WaitStatus::exited(0))).reason,
            "RestartForceExitStatus=");
  EXPECT_EQ(decide(settings, verdict_of(Cause::Signal, WaitStatus::killed(SIGUSR1))).action,
            NextAction::Respawn);
  EXPECT_EQ(decide(settings, verdict_of(Cause::ExitCode, WaitStatus::exited(1))).action,
            NextAction::Stop);
}

TEST(RestartPrecedence, PreventTakesSignalsToo) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::Always;
  settings.restart.prevent.signals.set(SIGTERM);
  EXPECT_EQ(decide(settings, verdict_of(Cause::Signal, WaitStatus::killed(SIGTERM))).action,
            NextAction::Stop);
  EXPECT_EQ(decide(settings, verdict_of(Cause::Signal, WaitStatus::killed(SIGINT))).action,
            NextAction::Respawn);
}

TEST(RestartPrecedence, RestartCauseBeatsAll) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::Always;
  settings.restart.by_cause[Cause::OomKill] = {false, {}};
  const Verdict oom = verdict_of(Cause::OomKill, WaitStatus::killed(SIGKILL));
  settings.restart.force.signals.set(SIGKILL);
  EXPECT_EQ(decide(settings, oom).action, NextAction::Stop);
  EXPECT_EQ(decide(settings, oom).reason, "RestartCause=oom-kill");
  settings.restart.mode = RestartMode::No;
  settings.restart.prevent.signals.set(SIGKILL);
  settings.restart.by_cause[Cause::OomKill] = {true, {}};
  EXPECT_EQ(decide(settings, oom).action, NextAction::Respawn);
}

TEST(RestartPrecedence, RestartCauseOfAnotherCauseIsNoRule) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::OnFailure;
  settings.restart.by_cause[Cause::OomKill] = {false, {}};
  EXPECT_EQ(decide(settings, verdict_of(Cause::Signal, WaitStatus::killed(SIGKILL))).action,
            NextAction::Respawn);
}

TEST(RestartPrecedence, RestartCauseMayKeepTheModeAndSetTheDelayAlone) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::No;
  settings.restart.by_cause[Cause::OomKill] = {{}, 5s};
  const Verdict oom = verdict_of(Cause::OomKill, WaitStatus::killed(SIGKILL));
  EXPECT_EQ(decide(settings, oom).action, NextAction::Stop);
  settings.restart.mode = RestartMode::OnFailure;
  EXPECT_EQ(decide(settings, oom).delay, 5s);
  EXPECT_EQ(decide(settings, oom).reason, "Restart=on-failure");
}

TEST(RestartExecFailure, OnlyWhatPassesIsTriedAgain) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::Always;
  for (const int code : {EAGAIN, ENOMEM, EMFILE, ENFILE, EINTR, EBUSY, ETXTBSY}) {
    EXPECT_TRUE(is_transient(code));
    EXPECT_EQ(decide(settings, exec_failure(code)).action, NextAction::Respawn) << code;
  }
  for (const int code : {ENOENT, EACCES, EPERM, ENOEXEC, EINVAL, ELOOP, ENOTDIR, EROFS, 0}) {
    EXPECT_FALSE(is_transient(code));
    EXPECT_EQ(decide(settings, exec_failure(code)).action, NextAction::Stop) << code;
  }
}

TEST(RestartExecFailure, OfAUnitFileIsAnExitCodeAsAnyOther) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::OnFailure;
  settings.restart.retries_exec_failure = true;
  Verdict missing = exec_failure(ENOENT);
  missing.shell_status = 203;
  EXPECT_EQ(decide(settings, missing).action, NextAction::Respawn);
  settings.restart.prevent.codes.set(203);
  EXPECT_EQ(decide(settings, missing).reason, "RestartPreventExitStatus=");
}

TEST(RestartPrecedence, AnotherResultIsDecidedOnAnewAndCountedOnce) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::Always;
  RestartPolicy policy(settings, 1);
  Verdict clean = verdict_of(Cause::Clean, WaitStatus::exited(0));
  clean.next = policy.decide(clean, "success");
  EXPECT_EQ(policy.decide_again(clean, "timeout").action, NextAction::Respawn);
  EXPECT_EQ(policy.respawns(), 1U);
  settings.restart.mode = RestartMode::OnSuccess;
  EXPECT_EQ(policy.decide_again(clean, "timeout").action, NextAction::Stop);
}

TEST(RestartExecFailure, RestartCauseSaysOtherwise) {
  ServiceSettings settings;
  settings.restart.mode = RestartMode::No;
  settings.restart.by_cause[Cause::ExecFailure] = {true, 10s};
  const Next next = decide(settings, exec_failure(ENOENT));
  EXPECT_EQ(next.action, NextAction::Respawn);
  EXPECT_EQ(next.delay, 10s);
}

TEST(RestartReason, NamesTheSettingAsItIsSpelled) {
  ServiceSettings settings;
  const std::array<const char*, 7> spelled = {
      "no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"};
  for (std::size_t mode = 0; mode < spelled.size(); ++mode) {
    settings.restart.mode = static_cast<RestartMode>(mode);
    EXPECT_EQ(decide(settings, verdict_of(Cause::ExitCode, WaitStatus::exited(1))).reason,
              std::string("Restart=") + spelled[mode]);
  }
}

}  // namespace
}  // namespace gatevisor::core
