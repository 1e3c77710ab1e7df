// Which causes each rung can tell apart, and how to climb.
//
// Owns the one table from which `gatevisor doctor` speaks and to which a test per rung holds the
// verdicts.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "gatevisor/rungs.h"
#include "gatevisor/verdict.h"

namespace gatevisor::core {

/// How sure a verdict of this cause can be here.
struct Tellable {
  Cause cause;
  Confidence here;           ///< on this machine
  Confidence best;           ///< on the best one
  std::string_view missing;  ///< what it would take; empty where here == best
};

std::array<Tellable, kAllCauses.size()> tellable(const Rungs& rungs);

/// True only where every verdict can be had at its best.
bool all_verdicts(const Rungs& rungs);

/// A platform's own switch for a better rung.
struct Remedy {
  std::string_view platform;  ///< 'docker', 'podman', 'Kubernetes', 'systemd'
  std::string_view what;
};

/// How to get a writable cgroup with the memory controller; empty where it is there.
std::vector<Remedy> cgroup_remedies(const Rungs& rungs);

/// How to get /dev/kmsg, which costs no verdict: it names the victim of an out-of-memory kill and
/// its numbers, the cgroup whose limit it was, and the system call of a seccomp filter's kill.
/// Empty where it is there.
std::vector<Remedy> kernel_log_remedies(const Rungs& rungs);

}  // namespace gatevisor::core
