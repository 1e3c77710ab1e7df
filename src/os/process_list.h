// Processes as /proc tells of them, for a client that wants to see a unit's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatevisor/unit_status.h"

namespace gatevisor::os {

/// Those of a cgroup's directory and of what is below it, by their pids; at most some thousand.
std::vector<ObservedProcess> processes_in(const std::string& directory);
/// `pid`, and all that descend from it.
std::vector<ObservedProcess> processes_below(int pid);

/// The number in a file of a cgroup; nullopt for 'max', and where there is none.
std::optional<std::uint64_t> cgroup_number(const std::string& directory, const char* file);
/// 'total' of a pressure file's line, microseconds. `kind`: 'some', 'full'.
std::optional<std::uint64_t> cgroup_stalled(const std::string& directory, const char* file,
                                            std::string_view kind);
/// 'usage_usec' of cpu.stat and its like.
std::optional<std::uint64_t> cgroup_keyed_number(const std::string& directory, const char* file,
                                                 const char* key);

}  // namespace gatevisor::os
