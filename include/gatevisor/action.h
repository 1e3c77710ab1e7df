// What is to be done: everything that the core can ask of the runtime.
//
// The runtime performs them in order. What fails comes back as an event.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "gatevisor/record.h"

namespace gatevisor {
namespace action {

/// Make the leaf `invocation` and start the gateway in it. Answered by Spawned or SpawnFailed.
struct Spawn {
  std::uint64_t invocation;
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

/// Ask the gateway whether it serves (LivenessProbe=). Answered by Probed.
struct Probe {};

/// The answer to Probe is not waited for any longer.
struct EndProbe {};

struct WritePidFile {
  int pid;
};
struct RemovePidFile {};

struct Emit {
  Record record;
};

/// gatevisor's own end. Always the last action.
struct Exit {
  int status;
};

}  // namespace action

using Action = std::variant<action::Spawn, action::SignalMain, action::SignalTree, action::KillTree,
                            action::Release, action::Tidy, action::RearmMemoryWatch, action::Probe,
                            action::EndProbe, action::WritePidFile, action::RemovePidFile,
                            action::Emit, action::Exit>;
using Actions = std::vector<Action>;

}  // namespace gatevisor
