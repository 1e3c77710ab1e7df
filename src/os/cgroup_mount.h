// Where cgroup v2 is mounted, and where in it this process is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gatevisor/error.h"

namespace gatevisor::os {

struct CgroupPlace {
  std::string mount_point;  ///< '/sys/fs/cgroup'
  std::string path;         ///< of our cgroup below the mount, no leading slash; '' for its root
  bool read_only = false;

  std::string directory() const { return path.empty() ? mount_point : mount_point + "/" + path; }
};

/// From the texts of /proc/self/mountinfo and /proc/self/cgroup (proc(5), cgroups(7)).
/// Error: no cgroup v2 mount, no '0::' line, or a path outside the cgroup namespace ('/..').
Expected<CgroupPlace> find_cgroup_place(std::string_view mountinfo, std::string_view cgroup);

/// The same for this process, now.
Expected<CgroupPlace> own_cgroup_place();

/// Of a text of /proc/PID/cgroup: where in cgroup v2 the process is, from '/'. nullopt: nowhere.
std::optional<std::string_view> unified_path(std::string_view cgroup);

/// /sys/fs/cgroup is cgroup v2 itself, and no directory of hierarchies.
bool is_unified();

}  // namespace gatevisor::os
