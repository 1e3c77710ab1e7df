// Type=forking: which process is the main one, once the first has ended.
//
// Owns an inotify(7) instance while a PID file is waited for. Never blocks.
#pragma once

#include <optional>
#include <string>

#include "gatevisor/error.h"
#include "os/cgroup_dir.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// Whether the process is in this cgroup or below it. /proc/<pid>/cgroup is compared by its end:
/// what stands in front of our own view differs with cgroup namespaces.
bool is_in(const CgroupDir& cgroup, int pid);

/// The number in a PID file; nullopt where there is none (yet).
std::optional<int> read_pid_file(const std::string& path);

/// Tells when files in the directory of `path` are written or moved there.
Expected<UniqueFd> watch_pid_file(const std::string& path);
/// Takes what was told.
void drain(const UniqueFd& inotify);

}  // namespace gatevisor::os
