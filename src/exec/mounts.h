// The child's half of a mount plan: namespaces of its own, and what is mounted in them.
//
// Needs CAP_SYS_ADMIN and Linux 5.8 (openat2(2), open_tree(2), statx(2) STATX_ATTR_MOUNT_ROOT).
// Nothing that is mounted here is seen outside: the first step after unshare(2) cuts the way out.
#pragma once

#include "exec/mount_plan.h"
#include "gatevisor/exec_step.h"

namespace gatevisor::exec {

struct NamespaceFailure {
  ExecStep step = ExecStep::Namespace;
  int code = 0;  ///< errno; 0: all is done
};

/// Between clone and execve, as root. Allocates: the one thread that there is holds no lock. The
/// working directory is the same path as before, in the new view; '/' where there is none.
NamespaceFailure enter_namespaces(const MountPlan& plan);

/// Whether a child of this process may do that: unshare(2) with `flags`, and mounts where
/// CLONE_NEWNS is among them. 0, or the errno of what was refused.
int try_namespaces(int flags);

}  // namespace gatevisor::exec
