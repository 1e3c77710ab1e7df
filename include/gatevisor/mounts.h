// What of the file system a service sees, and the namespaces that are its own.
//
// Names and meanings are systemd's (systemd.exec(5), 'Sandboxing' and 'Paths'). Paths are absolute
// and normal: no '//', no '.', no '..', no '/' at the end. src/exec/mount_plan.h makes mounts of
// it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gatevisor {

enum class ProtectSystem : std::uint8_t { No, Yes, Full, Strict };
enum class ProtectHome : std::uint8_t { No, Yes, ReadOnly, Tmpfs };
/// hidepid= of proc(5).
enum class ProtectProc : std::uint8_t { Default, NoAccess, Invisible, Ptraceable };
/// How mounts that are made later travel from and to the service's namespace.
enum class MountPropagation : std::uint8_t { Default, Shared, Slave, Private };
/// MountAPIVFS=; by default it is as if yes where there is a RootDirectory=.
enum class MountApi : std::uint8_t { Default, No, Yes };

/// One path of ReadWritePaths= and its like.
struct SandboxPath {
  std::string path;
  bool optional = false;    ///< '-': it may be missing
  bool below_root = false;  ///< '+': below RootDirectory=, else below the container's own root
  bool operator==(const SandboxPath&) const = default;
};

/// One SOURCE[:DESTINATION[:rbind|norbind]] of BindPaths= or BindReadOnlyPaths=.
struct BindPath {
  std::string source;       ///< in the container's own root
  std::string destination;  ///< below RootDirectory=
  bool read_only = false;
  bool optional = false;  ///< '-': the source may be missing
  bool recursive = true;
  bool operator==(const BindPath&) const = default;
};

/// One PATH[:OPTIONS] of TemporaryFileSystem=.
struct TemporaryFileSystem {
  std::string path;
  unsigned long flags = 0;  ///< MS_* of mount(2)
  std::string data;         ///< what is tmpfs's own: 'mode=0755,size=10%'
  bool operator==(const TemporaryFileSystem&) const = default;
};

struct MountSettings {
  ProtectSystem protect_system = ProtectSystem::No;
  ProtectHome protect_home = ProtectHome::No;
  std::vector<SandboxPath> read_write;    ///< ReadWritePaths=
  std::vector<SandboxPath> read_only;     ///< ReadOnlyPaths=
  std::vector<SandboxPath> inaccessible;  ///< InaccessiblePaths=
  std::vector<SandboxPath> exec;          ///< ExecPaths=
  std::vector<SandboxPath> no_exec;       ///< NoExecPaths=
  std::vector<BindPath> binds;            ///< BindPaths=, BindReadOnlyPaths=
  std::vector<TemporaryFileSystem> temporary;
  bool private_tmp = false;
  bool private_devices = false;
  bool protect_kernel_tunables = false;
  bool protect_kernel_modules = false;
  bool protect_kernel_logs = false;
  bool protect_control_groups = false;
  ProtectProc protect_proc = ProtectProc::Default;
  bool proc_subset_pid = false;  ///< ProcSubset=pid
  bool private_mounts = false;
  MountPropagation propagation = MountPropagation::Default;  ///< MountFlags=
  MountApi mount_api = MountApi::Default;
  std::string root_directory;  ///< empty: the container's own

  /// What a command with '+' still gets (systemd.service(5)): the view, without the protections.
  MountSettings unprotected() const {
    MountSettings kept;
    kept.binds = binds;
    kept.temporary = temporary;
    kept.private_mounts = private_mounts;
    kept.propagation = propagation;
    kept.mount_api = mount_api;
    kept.root_directory = root_directory;
    return kept;
  }
  /// What is left of them without a mount namespace: the halves that take capabilities away.
  MountSettings without_mounts() const {
    MountSettings kept;
    kept.private_devices = private_devices;
    kept.protect_kernel_tunables = protect_kernel_tunables;
    kept.protect_kernel_modules = protect_kernel_modules;
    kept.protect_kernel_logs = protect_kernel_logs;
    return kept;
  }
  /// Whether a path may mean another file inside than outside.
  bool other_view() const {
    return !root_directory.empty() || !binds.empty() || !temporary.empty();
  }
  bool operator==(const MountSettings&) const = default;
};

/// Namespaces beside the one of mounts.
struct NamespaceSettings {
  bool network = false;   ///< PrivateNetwork=: with nothing but 'lo'
  bool ipc = false;       ///< PrivateIPC=
  bool hostname = false;  ///< ProtectHostname=: a UTS namespace
  bool users = false;     ///< PrivateUsers=: root's and its own ids, all others are nobody's
  bool operator==(const NamespaceSettings&) const = default;
};

}  // namespace gatevisor
