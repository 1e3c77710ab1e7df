// From settings to the mounts that the child makes, and their order: parents before what is below.
//
// Pure. Which of two entries for one path counts, and what is below what, is as systemd 252 has it
// (src/core/namespace.c); where its list of exceptions lets a path escape from ReadOnlyPaths= or
// NoExecPaths= because another setting names it, the manual's text counts: the nearest path above
// that says anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gatevisor/settings.h"

namespace gatevisor::exec {

/// For one path the first of these counts.
enum class MountKind : std::uint8_t {
  Inaccessible,
  Bind,
  PrivateTmp,
  PrivateDevices,
  ApiDevices,  ///< the container's /dev, where RootDirectory= has none
  ApiSystem,   ///< and its /sys
  Proc,        ///< a new instance of procfs
  ReadOnly,
  ReadWrite,
  NoExec,
  Exec,
  Temporary,
  ApiRun,         ///< an empty /run, where RootDirectory= has none
  MessageQueues,  ///< those of the new IPC namespace
  Untouched,      ///< what ProtectSystem=strict leaves to other settings
};

/// What an entry says of the mounts at and below its path. None: what the nearest above says.
enum class Writing : std::uint8_t { None, AsItIs, ReadOnly };
enum class Executing : std::uint8_t { None, AsItIs, No, Yes };

struct MountEntry {
  std::string path;  ///< in gatevisor's own root: RootDirectory= is in front of it
  MountKind kind = MountKind::Untouched;
  std::string source;       ///< Bind, PrivateTmp: in gatevisor's own root
  unsigned long flags = 0;  ///< MS_* of mount(2) for a new file system
  std::string data;         ///< and its options
  bool optional = false;    ///< may be missing: the source of a bind, else the path
  bool recursive = true;    ///< Bind: with what is mounted below
  Writing writing = Writing::None;
  Executing executing = Executing::None;

  /// Whether it only marks what is there already.
  bool marks_only() const {
    return kind == MountKind::Untouched || (kind >= MountKind::ReadOnly && kind <= MountKind::Exec);
  }
  /// Its own mount alone is marked, not what is below.
  bool itself_alone() const {
    return kind == MountKind::PrivateDevices || kind == MountKind::Temporary;
  }
  bool operator==(const MountEntry&) const = default;
};

/// The two directories of PrivateTmp=.
struct PrivateTmpPaths {
  struct Place {
    std::string path;      ///< empty: an empty file system that is read-only
    bool present = false;  ///< no: there is nothing to hide
  };
  Place tmp;
  Place var_tmp;
};

struct MountPlan {
  int unshare_flags = 0;  ///< CLONE_NEW* of unshare(2); 0: nothing to do
  bool mounts = false;    ///< whether CLONE_NEWNS is among them
  bool users = false;     ///< PrivateUsers=; not in unshare_flags: user_namespace.h
  /// As they were asked for: normalise() wants them when the child has followed the links.
  std::vector<MountEntry> entries;
  std::string root;               ///< RootDirectory=; may be empty
  unsigned long propagation = 0;  ///< MS_* of mount(2), for all mounts when all is done
};

MountPlan make_mount_plan(const MountSettings& mounts, const NamespaceSettings& namespaces,
                          const PrivateTmpPaths& tmp);

/// Parents first; one entry a path; nothing below what is inaccessible; nothing that marks what is
/// marked so already. What an entry says of writing and executing is complete then.
void normalise(std::vector<MountEntry>& entries);

/// Whether `path` is `above` or below it.
bool is_at_or_below(const std::string& path, const std::string& above);

/// Names of the directives that need a mount namespace, as they stand in a unit file.
std::vector<std::string> mount_directives(const MountSettings& mounts,
                                          const NamespaceSettings& namespaces);
/// What leaves the bounding set, bit n for capability n.
std::uint64_t dropped_with(const ExecSettings& settings);
/// Whether NoNewPrivileges= comes with them where CAP_SYS_ADMIN is not kept.
bool implies_no_new_privileges(const ExecSettings& settings);

}  // namespace gatevisor::exec
