#include "core/death.h"

#include <csignal>

#include "core/format.h"
#include "core/judge.h"
#include "core/restart_policy.h"

namespace gatevisor::core {

const SentSignal* find_sent(const Death& death, int signal) {
  for (auto entry = death.sent.rbegin(); entry != death.sent.rend(); ++entry) {
    if (entry->signal == signal) return &*entry;
  }
  return nullptr;
}

void Judge::fill_facts() {
  verdict_.unit = settings_.name;
  verdict_.invocation = death_.invocation;
  verdict_.pid = death_.pid;
  verdict_.started = death_.started;
  verdict_.ended = death_.ended;
  verdict_.status = death_.status;
  verdict_.memory_peak = death_.after.memory_peak;
  if (!death_.status_text.empty()) add({"sd_notify", "STATUS", death_.status_text});
  if (death_.error_number) add({"sd_notify", "ERRNO", std::to_string(*death_.error_number)});
  if (death_.status) {
    verdict_.shell_status = death_.status->shell_status();
    add({"waitid", "status", how_it_ended(*death_.status)});
  }
  if (death_.after.own_leaf && death_.after.levels.size() > 1) {
    const CgroupLevel& slice = death_.after.levels[1];
    verdict_.memory_limit = slice.memory_max;
    if (slice.memory_max) verdict_.limit_path = slice.path;
  }
}

// From the surest to the least: a failure of our own making, then what gatevisor did, then what
// the counters say, then what is left of the wait status.
void Judge::decide() {
  if (death_.exec_failure) return as_exec_failure();
  if (death_.command) return as_command_failure();
  if (death_.stop_reason == StopReason::MemoryStall) return as_memory_stall();
  // A large process is torn down for longer than kSettle: it may be the victim for which
  // OOMPolicy= has begun to stop it.
  if (oom_killed_main()) {
    const bool sure = oom_.own && oom_.same_moment;
    return as_oom(oom_.group ? Victim::Group : Victim::Main,
                  sure ? Confidence::Certain : Confidence::Likely);
  }
  if (death_.stop_reason == StopReason::OutOfMemory) {
    return as_oom(oom_.group ? Victim::Group : Victim::Helper, Confidence::Certain);
  }
  const LifeSettings& life = settings_.life;
  switch (death_.stop_reason) {
    case StopReason::ProbeFailure: return as_probe_failure();
    case StopReason::StartTimeout:
      return as_time_out(Cause::StartTimeout, "TimeoutStartSec", life.start_timeout(),
                         "had not started within ");
    case StopReason::RuntimeLimit:
      return as_time_out(Cause::RuntimeLimit, "RuntimeMaxSec", life.runtime_max, "had run for ");
    case StopReason::Watchdog:
      return as_time_out(Cause::Watchdog, "WatchdogSec", death_.watchdog,
                         "alive but sent no WATCHDOG=1 within ");
    case StopReason::Protocol: return as_protocol();
    case StopReason::None:
    case StopReason::Request:
    case StopReason::OutOfMemory:
    case StopReason::MemoryStall:
    case StopReason::CommandFailed: break;
  }
  if (death_.stop_reason == StopReason::None && death_.timed_out) {
    return as_stop_timeout();  // STOPPING=1, and it went on
  }
  if (death_.stop_reason == StopReason::Request) {
    if (death_.timed_out) return as_stop_timeout();
    const WaitStatus& status = *death_.status;
    const bool by_its_own_fault = status.by_signal() &&
                                  find_sent(death_, status.value) == nullptr &&
                                  !is_success(status, settings_);
    if (!by_its_own_fault) return as_requested();
  }
  if (oom_killed_helper()) return as_oom(Victim::Helper, Confidence::Likely);
  if (death_.status->by_signal(SIGSYS) && death_.seccomp_mode != 0) return as_seccomp();
  if (ran_out_by_itself()) return as_runtime_oom();
  if (death_.status->by_signal() && !settings_.success.contains(*death_.status)) {
    return as_signal();
  }
  as_exit();
}

void Judge::as_exec_failure() {
  const ExecFailure& failure = *death_.exec_failure;
  const std::string program = settings_.commands.main.empty()
                                  ? std::string()
                                  : settings_.commands.main.front().argv.front();
  verdict_.cause = Cause::ExecFailure;
  verdict_.exec_failure = failure;
  verdict_.shell_status = systemd_exit_code(failure.step);
  const std::string step(to_string(failure.step));
  const std::string why = to_string(Error{"", "", failure.code, ""});
  add({"exec", "step", step});
  add({"exec", "errno", why.size() > 2 ? why.substr(2) : why});
  verdict_.summary = failure.step == ExecStep::Exec ? "could not execute " + program + why
                                                    : "could not be started: " + step + why;
  // To systemd it is an exit code as any other.
  if (!settings_.success.codes.test(static_cast<std::size_t>(verdict_.shell_status))) return;
  verdict_.cause = Cause::Clean;
  if (settings_.commands.main.front().ignore_failure) verdict_.shell_status = 0;
  verdict_.summary += ", which counts as a success";
}

void Judge::as_probe_failure() {
  verdict_.cause = Cause::ProbeFailure;
  if (death_.status->by_signal() && find_sent(death_, death_.status->value) != nullptr) {
    verdict_.sender = Sender::Gatevisor;
  }
  for (const Evidence& fact : death_.probes) add(fact);
  verdict_.summary = "alive but did not serve, ended for it: " + death_.probe_summary;
  if (death_.timed_out) verdict_.summary += "; it ignored the stop and was killed";
  rule_out_oom();
}

void Judge::as_command_failure() {
  const FailedCommand& command = *death_.command;
  verdict_.command = std::string(to_string(command.kind)) + "=" + command.program;
  if (verdict_.pid == 0) verdict_.pid = command.pid;
  add({"unit", "command", verdict_.command});
  if (command.exec_failure) {
    verdict_.cause = Cause::ExecFailure;
    verdict_.exec_failure = command.exec_failure;
    verdict_.shell_status = systemd_exit_code(command.exec_failure->step);
    verdict_.summary = verdict_.command + " could not be executed" +
                       to_string(Error{"", "", command.exec_failure->code, ""});
    return;
  }
  // A command's own status decides, as it does for systemd's Result=.
  const WaitStatus& status = *command.status;
  if (status == WaitStatus::killed(9) && oom_.fresh > 0) {
    as_oom(Victim::Helper, oom_.own ? Confidence::Certain : Confidence::Likely);
    verdict_.summary = verdict_.command + ": " + verdict_.summary;
    return;
  }
  verdict_.status = status;
  verdict_.shell_status = status.shell_status();
  verdict_.cause = status.kind == EndKind::Exited   ? Cause::ExitCode
                   : status.kind == EndKind::Dumped ? Cause::CoreDump
                                                    : Cause::Signal;
  if (status.by_signal()) verdict_.confidence = Confidence::Likely;
  verdict_.summary = verdict_.command + " failed: " + how_it_ended(status);
  rule_out_oom();
}

void Judge::as_time_out(Cause cause, const char* setting, Duration time, const char* what) {
  verdict_.cause = cause;
  if (death_.status && death_.status->by_signal() &&
      find_sent(death_, death_.status->value) != nullptr) {
    verdict_.sender = Sender::Gatevisor;
  }
  // It is a failure whatever its exit code.
  if (verdict_.shell_status == 0) verdict_.shell_status = 1;
  add({"setting", setting, format_duration(time)});
  verdict_.summary = what + format_duration(time) + ", ended for it";
  if (cause == Cause::StartTimeout && death_.last_probe) {
    const auto& [target, detail] = *death_.last_probe;
    add({"setting", "StartupProbe", target});
    add({"probe", "last", detail});
    verdict_.summary += "; the last probe of " + target + " was answered with: " + detail;
  }
  if (death_.timed_out) verdict_.summary += "; it ignored the stop and was killed";
  rule_out_oom();
}

void Judge::as_protocol() {
  verdict_.cause = Cause::Protocol;
  // It is a failure whatever its exit code.
  if (verdict_.shell_status == 0) verdict_.shell_status = 1;
  verdict_.summary = death_.protocol;
  rule_out_oom();
}

void Judge::as_requested() {
  verdict_.cause = Cause::Requested;
  if (death_.status->by_signal()) verdict_.sender = Sender::Gatevisor;
  std::string who = death_.requester.what;
  if (death_.requester.uid != Requester::kNoProcess) {
    who += " from pid " + std::to_string(death_.requester.pid) + " (uid " +
           std::to_string(death_.requester.uid) + ")";
  }
  add({"request", "from", who});
  if (!death_.requester.command.empty()) {
    add({"request", "command", death_.requester.command});
    add({"request", "asked", format_duration(death_.ended - death_.asked_at) + " before the end"});
  }
  verdict_.summary = "stopped on request: " + who;
}

void Judge::as_stop_timeout() {
  verdict_.cause = Cause::StopTimeout;
  verdict_.sender = Sender::Gatevisor;
  add({"setting", "TimeoutStopSec", format_duration(settings_.kill.timeout_stop)});
  verdict_.summary = "did not stop within " + format_duration(settings_.kill.timeout_stop) +
                     " of " + signal_name(settings_.kill.signal) + " and was killed";
  add_oom_evidence();
}

void Judge::as_seccomp() {
  verdict_.cause = Cause::Seccomp;
  verdict_.sender = Sender::Kernel;
  // SIGSYS can also be sent with kill(2); only the audit log has the system call's number.
  verdict_.confidence = Confidence::Likely;
  if (death_.seccomp_mode >= 0) {
    add({"proc status", "Seccomp", std::to_string(death_.seccomp_mode)});
  }
  const KernelDenial* denial =
      death_.kernel_log ? find_denial(*death_.kernel_log, death_.pid) : nullptr;
  if (denial == nullptr) {
    verdict_.summary = "made a system call that its seccomp filter kills for";
    return;
  }
  for (const Evidence& fact : evidence_of(*denial)) add(fact);
  verdict_.summary =
      "made the system call " + call_words(*denial) + ", which its seccomp filter kills for";
}

void Judge::as_signal() {
  const WaitStatus& status = *death_.status;
  verdict_.cause = status.kind == EndKind::Dumped ? Cause::CoreDump : Cause::Signal;
  const std::string name = signal_name(status.value);
  std::string from;
  if (const SentSignal* sent = find_sent(death_, status.value)) {
    verdict_.sender = Sender::Gatevisor;
    add({"ledger", name, sent->why});
    from = " that gatevisor sent (" + sent->why + ")";
  } else {
    switch (status.value) {
      case SIGSEGV:
      case SIGBUS:
      case SIGILL:
      case SIGFPE:
      case SIGTRAP:
      case SIGABRT:
        verdict_.sender = Sender::Itself;
        from = ", a fault of its own";
        // A fault and kill(2) with its signal leave the same status; a core is written for both.
        verdict_.confidence = Confidence::Likely;
        break;
      case SIGXCPU:
      case SIGXFSZ:
        verdict_.sender = Sender::Kernel;
        from = ", a resource limit (LimitCPU= or LimitFSIZE=)";
        verdict_.confidence = Confidence::Likely;
        break;
      default:
        verdict_.sender = Sender::Outside;
        from = " from outside";
        verdict_.ruled_out.push_back({Cause::Requested, "gatevisor sent it no " + name});
        break;
    }
  }
  verdict_.summary = "killed by " + name + from;
  if (status.kind == EndKind::Dumped) verdict_.summary += "; a core was written";
  rule_out_oom();
  if (status.value != SIGKILL || verdict_.sender != Sender::Outside) return;
  add_kernel_kill(true);  // a helper's is another matter
  if (!oom_.visible) {
    verdict_.confidence = Confidence::Unknown;
    verdict_.summary += "; whether for memory cannot be seen here";
  }
}

void Judge::as_exit() {
  const WaitStatus& status = *death_.status;
  rule_out_oom();
  if (is_success(status, settings_)) {
    verdict_.cause = Cause::Clean;
    verdict_.summary = death_.pid == 0 ? "there was nothing to run"
                       : status.with_code(0)
                           ? "exited by itself with code 0"
                           : how_it_ended(status) + ", a success by SuccessExitStatus=";
    return;
  }
  verdict_.summary = how_it_ended(status);
  if (status.value == 78) verdict_.summary += ": a configuration error";
  if (auto refused = find_task_limit(death_)) {
    verdict_.cause = Cause::TaskLimit;
    verdict_.confidence = Confidence::Likely;
    verdict_.summary += " after new processes or threads were refused at its task limit";
    add(std::move(*refused));
    return;
  }
  verdict_.cause = Cause::ExitCode;
}

std::string how_it_ended(const WaitStatus& status) {
  if (!status.by_signal()) {
    std::string text = "exit code " + std::to_string(status.value);
    if (const auto name = sysexit_name(status.value); !name.empty()) {
      text += " (" + std::string(name) + ")";
    }
    return text;
  }
  return signal_name(status.value) + (status.kind == EndKind::Dumped ? " (core dumped)" : "");
}

Verdict judge(const Death& death, const ServiceSettings& settings) {
  return Judge(death, settings).verdict();
}

}  // namespace gatevisor::core
