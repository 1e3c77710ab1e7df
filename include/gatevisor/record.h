// What is worth telling: records for the console (and, later, the journal).
//
// The core makes them, src/app renders them. The wording of the text form is in app/console.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "gatevisor/command.h"
#include "gatevisor/event.h"
#include "gatevisor/verdict.h"

namespace gatevisor {
namespace record {

/// The gateway runs: execve(2) succeeded.
struct Started {
  int pid;
  std::string invocation;
  std::uint64_t launch;  ///< 1 for the first, counts every respawn
};

/// It says that it is ready (READY=1).
struct Ready {
  int pid;
};

/// A command of the unit failed. What follows is told by what comes next.
struct CommandFailed {
  CommandKind kind;
  std::string program;
  std::string how;  ///< 'exit code 1', 'no end within 90s'
};

/// ExecCondition=, or a Condition…= of the unit, says that it is not to run now.
struct Skipped {
  std::string condition;  ///< 'ExecCondition=/bin/test', 'path:3:1: ConditionPathExists=/x'
  std::string how;        ///< 'says so (exit code 1)', 'is not met'
};

/// It was to be started, and is not: what it needs is not there.
struct NotStarted {
  std::string reason;
};

/// Somebody asked it to read its configuration again.
struct Reloading {
  Requester from;
};
struct Reloaded {};

/// What was seen of its memory while it lived, told with its death. Not for the console.
struct Flight {
  std::string invocation;
  std::vector<Sample> samples;  ///< never empty, oldest first
};

/// It died. `exits_in_window` counts this one (AlarmIntervalSec=).
struct Exited {
  Verdict verdict;
  unsigned exits_in_window;
  Duration window;
  std::string result{};  ///< systemd's Result= of the end alone: 'success', 'exit-code', 'timeout'
};

/// The unit failed though its end was none, or is over otherwise than its end was: by a command of
/// its stop, or by what it left behind.
struct Failed {
  std::string result;  ///< systemd's Result=
  Next next;
};

/// AlarmBurst= exits in AlarmIntervalSec=. Raised once when the count is reached, and again at
/// most once an interval while it stays there.
struct Alarm {
  unsigned exits;
  Duration window;
};

/// StartLimitBurst= starts in StartLimitIntervalSec=: no further start.
struct StartLimitHit {
  unsigned starts;
  Duration interval;
};

/// A stop began.
struct Stopping {
  Requester from;
  int pid;     ///< main process; 0 where none runs
  int signal;  ///< what it is sent
  bool for_restart;
};

/// A signal went on to the gateway, or had nobody to go to (`pid` 0).
struct Forwarded {
  int received;
  int sent;
  int pid;
  Requester from;
};

/// A client had a signal sent (gatevisor kill).
struct SignalSent {
  int signal;
  KillWhom whom;
  int pid;  ///< main process, if it is among those; else 0
  Requester from;
};

/// A time-out passed, and what is left is sent more than it was asked with.
struct KillEscalated {
  int pid;  ///< main process; 0: what it left behind
  Duration timeout;
  int signal = 9;  ///< FinalKillSignal=; or WatchdogSignal=, before that
};

/// The kernel killed a process of the invocation, and the main process lives on.
struct OomWhileAlive {
  std::uint64_t kills;
  bool stopping;  ///< OOMPolicy= says that the unit is stopped for it
};

/// Alive, but spinning at its memory limit.
struct MemoryStalled {
  std::string evidence;
  bool killing;
};

/// A probe was answered for the first time, or again after failures.
struct Serving {
  std::string target;  ///< LivenessProbe= as it was written
  std::string detail;
  ProbeKind kind = ProbeKind::Liveness;
};

/// One was not, and the gateway had served; or it was the last that is allowed.
struct ProbeFailed {
  std::string target;
  std::string detail;
  unsigned failures;  ///< in a row
  unsigned threshold;
  bool ending;  ///< the gateway is stopped for it
  ProbeKind kind = ProbeKind::Liveness;
};

/// A command of OnAlarm= or OnOOM= failed, or was not run. Nothing follows on it.
struct HookFailed {
  HookKind kind;
  std::string program;
  std::string how;  ///< 'exit code 1', 'no end within 10s', 'the one before it still runs'
};

/// Processes that SIGKILL did not end in time. They are left, and their cgroup with them.
struct LeftBehind {
  int pid;         ///< main process, if it is among them; else 0
  int signal = 9;  ///< the last that they were sent; 0 where SendSIGKILL=no sends none
};

/// Something was refused that gatevisor can do without.
struct Warning {
  Error error;
};

/// gatevisor is about to exit.
struct Finished {
  int status;
  std::string reason;
};

}  // namespace record

using Record =
    std::variant<record::Started, record::Ready, record::CommandFailed, record::Skipped,
                 record::NotStarted, record::Reloading, record::Reloaded, record::Flight,
                 record::Exited, record::Failed, record::Alarm, record::StartLimitHit,
                 record::Stopping, record::Forwarded, record::SignalSent, record::KillEscalated,
                 record::OomWhileAlive, record::MemoryStalled, record::Serving, record::ProbeFailed,
                 record::HookFailed, record::LeftBehind, record::Warning, record::Finished>;

}  // namespace gatevisor
