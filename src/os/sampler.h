// One look at a living invocation for the flight recorder. A few reads of kernel files that do not
// wait for the process: not /proc/PID/cmdline or smaps, which take its memory's lock.
#pragma once

#include <vector>

#include "gatevisor/sample.h"
#include "os/cgroup_dir.h"

namespace gatevisor::os {

/// Of more processes than this nothing is read.
inline constexpr std::size_t kMostSampled = 256;

/// `leaf` may be empty: then only what proc(5) says of `pids`, the invocation's processes.
Sample take_sample(const CgroupDir& leaf, std::vector<int> pids);

}  // namespace gatevisor::os
