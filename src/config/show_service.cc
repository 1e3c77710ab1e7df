// systemd.service(5) and systemd.kill(5).

#include "config/show_rows.h"

namespace gatevisor::config {
namespace {

std::string_view word(ServiceType type) {
  switch (type) {
    case ServiceType::Simple: return "simple";
    case ServiceType::Exec: return "exec";
    case ServiceType::Idle: return "idle";
    case ServiceType::Oneshot: return "oneshot";
    case ServiceType::Forking: return "forking";
    case ServiceType::Notify: return "notify";
    case ServiceType::NotifyReload: return "notify-reload";
  }
  return "";
}

std::string_view word(RestartMode mode) {
  switch (mode) {
    case RestartMode::No: return "no";
    case RestartMode::OnSuccess: return "on-success";
    case RestartMode::OnFailure: return "on-failure";
    case RestartMode::OnAbnormal: return "on-abnormal";
    case RestartMode::OnWatchdog: return "on-watchdog";
    case RestartMode::OnAbort: return "on-abort";
    case RestartMode::Always: return "always";
  }
  return "";
}

std::string_view word(NotifyAccess access) {
  switch (access) {
    case NotifyAccess::None: return "none";
    case NotifyAccess::Main: return "main";
    case NotifyAccess::Exec: return "exec";
    case NotifyAccess::All: return "all";
  }
  return "";
}

std::string_view word(TimeoutMode mode) {
  switch (mode) {
    case TimeoutMode::Terminate: return "terminate";
    case TimeoutMode::Abort: return "abort";
    case TimeoutMode::Kill: return "kill";
  }
  return "";
}

std::string_view word(KillMode mode) {
  switch (mode) {
    case KillMode::ControlGroup: return "control-group";
    case KillMode::Mixed: return "mixed";
    case KillMode::Process: return "process";
    case KillMode::None: return "none";
  }
  return "";
}

/// '75 250 KILL'
ShownValue statuses(const ExitStatusSet& set) {
  std::vector<std::string> words;
  for (std::size_t code = 0; code < set.codes.size(); ++code) {
    if (set.codes.test(code)) words.push_back(std::to_string(code));
  }
  for (std::size_t signal = 1; signal < set.signals.size(); ++signal) {
    if (set.signals.test(signal)) words.push_back(short_signal(static_cast<int>(signal)));
  }
  return shown_text(joined(words));
}

/// In the order of systemd's table of them.
std::string flags_of(const Command& command) {
  std::vector<std::string> flags;
  const auto add = [&flags](bool set, const char* flag) {
    if (set) flags.emplace_back(flag);
  };
  add(command.ignore_failure, "ignore-failure");
  add(command.privilege == Privilege::Full, "privileged");
  add(command.privilege == Privilege::NoUser, "no-setuid");
  add(command.privilege == Privilege::Ignored, "ambient");
  add(!command.expand, "no-env-expand");
  return joined(flags);
}

enum class Form : std::uint8_t { Plain, Extended };

/// Of a command that has not run: systemd's times and statuses are those of its last run.
std::string command_text(const Command& command, Form form) {
  std::string text = "{ path=" + command.path + " ; argv[]=" + joined(command.argv);
  text += form == Form::Extended
              ? " ; flags=" + flags_of(command)
              : std::string(" ; ignore_errors=") + (command.ignore_failure ? "yes" : "no");
  return text + " ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }";
}

template <CommandKind kind, Form form = Form::Plain>
ShownValue commands(const ShowSubject& of) {
  std::vector<std::string> lines;
  for (const Command& command : of.settings.commands.of(kind)) {
    lines.push_back(command_text(command, form));
  }
  return shown_lines(std::move(lines));
}

constexpr ShowRow kRows[] = {
    {"Type", "Type", [](const ShowSubject& of) { return shown_text(word(of.settings.life.type)); }},
    {"ExitType", "ExitType",
     [](const ShowSubject& of) {
       return shown_text(of.settings.life.exit_type == ExitType::Cgroup ? "cgroup" : "main");
     }},
    {"Restart", "Restart",
     [](const ShowSubject& of) { return shown_text(word(of.settings.restart.mode)); }},
    {"PIDFile", "PIDFile", [](const ShowSubject& of) { return shown_text(of.settings.pid_file); }},
    {"NotifyAccess Type WatchdogSec", "NotifyAccess",
     [](const ShowSubject& of) { return shown_text(word(of.settings.life.notify())); }},
    {"RestartSec", "RestartUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.restart.delay); }},
    {"RestartSteps", "RestartSteps",
     [](const ShowSubject& of) { return shown_number(of.settings.restart.steps); }},
    {"RestartMaxDelaySec", "RestartMaxDelayUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.restart.max_delay); }},
    {"RestartRandomizedDelaySec", "RestartRandomizedDelayUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.restart.randomized); }},
    {"TimeoutStartSec TimeoutSec Type", "TimeoutStartUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.life.start_timeout()); }},
    {"TimeoutStopSec TimeoutSec", "TimeoutStopUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.kill.timeout_stop); }},
    {"TimeoutAbortSec TimeoutStopSec TimeoutSec", "TimeoutAbortUSec",
     [](const ShowSubject& of) {
       return shown_span(of.settings.life.timeout_abort.value_or(of.settings.kill.timeout_stop));
     }},
    {"TimeoutStartFailureMode", "TimeoutStartFailureMode",
     [](const ShowSubject& of) { return shown_text(word(of.settings.life.start_failure)); }},
    {"TimeoutStopFailureMode", "TimeoutStopFailureMode",
     [](const ShowSubject& of) { return shown_text(word(of.settings.life.stop_failure)); }},
    {"RuntimeMaxSec", "RuntimeMaxUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.life.runtime_max); }},
    {"RuntimeRandomizedExtraSec", "RuntimeRandomizedExtraUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.life.runtime_extra); }},
    {"WatchdogSec", "WatchdogUSec",
     [](const ShowSubject& of) { return shown_span(of.settings.life.watchdog); }},
    {"RemainAfterExit", "RemainAfterExit",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.life.remain_after_exit); }},
    {"RestartPreventExitStatus", "RestartPreventExitStatus",
     [](const ShowSubject& of) { return statuses(of.settings.restart.prevent); }},
    {"RestartForceExitStatus", "RestartForceExitStatus",
     [](const ShowSubject& of) { return statuses(of.settings.restart.force); }},
    {"SuccessExitStatus", "SuccessExitStatus",
     [](const ShowSubject& of) {
       // '-' before the command made every status one; ExecStart= shows that.
       const auto& main = of.settings.commands.main;
       const bool any = main.size() == 1 && main.front().ignore_failure;
       return any ? shown_text("") : statuses(of.settings.success);
     }},
    {"ReloadSignal", "ReloadSignal",
     [](const ShowSubject& of) { return shown_int(of.settings.life.reload_signal); }},
    {"ExecCondition", "ExecCondition", commands<CommandKind::Condition>},
    {"ExecCondition", "ExecConditionEx", commands<CommandKind::Condition, Form::Extended>},
    {"ExecStartPre", "ExecStartPre", commands<CommandKind::StartPre>},
    {"ExecStartPre PermissionsStartOnly", "ExecStartPreEx",
     commands<CommandKind::StartPre, Form::Extended>},
    {"ExecStart", "ExecStart", commands<CommandKind::Main>},
    {"ExecStart", "ExecStartEx", commands<CommandKind::Main, Form::Extended>},
    {"ExecStartPost", "ExecStartPost", commands<CommandKind::StartPost>},
    {"ExecStartPost", "ExecStartPostEx", commands<CommandKind::StartPost, Form::Extended>},
    {"ExecReload", "ExecReload", commands<CommandKind::Reload>},
    {"ExecReload", "ExecReloadEx", commands<CommandKind::Reload, Form::Extended>},
    {"ExecStop", "ExecStop", commands<CommandKind::Stop>},
    {"ExecStop", "ExecStopEx", commands<CommandKind::Stop, Form::Extended>},
    {"ExecStopPost", "ExecStopPost", commands<CommandKind::StopPost>},
    {"ExecStopPost", "ExecStopPostEx", commands<CommandKind::StopPost, Form::Extended>},
    {"KillMode", "KillMode",
     [](const ShowSubject& of) { return shown_text(word(of.settings.kill.mode)); }},
    {"KillSignal", "KillSignal",
     [](const ShowSubject& of) { return shown_int(of.settings.kill.signal); }},
    {"RestartKillSignal KillSignal", "RestartKillSignal",
     [](const ShowSubject& of) {
       const KillSettings& kill = of.settings.kill;
       return shown_int(kill.restart_signal != 0 ? kill.restart_signal : kill.signal);
     }},
    {"FinalKillSignal", "FinalKillSignal",
     [](const ShowSubject& of) { return shown_int(of.settings.kill.final_signal); }},
    {"SendSIGKILL", "SendSIGKILL",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.kill.send_sigkill); }},
    {"SendSIGHUP", "SendSIGHUP",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.kill.send_sighup); }},
    {"FileDescriptorStoreMax", "FileDescriptorStoreMax",
     [](const ShowSubject& of) { return shown_number(of.settings.life.stored_descriptors); }},
    {"WatchdogSignal", "WatchdogSignal",
     [](const ShowSubject& of) { return shown_int(of.settings.life.watchdog_signal); }},
};

}  // namespace

std::span<const ShowRow> service_rows() { return kRows; }

}  // namespace gatevisor::config
