// What happens: everything that the runtime can tell the core.
//
// A failed action is an event too. Plain values; the core keeps none of them.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "gatevisor/command.h"
#include "gatevisor/control.h"
#include "gatevisor/error.h"
#include "gatevisor/evidence.h"
#include "gatevisor/exec_step.h"
#include "gatevisor/kernel_log.h"
#include "gatevisor/last_words.h"
#include "gatevisor/probe.h"
#include "gatevisor/sample.h"
#include "gatevisor/time.h"
#include "gatevisor/wait_status.h"

namespace gatevisor {

/// Who asked for something: 'SIGTERM from pid 7 (uid 0)'.
struct Requester {
  std::string what;  ///< 'SIGTERM', 'restart'
  int pid = 0;       ///< 0: the kernel, or a process outside our pid namespace
  int uid = 0;       ///< kNoProcess: it follows from what another unit did, and `what` says all
  std::string command{};  ///< of a client: its command line, printable and short; else empty

  static constexpr int kNoProcess = -1;
  bool operator==(const Requester&) const = default;
};

namespace event {

/// Begin: the units are to run.
struct Start {};

/// The answer to CheckConditions.
struct ConditionsChecked {
  enum class Result : std::uint8_t { Met, Skip, Failed };  ///< Failed: an assertion
  Result result = Result::Met;
  std::string condition{};  ///< the one that is not met: 'path:3:1: ConditionPathExists=/x'
};

/// A process was made for the Spawn action. `baseline` was read just before.
struct Spawned {
  int pid;
  std::string invocation;  ///< 32 hexadecimal digits
  CgroupSnapshot baseline;
};

/// No process was made.
struct SpawnFailed {
  ExecStep step;
  Error error;
};

/// The process is now the gateway: execve(2) succeeded.
struct ExecSucceeded {};

/// The process could not become the gateway; it will exit, and MainExited follows.
struct ExecFailed {
  ExecStep step;
  int code;  ///< errno
};

/// The main process is dead. It was read as a zombie, its counters before it was reaped.
struct MainExited {
  WaitStatus status;
  CgroupSnapshot after;
  bool others_alive = false;  ///< processes of the invocation outlive it
  int seccomp_mode = -1;      ///< 'Seccomp:' of proc(5) status; -1 where it could not be read
  std::optional<LastWords> last_words{};  ///< found at the end of its output
  std::optional<KernelLog> kernel_log{};  ///< nullopt: not read; core/kernel_finding.h says when
};

/// A process was made for the SpawnCommand action. `baseline` was read just before.
struct CommandSpawned {
  int pid;
  std::string invocation;
  CgroupSnapshot baseline;
};

struct CommandSpawnFailed {
  ExecStep step;
  Error error;
};

/// execve(2) of the command failed; it will exit, and CommandExited follows.
struct CommandExecFailed {
  ExecStep step;
  int code;  ///< errno
};

/// The command is dead.
struct CommandExited {
  WaitStatus status;
  CgroupSnapshot after;
  bool others_alive = false;  ///< other processes of the invocation are not
  std::optional<KernelLog> kernel_log{};
};

/// The answer to FindMain and AdoptMain: a child of gatevisor in the invocation's cgroup.
struct MainFound {
  int pid;
};

/// The other answer to AdoptMain: it is no process of the invocation, or has ended.
struct MainRefused {
  int pid;
};

/// One sd_notify(3) datagram of a process that may send it: what gatevisor understands of it.
struct Notified {
  bool ready = false;      ///< READY=1
  bool stopping = false;   ///< STOPPING=1
  bool reloading = false;  ///< RELOADING=1
  bool watchdog = false;   ///< WATCHDOG=1
  bool watchdog_trigger = false;
  std::optional<Duration> watchdog_usec{};
  std::optional<Duration> extend_timeout{};
  std::optional<int> main_pid{};
  std::optional<int> error_number{};    ///< ERRNO=
  std::optional<std::string> status{};  ///< STATUS=, bounded
};

/// No process of the invocation is alive any more.
struct TreeEmpty {};

/// Without a cgroup to kill: our set of children changed while what is left was being ended.
struct TreeChanged {};

/// memory.events of the invocation changed. Told once; then only after RearmMemoryWatch.
struct MemoryChanged {
  CgroupSnapshot now;
};

/// memory.pressure of the slice was over its limit for one window (PSI trigger).
struct PressureHigh {};

/// The answer to TakeSample.
struct Sampled {
  Sample sample;  ///< without its age
};

/// The answer to Probe. Never told after EndProbe.
struct Probed {
  ProbeResult result;
  ProbeKind kind = ProbeKind::Liveness;
};

/// A command that RunHook has started is over, or there was none.
struct HookEnded {
  HookKind kind;
  std::optional<WaitStatus> status{};
  std::string problem{};  ///< why it did not run; empty: it did
};

/// gatevisor got a signal (never SIGCHLD).
struct SignalReceived {
  int signal;
  Requester from;
};

/// A client asks for something to be done with the unit. Answered by Answer, once it is done or
/// cannot be.
struct CommandRequested {
  Verb verb;
  Requester from;
  std::uint64_t ticket = 0;  ///< goes back with the answer; 0: nobody waits for one
  int signal = 0;            ///< Kill
  KillWhom whom = KillWhom::All;
};

/// The deadline of Manager::deadline() has come, or another wake-up came later than it.
struct TimerExpired {};

/// An action could not be done, and the core may know what to do instead.
struct ActionFailed {
  Error error;
};

}  // namespace event

using Event =
    std::variant<event::Start, event::ConditionsChecked, event::Spawned, event::SpawnFailed,
                 event::ExecSucceeded, event::ExecFailed, event::MainExited, event::TreeEmpty,
                 event::TreeChanged, event::MemoryChanged, event::PressureHigh, event::Sampled,
                 event::Probed, event::SignalReceived, event::CommandRequested, event::TimerExpired,
                 event::ActionFailed, event::CommandSpawned, event::CommandSpawnFailed,
                 event::CommandExecFailed, event::CommandExited, event::MainFound,
                 event::MainRefused, event::Notified, event::HookEnded>;

/// 'MainExited(killed SIGKILL)': for traces of the simulation.
std::string to_string(const Event& event);

}  // namespace gatevisor
