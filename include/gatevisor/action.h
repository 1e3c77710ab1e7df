// What is to be done: everything that the core can ask of the runtime.
//
// The runtime performs them in order. What fails comes back as an event.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "gatevisor/command.h"
#include "gatevisor/record.h"

namespace gatevisor {
namespace action {

/// Look whether the unit's Condition…= and Assert…= are met. Answered by ConditionsChecked.
struct CheckConditions {};

/// Make the leaf `invocation`, if it is not there yet, and start the gateway in it. Answered by
/// Spawned or SpawnFailed.
struct Spawn {
  std::uint64_t invocation;
  std::size_t index = 0;                   ///< of ExecStart=
  std::vector<std::string> environment{};  ///< NAME=VALUE, added to the unit's
};

/// The same for another command of the unit; of Type=forking ExecStart= is one. `environment` is
/// added to the unit's. Answered by CommandSpawned or CommandSpawnFailed.
/// Of a command before it that still lives no more is told: it was given up.
struct SpawnCommand {
  std::uint64_t invocation;
  CommandKind kind;
  std::size_t index;
  std::vector<std::string> environment;  ///< NAME=VALUE
};

/// Type=forking: which of its processes is the main one (PIDFile=, or the only one that is left).
/// Answered by MainFound or, once nothing of it lives, by TreeEmpty.
struct FindMain {};

/// The service says that its main process is another one (MAINPID=). Answered by MainFound or
/// MainRefused.
struct AdoptMain {
  int pid;
};

/// Tell when no process of the invocation is alive: TreeEmpty, at once if none is.
struct AwaitTree {};

/// To the command that runs. A process that is gone is not an error.
struct SignalCommand {
  int signal;
};

/// To the main process alone. A process that is gone is not an error.
struct SignalMain {
  int signal;
};

/// To every process of the invocation, the main one included while it lives.
struct SignalTree {
  int signal;
};

/// End every process of the invocation at once (cgroup.kill, or the next rung).
struct KillTree {};

/// The invocation is over: watch nothing of it any more, remove its leaf.
struct Release {};

/// The gateway has run for a moment: do what could wait until then.
struct Tidy {};

/// Tell about memory.events again.
struct RearmMemoryWatch {};

/// Look at the invocation's memory. Answered by Sampled.
struct TakeSample {};

/// Ask the gateway whether it serves (LivenessProbe= and its like). Answered by Probed.
struct Probe {
  ProbeKind kind = ProbeKind::Liveness;
};

/// The answer to Probe is not waited for any longer.
struct EndProbe {
  ProbeKind kind = ProbeKind::Liveness;
};

/// Start a command of OnAlarm= or OnOOM=, which is told how the last invocation ended. Nothing
/// waits for it. Answered by HookEnded.
struct RunHook {
  HookKind kind;
  std::size_t index;
  std::vector<std::string> environment;  ///< NAME=VALUE
};
/// End it at once, and all that it has started.
struct KillHook {
  HookKind kind;
};

/// The service is over: what it has given into keeping (FDSTORE=1) is closed.
struct CloseStored {};

struct WritePidFile {
  int pid;
};
struct RemovePidFile {};

struct Emit {
  Record record;
};

/// What came of a CommandRequested.
struct Answer {
  std::uint64_t ticket;
  JobResult result;
  std::string detail{};  ///< why, in one clause; may be empty
};

/// gatevisor's own end. Always the last action.
struct Exit {
  int status;
};

}  // namespace action

using Action =
    std::variant<action::CheckConditions, action::Spawn, action::SpawnCommand, action::FindMain,
                 action::AdoptMain, action::AwaitTree, action::SignalCommand, action::SignalMain,
                 action::SignalTree, action::KillTree, action::Release, action::Tidy,
                 action::RearmMemoryWatch, action::TakeSample, action::Probe, action::EndProbe,
                 action::RunHook, action::KillHook, action::CloseStored,
                 action::WritePidFile, action::RemovePidFile, action::Emit, action::Answer,
                 action::Exit>;
using Actions = std::vector<Action>;

/// What is to be done for one of the units. `unit`: its place in the list of units; of Exit it means
/// nothing.
struct UnitAction {
  std::size_t unit;
  Action what;
};
using UnitActions = std::vector<UnitAction>;

}  // namespace gatevisor
