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

EndClass end_class(std::string_view result) {
  if (result == "success") return EndClass::Clean;
  if (result == "exit-code") return EndClass::UncleanCode;
  if (result == "signal" || result == "core-dump") return EndClass::UncleanSignal;
  if (result == "watchdog") return EndClass::Watchdog;
  return EndClass::Abnormal;
}

RestartPolicy::RestartPolicy(const ServiceSettings& settings, std::uint64_t seed)
    : settings_(settings), random_(seed) {}

Next RestartPolicy::decide(const Verdict& verdict, std::string_view result) {
  Next next;
  if (!restarts(verdict, result, next.reason)) return next;
  if (verdict.ended - verdict.started >= settings_.restart.reset_after) respawns_ = 0;
  ++respawns_;
  next.action = NextAction::Respawn;
  next.delay = delay(verdict);
  return next;
}

Next RestartPolicy::decide_again(const Verdict& verdict, std::string_view result) {
  if (verdict.next.action == NextAction::Respawn && respawns_ > 0) --respawns_;
  return decide(verdict, result);
}

bool RestartPolicy::restarts(const Verdict& verdict, std::string_view result,
                             std::string& reason) const {
  const RestartSettings& rules = settings_.restart;
  if (const auto rule = rules.by_cause.find(verdict.cause);
      rule != rules.by_cause.end() && rule->second.restart) {
    reason = "RestartCause=" + std::string(to_string(verdict.cause));
    return *rule->second.restart;
  }
  std::optional<WaitStatus> status = verdict.status;
  if (verdict.cause == Cause::ExecFailure) status = WaitStatus::exited(verdict.shell_status);
  if (verdict.cause == Cause::ExecFailure && !rules.retries_exec_failure) {
    // A missing program or user does not come back by itself; a full process table may.
    const int code = verdict.exec_failure ? verdict.exec_failure->code : 0;
    if (!is_transient(code)) {
      reason = "a start that failed like this is not retried";
      return false;
    }
  } else if (status && rules.prevent.contains(*status)) {
    reason = "RestartPreventExitStatus=";
    return false;
  } else if (status && rules.force.contains(*status)) {
    reason = "RestartForceExitStatus=";
    return true;
  }
  reason = "Restart=" + std::string(name(rules.mode));
  return mode_restarts(rules.mode, end_class(result));
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
