// Capabilities, by libcap-ng.
#pragma once

#include <cstdint>

namespace gatevisor::exec {

/// Bit n for capability n (linux/capability.h).
struct OwnCapabilities {
  std::uint64_t effective = 0;
  std::uint64_t bounding = 0;
  bool has(int capability) const { return (effective >> capability & 1) != 0; }
};

/// This process's; all zero where libcap-ng cannot tell.
OwnCapabilities own_capabilities();

/// 'cap_sys_admin', or 'capability 41' for one that this libcap-ng does not know.
const char* capability_name(int capability);

/// In the child, between clone and execve. 0, or an errno.
int drop_bounding(std::uint64_t drop);
/// After the uid has changed: exactly `ambient` stays, in all sets.
int keep_only(std::uint64_t ambient);
/// For root, who has all others too. They are not dropped first: who gains capabilities by execve
/// is not dumpable (commit_creds()), which means no core and a /proc/self of root's.
int add_ambient(std::uint64_t ambient);

}  // namespace gatevisor::exec
