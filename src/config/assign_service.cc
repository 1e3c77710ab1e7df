// systemd.service(5) and systemd.kill(5), and what gatevisor adds to them.

#include <array>

#include "config/exit_status.h"
#include "config/setters.h"
#include "config/signal_map.h"
#include "config/time_span.h"
#include "config/words.h"
#include "core/sliding_window.h"

namespace gatevisor::config {
namespace {

// The core remembers no more moments than this: a larger burst would never be reached.
constexpr std::uint64_t kMaxBurst = core::SlidingWindow::kCapacity;
constexpr std::uint64_t kMaxSteps = 1'000'000;

struct CauseAssignment {
  Cause cause = Cause::ExitCode;
  CauseRule rule;
};

/// 'oom-kill:restart:5s'
Parsed<CauseAssignment> parse_cause_rule(std::string_view word) {
  constexpr const char* kForm =
      "expected CAUSE:restart, CAUSE:no or CAUSE:default, then perhaps :DELAY";
  CauseAssignment result;
  const std::size_t colon = word.find(':');
  const std::string_view name = word.substr(0, colon);
  const auto cause = cause_from_name(name);
  if (!cause) {
    std::string names;
    for (const Cause each : kAllCauses) {
      if (each == Cause::Requested) continue;
      if (!names.empty()) names += ", ";
      names += to_string(each);
    }
    return refuse(quoted(name) + " is no cause; expected one of " + names);
  }
  if (*cause == Cause::Requested) {
    return refuse("no rule is asked about what was requested; leave 'requested' out");
  }
  result.cause = *cause;
  if (colon == std::string_view::npos) return refuse(kForm);
  std::string_view rest = word.substr(colon + 1);
  const std::size_t second = rest.find(':');
  const std::string_view action = rest.substr(0, second);
  if (action == "restart") {
    result.rule.restart = true;
  } else if (action == "no") {
    result.rule.restart = false;
  } else if (action != "default") {
    return refuse(kForm);
  }
  if (second == std::string_view::npos) return result;
  const auto delay = parse_time_span(rest.substr(second + 1));
  if (!delay) return refuse(delay.error());
  result.rule.delay = *delay;
  return result;
}

}  // namespace

Parsed<void> set_kill_mode(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"control-group", KillMode::ControlGroup},
      Choice{"mixed", KillMode::Mixed},
      Choice{"process", KillMode::Process},
      Choice{"none", KillMode::None},
  };
  return store(settings.kill.mode, choose(value, kChoices));
}

Parsed<void> set_kill_signal(ServiceSettings& settings, std::string_view value) {
  return store(settings.kill.signal, parse_signal(value));
}

Parsed<void> set_restart_kill_signal(ServiceSettings& settings, std::string_view value) {
  return store(settings.kill.restart_signal, parse_signal(value));
}

Parsed<void> set_final_kill_signal(ServiceSettings& settings, std::string_view value) {
  return store(settings.kill.final_signal, parse_signal(value));
}

Parsed<void> set_send_sigkill(ServiceSettings& settings, std::string_view value) {
  return store(settings.kill.send_sigkill, parse_boolean(value));
}

Parsed<void> set_send_sighup(ServiceSettings& settings, std::string_view value) {
  return store(settings.kill.send_sighup, parse_boolean(value));
}

Parsed<void> set_timeout_stop(ServiceSettings& settings, std::string_view value) {
  return store(settings.kill.timeout_stop, parse_timeout(value));
}

Parsed<void> set_restart(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"no", RestartMode::No},
      Choice{"on-success", RestartMode::OnSuccess},
      Choice{"on-failure", RestartMode::OnFailure},
      Choice{"on-abnormal", RestartMode::OnAbnormal},
      Choice{"on-watchdog", RestartMode::OnWatchdog},
      Choice{"on-abort", RestartMode::OnAbort},
      Choice{"always", RestartMode::Always},
  };
  return store(settings.restart.mode, choose(value, kChoices));
}

Parsed<void> set_restart_delay(ServiceSettings& settings, std::string_view value) {
  return store(settings.restart.delay, parse_time_span(value));
}

Parsed<void> set_restart_max_delay(ServiceSettings& settings, std::string_view value) {
  return store(settings.restart.max_delay, parse_time_span(value));
}

Parsed<void> set_restart_steps(ServiceSettings& settings, std::string_view value) {
  return store(settings.restart.steps, parse_decimal(value, 0, kMaxSteps));
}

Parsed<void> set_restart_randomized(ServiceSettings& settings, std::string_view value) {
  auto span = parse_time_span(value);
  if (span && *span == kForever) return refuse("expected a time such as 5s, not infinity");
  return store(settings.restart.randomized, std::move(span));
}

Parsed<void> set_restart_reset(ServiceSettings& settings, std::string_view value) {
  return store(settings.restart.reset_after, parse_time_span(value));
}

Parsed<void> set_restart_prevent(ServiceSettings& settings, std::string_view value) {
  return add_exit_statuses(settings.restart.prevent, value);
}

Parsed<void> set_restart_force(ServiceSettings& settings, std::string_view value) {
  return add_exit_statuses(settings.restart.force, value);
}

Parsed<void> set_restart_cause(ServiceSettings& settings, std::string_view value) {
  auto words = split_words(value);
  if (!words) return refuse(std::move(words.error()));
  std::map<Cause, CauseRule> rules;
  if (!words->empty()) rules = settings.restart.by_cause;
  for (const std::string& word : *words) {
    auto assignment = parse_cause_rule(word);
    if (!assignment) return refuse(std::move(assignment.error()));
    if (assignment->rule == CauseRule{}) {
      rules.erase(assignment->cause);
    } else {
      rules[assignment->cause] = assignment->rule;
    }
  }
  settings.restart.by_cause = std::move(rules);
  return {};
}

Parsed<void> set_success(ServiceSettings& settings, std::string_view value) {
  return add_exit_statuses(settings.success, value);
}

Parsed<void> set_start_burst(ServiceSettings& settings, std::string_view value) {
  return store(settings.start_limit.burst, parse_decimal(value, 0, kMaxBurst));
}

Parsed<void> set_start_interval(ServiceSettings& settings, std::string_view value) {
  return store(settings.start_limit.interval, parse_time_span(value));
}

Parsed<void> set_alarm_burst(ServiceSettings& settings, std::string_view value) {
  return store(settings.alarm.burst, parse_decimal(value, 0, kMaxBurst));
}

Parsed<void> set_alarm_interval(ServiceSettings& settings, std::string_view value) {
  return store(settings.alarm.interval, parse_time_span(value));
}

Parsed<void> set_forward_signals(ServiceSettings& settings, std::string_view value) {
  return add_forwarded(settings.forward, value);
}

Parsed<void> set_pid_file(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.pid_file.clear();
    return {};
  }
  // systemd.service(5), PIDFile=: a relative path is one below /run.
  const std::string path =
      value.starts_with('/') ? std::string(value) : "/run/" + std::string(value);
  if (path.ends_with('/')) return refuse("expected the path of a file");
  return store(settings.pid_file, parse_absolute_path(path));
}

}  // namespace gatevisor::config
