// Pressure stall information: told when memory is tight, without looking.
#pragma once

#include "gatevisor/error.h"
#include "os/cgroup_dir.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// The window of a trigger. 2 s is what an unprivileged process may ask for
/// (Documentation/accounting/psi.rst).
inline constexpr int kPressureWindowUsec = 2'000'000;

/// A descriptor that gives POLLPRI once for each window in which all processes of the cgroup were
/// stalled on memory for at least `percent` of it. Error: no PSI in this kernel, or not allowed.
Expected<UniqueFd> watch_memory_pressure(const CgroupDir& cgroup, unsigned percent);

}  // namespace gatevisor::os
