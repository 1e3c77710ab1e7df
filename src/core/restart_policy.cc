#include "core/restart_policy.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>

namespace gatevisor::core {
namespace {

std::string_view name(RestartMode mode) {
  switch (mode) {
    case RestartMode::No: return "no";
    case RestartMode::OnSuccess: return "on-success";
    case RestartMode::OnFailure: return "on-failure";
    case RestartMode::OnAbnormal: return "on-abnormal";
    case RestartMode::OnWatchdog: return "on-watchdog";
    case RestartMode::OnAbort: return "on-abort";
    case RestartMode::Always: return "always";
  }
  return "?";
}

bool mode_restarts(RestartMode mode, EndClass end) {
  switch (mode) {
    case RestartMode::No: return false;
    case RestartMode::OnSuccess: return end == EndClass::Clean;
    case RestartMode::OnFailure: return end != EndClass::Clean;
    case RestartMode::OnAbnormal:
      return end == EndClass::UncleanSignal || end == EndClass::Abnormal ||
             end == EndClass::Watchdog;
    case RestartMode::OnWatchdog: return end == EndClass::Watchdog;
    case RestartMode::OnAbort: return end == EndClass::UncleanSignal;
    case RestartMode::Always: return true;
  }
  return false;
}

}  // namespace

bool is_success(const WaitStatus& status, const ServiceSettings& settings) {
  if (settings.success.contains(status)) return true;
  switch (status.kind) {
    case EndKind::Exited: return status.value == 0;
    case EndKind::Killed:
      return status.value == SIGHUP || status.value == SIGINT || status.value == SIGTERM ||
             status.value == SIGPIPE;
    case EndKind::Dumped: return false;
  }
  return false;
}

bool is_transient(int error_number) {
  switch (error_number) {
    case EAGAIN:  // RLIMIT_NPROC or pids.max, at this moment
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EINTR:
    case EBUSY:    // a cgroup that is being set up or torn down
    case ETXTBSY:  // the program is being written
      return true;
    default: return false;
  }
}

EndClass end_class(const Verdict& verdict, const ServiceSettings& settings) {
  switch (verdict.cause) {
    case Cause::OomKill:
    case Cause::MemoryStall:
    case Cause::StartTimeout:
    case Cause::RuntimeLimit:
    case Cause::StopTimeout: return EndClass::Abnormal;  // systemd's oom-kill and timeout
    case Cause::Watchdog:
    case Cause::ProbeFailure: return EndClass::Watchdog;
    case Cause::Protocol: return EndClass::UncleanCode;
    case Cause::ExecFailure: return EndClass::UncleanCode;
    case Cause::Clean: return EndClass::Clean;
    case Cause::Requested:
    case Cause::ExitCode:
    case Cause::Signal:
    case Cause::CoreDump:
    case Cause::Seccomp:
    case Cause::TaskLimit: break;
  }
  if (!verdict.status) return EndClass::UncleanCode;
  if (is_success(*verdict.status, settings)) return EndClass::Clean;
  return verdict.status->by_signal() ? EndClass::UncleanSignal : EndClass::UncleanCode;
}

RestartPolicy::RestartPolicy(const ServiceSettings& settings, std::uint64_t seed)
    : settings_(settings), random_(seed) {}

Next RestartPolicy::decide(const Verdict& verdict) {
  Next next;
  if (!restarts(verdict, next.reason)) return next;
  if (verdict.ended - verdict.started >= settings_.restart.reset_after) respawns_ = 0;
  ++respawns_;
  next.action = NextAction::Respawn;
  next.delay = delay(verdict);
  return next;
}

bool RestartPolicy::restarts(const Verdict& verdict, std::string& reason) const {
  const RestartSettings& rules = settings_.restart;
  if (const auto rule = rules.by_cause.find(verdict.cause);
      rule != rules.by_cause.end() && rule->second.restart) {
    reason = "RestartCause=" + std::string(to_string(verdict.cause));
    return *rule->second.restart;
  }
  if (verdict.cause == Cause::ExecFailure) {
    // A missing program or user does not come back by itself; a full process table may.
    const int code = verdict.exec_failure ? verdict.exec_failure->code : 0;
    if (!is_transient(code)) {
      reason = "a start that failed like this is not retried";
      return false;
    }
  } else if (verdict.status && rules.prevent.contains(*verdict.status)) {
    reason = "RestartPreventExitStatus=";
    return false;
  } else if (verdict.status && rules.force.contains(*verdict.status)) {
    reason = "RestartForceExitStatus=";
    return true;
  }
  reason = "Restart=" + std::string(name(rules.mode));
  return mode_restarts(rules.mode, end_class(verdict, settings_));
}

// systemd's service_restart_usec_next(): from RestartSec= to RestartMaxDelaySec= in RestartSteps=
// steps, each larger by the same factor.
Duration RestartPolicy::delay(const Verdict& verdict) {
  const RestartSettings& rules = settings_.restart;
  if (const auto rule = rules.by_cause.find(verdict.cause);
      rule != rules.by_cause.end() && rule->second.delay) {
    return *rule->second.delay;
  }
  if (rules.delay == kForever) return kForever;
  // A longest delay that is shorter than the first wins, as in systemd.
  Duration value = std::min(rules.delay, rules.max_delay);
  const bool grows = respawns_ > 1 && rules.steps > 0 && rules.delay > Duration{0} &&
                     rules.max_delay != kForever && rules.max_delay > rules.delay;
  if (grows && respawns_ > rules.steps) {
    value = rules.max_delay;
  } else if (grows) {
    // In long double, as there: in double, 2 s to 16 s in 3 steps gives 7.999999 s.
    const auto first = static_cast<long double>(rules.delay.count());
    const auto last = static_cast<long double>(rules.max_delay.count());
    const long double exponent = static_cast<long double>(respawns_ - 1) / rules.steps;
    value = Duration(static_cast<Duration::rep>(first * std::pow(last / first, exponent)));
  }
  if (rules.randomized > Duration{0}) {
    const auto span = static_cast<std::uint64_t>(rules.randomized.count());
    const auto extra = Duration(static_cast<Duration::rep>(random_() % span));
    value = extra >= kForever - value ? kForever : value + extra;
  }
  return value;
}

}  // namespace gatevisor::core
