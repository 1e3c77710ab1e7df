// What is mounted of the container's own, taken before anything is covered.
//
// In the child, in a mount namespace that is already its own. Each call gives 0 or an errno.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

namespace gatevisor::exec {

/// What stands for a path that is inaccessible, of the sort of what is there.
struct Hidden {
  mode_t mode = 0;
  int source = -1;  ///< filled in: a mount that is attached nowhere yet
};

/// They have no permissions and hold nothing. /proc is covered for a moment.
int make_hidden(std::vector<Hidden>& wanted);

/// systemd.exec(5), PrivateDevices=: the pseudo devices, the terminals, and what is mounted in
/// /dev.
class PseudoDevices {
 public:
  int take();
  /// A new file system with all of them.
  int mount_at(const std::string& path) const;

 private:
  struct Device {
    const char* name;
    struct stat info;
    int source = -1;
    std::string link;  ///< where it is one
  };
  std::vector<Device> devices_;
};

/// What is mounted below /proc, as container engines do to hide parts of it: a new procfs would
/// show them again.
class ProcMasks {
 public:
  /// `mountinfo`: an open /proc/self/mountinfo.
  int take(int mountinfo);
  /// In the new procfs at `path`, as far as it has the places.
  int put(const std::string& path) const;

 private:
  struct Mask {
    std::string below;  ///< '/kcore'
    int source = -1;
  };
  std::vector<Mask> masks_;
};

}  // namespace gatevisor::exec
