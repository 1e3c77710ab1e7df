// Between clone and execve.
#pragma once

#include <span>

#include "exec/plan.h"
#include "gatevisor/exec_step.h"

namespace gatevisor::exec {

/// What the child writes to its error pipe when a step fails. The pipe is close-on-exec: its end
/// without a message is the success.
struct ChildFailure {
  ExecStep step;
  int code;
};

struct ChildContext {
  const Plan* plan;
  int error_pipe;
  int cgroup_procs;  ///< to join where clone did not: cgroup.procs of the leaf, open; or -1
  int output_stream = -1;  ///< where StandardOutput=journal leads; -1: nowhere else
  int error_stream = -1;   ///< the same for StandardError=
  std::span<int> passed{};  ///< what it finds open from 3 on (sd_listen_fds(3))
};

/// For os::ChildMain. Never returns.
[[noreturn]] void run_child(ChildContext context, bool joined);

}  // namespace gatevisor::exec
