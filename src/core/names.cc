// The words: every enumeration's name, as records, JSON and documentation spell it.

#include <array>
#include <charconv>
#include <csignal>
#include <cstring>

#include "core/service.h"
#include "gatevisor/control.h"
#include "gatevisor/error.h"
#include "gatevisor/exec_step.h"
#include "gatevisor/rungs.h"
#include "gatevisor/verdict.h"
#include "gatevisor/wait_status.h"

namespace gatevisor {
namespace {

struct SignalName {
  int number;
  std::string_view name;
};

constexpr std::array kSignals = {
    SignalName{SIGHUP, "SIGHUP"},   SignalName{SIGINT, "SIGINT"},
    SignalName{SIGQUIT, "SIGQUIT"}, SignalName{SIGILL, "SIGILL"},
    SignalName{SIGTRAP, "SIGTRAP"}, SignalName{SIGABRT, "SIGABRT"},
    SignalName{SIGBUS, "SIGBUS"},   SignalName{SIGFPE, "SIGFPE"},
    SignalName{SIGKILL, "SIGKILL"}, SignalName{SIGUSR1, "SIGUSR1"},
    SignalName{SIGSEGV, "SIGSEGV"}, SignalName{SIGUSR2, "SIGUSR2"},
    SignalName{SIGPIPE, "SIGPIPE"}, SignalName{SIGALRM, "SIGALRM"},
    SignalName{SIGTERM, "SIGTERM"}, SignalName{SIGSTKFLT, "SIGSTKFLT"},
    SignalName{SIGCHLD, "SIGCHLD"}, SignalName{SIGCONT, "SIGCONT"},
    SignalName{SIGSTOP, "SIGSTOP"}, SignalName{SIGTSTP, "SIGTSTP"},
    SignalName{SIGTTIN, "SIGTTIN"}, SignalName{SIGTTOU, "SIGTTOU"},
    SignalName{SIGURG, "SIGURG"},   SignalName{SIGXCPU, "SIGXCPU"},
    SignalName{SIGXFSZ, "SIGXFSZ"}, SignalName{SIGVTALRM, "SIGVTALRM"},
    SignalName{SIGPROF, "SIGPROF"}, SignalName{SIGWINCH, "SIGWINCH"},
    SignalName{SIGIO, "SIGIO"},     SignalName{SIGPWR, "SIGPWR"},
    SignalName{SIGSYS, "SIGSYS"},
};

// signal(7): the kernel's real-time signals are 32 to 64; libc takes the first two.
constexpr int kRtMin = 34;
constexpr int kRtMax = 64;

constexpr std::array<std::string_view, 15> kSysexits = {
    "EX_USAGE",       "EX_DATAERR",  "EX_NOINPUT",  "EX_NOUSER", "EX_NOHOST",
    "EX_UNAVAILABLE", "EX_SOFTWARE", "EX_OSERR",    "EX_OSFILE", "EX_CANTCREAT",
    "EX_IOERR",       "EX_TEMPFAIL", "EX_PROTOCOL", "EX_NOPERM", "EX_CONFIG",
};

std::optional<int> to_number(std::string_view text) {
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string to_string(const Error& error) {
  std::string text = error.operation;
  if (!error.subject.empty()) text += (text.empty() ? "" : " ") + error.subject;
  if (error.code != 0) {
    const char* words = strerrordesc_np(error.code);
    text += ": ";
    text += words != nullptr ? words : "error " + std::to_string(error.code);
  }
  if (!error.advice.empty()) text += "; " + error.advice;
  return text;
}

std::string_view to_string(EndKind kind) {
  switch (kind) {
    case EndKind::Exited: return "exited";
    case EndKind::Killed: return "killed";
    case EndKind::Dumped: return "dumped";
  }
  return "?";
}

std::string signal_name(int signal) {
  for (const SignalName& entry : kSignals) {
    if (entry.number == signal) return std::string(entry.name);
  }
  if (signal == kRtMin) return "SIGRTMIN";
  if (signal > kRtMin && signal <= kRtMax) return "SIGRTMIN+" + std::to_string(signal - kRtMin);
  return "signal " + std::to_string(signal);
}

int signal_from_name(std::string_view name) {
  if (const auto number = to_number(name)) {
    return *number >= 1 && *number <= kRtMax ? *number : 0;
  }
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const SignalName& entry : kSignals) {
    if (entry.name.substr(3) == name) return entry.number;
  }
  if (name == "POLL") return SIGIO;
  const bool from_min = name.starts_with("RTMIN");
  if (!from_min && !name.starts_with("RTMAX")) return 0;
  name.remove_prefix(5);
  const int base = from_min ? kRtMin : kRtMax;
  if (name.empty()) return base;
  if (name[0] != (from_min ? '+' : '-')) return 0;
  const auto offset = to_number(name.substr(1));
  if (!offset || *offset < 0 || *offset > kRtMax - kRtMin) return 0;
  const int signal = from_min ? base + *offset : base - *offset;
  return signal >= kRtMin && signal <= kRtMax ? signal : 0;
}

std::string_view sysexit_name(int code) {
  return code >= 64 && code <= 78 ? kSysexits[static_cast<std::size_t>(code - 64)]
                                  : std::string_view{};
}

std::string_view to_string(CgroupRung rung) {
  switch (rung) {
    case CgroupRung::MemoryController: return "writable, with the memory controller";
    case CgroupRung::NoMemory: return "writable, without the memory controller";
    case CgroupRung::ReadOnly: return "read-only";
    case CgroupRung::Hidden: return "hidden";
  }
  return "?";
}

std::string_view to_string(SpawnRung rung) {
  switch (rung) {
    case SpawnRung::Clone3IntoCgroup: return "clone3 into the cgroup";
    case SpawnRung::ClonePidfd: return "clone with a pidfd";
    case SpawnRung::ForkPidfdOpen: return "fork and pidfd_open";
    case SpawnRung::Fork: return "fork";
  }
  return "?";
}

std::string_view to_string(SignalRung rung) {
  switch (rung) {
    case SignalRung::PidfdSendSignal: return "pidfd_send_signal";
    case SignalRung::KillUnreaped: return "kill on the unreaped child";
  }
  return "?";
}

std::string_view to_string(KillRung rung) {
  switch (rung) {
    case KillRung::CgroupKill: return "cgroup.kill";
    case KillRung::FreezeKillThaw: return "freeze, kill, thaw";
    case KillRung::SubreaperRounds: return "subreaper, round by round";
    case KillRung::MainOnly: return "main process only";
  }
  return "?";
}

std::string_view to_string(ExecStep step) {
  switch (step) {
    case ExecStep::Clone: return "clone";
    case ExecStep::Cgroup: return "cgroup";
    case ExecStep::Session: return "session";
    case ExecStep::Signals: return "signals";
    case ExecStep::RuntimeDirectory: return "runtime-directory";
    case ExecStep::StateDirectory: return "state-directory";
    case ExecStep::CacheDirectory: return "cache-directory";
    case ExecStep::LogsDirectory: return "logs-directory";
    case ExecStep::ConfigurationDirectory: return "configuration-directory";
    case ExecStep::Credentials: return "credentials";
    case ExecStep::Stdin: return "stdin";
    case ExecStep::Stdio: return "stdio";
    case ExecStep::Descriptors: return "descriptors";
    case ExecStep::OomScore: return "oom-score";
    case ExecStep::Nice: return "nice";
    case ExecStep::Scheduler: return "scheduler";
    case ExecStep::Affinity: return "affinity";
    case ExecStep::IoPriority: return "io-priority";
    case ExecStep::Network: return "network";
    case ExecStep::Namespace: return "namespace";
    case ExecStep::NumaPolicy: return "numa-policy";
    case ExecStep::CoredumpFilter: return "coredump-filter";
    case ExecStep::TimerSlack: return "timer-slack";
    case ExecStep::Personality: return "personality";
    case ExecStep::Keyring: return "keyring";
    case ExecStep::Limits: return "limits";
    case ExecStep::WorkingDirectory: return "working-directory";
    case ExecStep::BoundingSet: return "bounding-set";
    case ExecStep::SecureBits: return "secure-bits";
    case ExecStep::Groups: return "groups";
    case ExecStep::User: return "user";
    case ExecStep::Capabilities: return "capabilities";
    case ExecStep::ParentDeath: return "parent-death";
    case ExecStep::NoNewPrivileges: return "no-new-privileges";
    case ExecStep::Seccomp: return "seccomp";
    case ExecStep::Exec: return "exec";
  }
  return "?";
}

int systemd_exit_code(ExecStep step) {
  switch (step) {
    case ExecStep::Clone: return 202;             // EXIT_FDS: nothing nearer for a failed fork
    case ExecStep::Cgroup: return 219;            // EXIT_CGROUP
    case ExecStep::Session: return 220;           // EXIT_SETSID
    case ExecStep::Signals: return 207;           // EXIT_SIGNAL_MASK
    case ExecStep::RuntimeDirectory: return 233;  // EXIT_RUNTIME_DIRECTORY
    case ExecStep::StateDirectory: return 238;    // EXIT_STATE_DIRECTORY
    case ExecStep::CacheDirectory: return 239;    // EXIT_CACHE_DIRECTORY
    case ExecStep::LogsDirectory: return 240;     // EXIT_LOGS_DIRECTORY
    case ExecStep::ConfigurationDirectory: return 241;  // EXIT_CONFIGURATION_DIRECTORY
    case ExecStep::Credentials: return 243;             // EXIT_CREDENTIALS
    case ExecStep::Stdin: return 208;                   // EXIT_STDIN
    case ExecStep::Stdio: return 209;                   // EXIT_STDOUT
    case ExecStep::Descriptors: return 202;             // EXIT_FDS
    case ExecStep::OomScore: return 206;                // EXIT_OOM_ADJUST
    case ExecStep::Nice: return 201;                    // EXIT_NICE
    case ExecStep::Scheduler: return 214;               // EXIT_SETSCHEDULER
    case ExecStep::Affinity: return 215;                // EXIT_CPUAFFINITY
    case ExecStep::IoPriority: return 211;              // EXIT_IOPRIO
    case ExecStep::NumaPolicy: return 242;              // EXIT_NUMA_POLICY
    case ExecStep::CoredumpFilter: return 205;          // EXIT_LIMITS
    case ExecStep::TimerSlack: return 212;              // EXIT_TIMERSLACK
    case ExecStep::Personality: return 230;             // EXIT_PERSONALITY
    case ExecStep::Keyring: return 237;                 // EXIT_KEYRING
    case ExecStep::Network: return 225;                 // EXIT_NETWORK
    case ExecStep::Namespace: return 226;               // EXIT_NAMESPACE
    case ExecStep::Limits: return 205;                  // EXIT_LIMITS
    case ExecStep::WorkingDirectory: return 200;        // EXIT_CHDIR
    case ExecStep::BoundingSet: return 218;             // EXIT_CAPABILITIES
    case ExecStep::SecureBits: return 213;              // EXIT_SECUREBITS
    case ExecStep::Groups: return 216;                  // EXIT_GROUP
    case ExecStep::User: return 217;                    // EXIT_USER
    case ExecStep::Capabilities: return 218;            // EXIT_CAPABILITIES
    case ExecStep::ParentDeath: return 207;             // EXIT_SIGNAL_MASK
    case ExecStep::NoNewPrivileges: return 227;         // EXIT_NO_NEW_PRIVILEGES
    case ExecStep::Seccomp: return 228;                 // EXIT_SECCOMP
    case ExecStep::Exec: return 203;                    // EXIT_EXEC
  }
  return 203;
}

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::Start: return "start";
    case Verb::Stop: return "stop";
    case Verb::Restart: return "restart";
    case Verb::Reload: return "reload";
    case Verb::Kill: return "kill";
    case Verb::ResetFailed: return "reset-failed";
  }
  return "?";
}

std::string_view to_string(KillWhom whom) {
  switch (whom) {
    case KillWhom::All: return "all";
    case KillWhom::Main: return "main";
    case KillWhom::Control: return "control";
  }
  return "?";
}

std::optional<KillWhom> kill_whom_from_name(std::string_view name) {
  for (const KillWhom whom : {KillWhom::All, KillWhom::Main, KillWhom::Control}) {
    if (to_string(whom) == name) return whom;
  }
  return std::nullopt;
}

std::string_view to_string(JobResult result) {
  switch (result) {
    case JobResult::Done: return "done";
    case JobResult::Skipped: return "skipped";
    case JobResult::Failed: return "failed";
    case JobResult::Dependency: return "dependency";
    case JobResult::Canceled: return "canceled";
    case JobResult::Invalid: return "invalid";
  }
  return "?";
}

std::string_view to_string(CommandKind kind) {
  switch (kind) {
    case CommandKind::Condition: return "ExecCondition";
    case CommandKind::StartPre: return "ExecStartPre";
    case CommandKind::Main: return "ExecStart";
    case CommandKind::StartPost: return "ExecStartPost";
    case CommandKind::Reload: return "ExecReload";
    case CommandKind::Stop: return "ExecStop";
    case CommandKind::StopPost: return "ExecStopPost";
  }
  return "?";
}

std::string_view to_string(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::Startup: return "startup";
    case ProbeKind::Liveness: return "liveness";
    case ProbeKind::Readiness: return "readiness";
  }
  return "?";
}

std::string_view setting_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::Startup: return "StartupProbe";
    case ProbeKind::Liveness: return "LivenessProbe";
    case ProbeKind::Readiness: return "ReadinessProbe";
  }
  return "?";
}

std::string_view setting_of(HookKind kind) {
  switch (kind) {
    case HookKind::Alarm: return "OnAlarm";
    case HookKind::OutOfMemory: return "OnOOM";
  }
  return "?";
}

std::string_view core::to_string(ServiceState state) {
  switch (state) {
    case ServiceState::Inactive: return "inactive";
    case ServiceState::Condition: return "condition";
    case ServiceState::StartPre: return "start-pre";
    case ServiceState::Starting: return "starting";
    case ServiceState::StartPost: return "start-post";
    case ServiceState::Running: return "running";
    case ServiceState::Exited: return "exited";
    case ServiceState::Reloading: return "reloading";
    case ServiceState::StopCommands: return "stop";
    case ServiceState::Stopping: return "stopping";
    case ServiceState::StopKilling: return "stop-killing";
    case ServiceState::Clearing: return "clearing";
    case ServiceState::ClearKilling: return "clear-killing";
    case ServiceState::StopPost: return "stop-post";
    case ServiceState::Waiting: return "waiting";
    case ServiceState::Over: return "over";
  }
  return "?";
}

}  // namespace gatevisor
