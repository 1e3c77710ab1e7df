// The directories of PrivateTmp=, on the file systems of /tmp and /var/tmp.
#pragma once

#include <string>

#include "exec/mount_plan.h"
#include "gatevisor/error.h"

namespace gatevisor::exec {

/// Owns /tmp/systemd-private-<boot>-<unit>.service-XXXXXX (mode 0700) with `tmp` (1777) in it, and
/// the same in /var/tmp; both are removed with it. That name keeps systemd-tmpfiles(8) from taking
/// it for an old file.
class PrivateTmp {
 public:
  PrivateTmp() = default;  ///< none
  ~PrivateTmp();
  PrivateTmp(const PrivateTmp&) = delete;
  PrivateTmp& operator=(const PrivateTmp&) = delete;

  /// A file system that is read-only gives an empty path, a directory that is missing none at all.
  /// Error: any other; nothing is left behind.
  Expected<void> make(const std::string& unit, const std::string& boot_id);
  /// What was made.
  const PrivateTmpPaths& paths() const { return paths_; }

 private:
  PrivateTmpPaths paths_;
};

}  // namespace gatevisor::exec
