// systemd.exec(5), 'Sandboxing', 'Paths', 'Credentials', 'Capabilities' and 'System Call
// Filtering'.

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "config/filter_names.h"
#include "config/show_rows.h"

namespace gatevisor::config {
namespace {

std::string_view word(ProtectSystem mode) {
  switch (mode) {
    case ProtectSystem::No: return "no";
    case ProtectSystem::Yes: return "yes";
    case ProtectSystem::Full: return "full";
    case ProtectSystem::Strict: return "strict";
  }
  return "";
}

std::string_view word(ProtectHome mode) {
  switch (mode) {
    case ProtectHome::No: return "no";
    case ProtectHome::Yes: return "yes";
    case ProtectHome::ReadOnly: return "read-only";
    case ProtectHome::Tmpfs: return "tmpfs";
  }
  return "";
}

std::string_view word(ProtectProc mode) {
  switch (mode) {
    case ProtectProc::Default: return "default";
    case ProtectProc::NoAccess: return "noaccess";
    case ProtectProc::Invisible: return "invisible";
    case ProtectProc::Ptraceable: return "ptraceable";
  }
  return "";
}

std::string_view word(MountPropagation mode) {
  switch (mode) {
    case MountPropagation::Default: return "";
    case MountPropagation::Shared: return "shared";
    case MountPropagation::Slave: return "slave";
    case MountPropagation::Private: return "private";
  }
  return "";
}

std::string_view word(RuntimePreserve mode) {
  switch (mode) {
    case RuntimePreserve::No: return "no";
    case RuntimePreserve::Restart: return "restart";
    case RuntimePreserve::Yes: return "yes";
  }
  return "";
}

ShownValue paths(const std::vector<SandboxPath>& all) {
  std::vector<std::string> words;
  for (const SandboxPath& each : all) {
    words.push_back((each.optional ? "-" : "") + std::string(each.below_root ? "+" : "") +
                    each.path);
  }
  return shown_words(std::move(words));
}

/// '-/a:/b:rbind', all on one line.
ShownValue binds(const std::vector<BindPath>& all, bool read_only) {
  std::vector<std::string> words;
  for (const BindPath& each : all) {
    if (each.read_only != read_only) continue;
    words.push_back((each.optional ? "-" : "") + each.source + ":" + each.destination +
                    (each.recursive ? ":rbind" : ""));
  }
  return shown_words(std::move(words));
}

/// What of the options differs from the ones that every such file system starts from.
std::string tmpfs_options(const TemporaryFileSystem& mount) {
  struct Flag {
    unsigned long bit;
    std::string_view set;
    std::string_view clear;  ///< of one that is set at first
  };
  constexpr std::array kFlags = {
      Flag{MS_RDONLY, "ro", ""},
      Flag{MS_NOSUID, "nosuid", ""},
      Flag{MS_NODEV, "", "dev"},
      Flag{MS_NOEXEC, "noexec", ""},
      Flag{MS_SYNCHRONOUS, "sync", ""},
      Flag{MS_NOATIME, "noatime", ""},
      Flag{MS_NODIRATIME, "nodiratime", ""},
      Flag{MS_RELATIME, "relatime", ""},
      Flag{MS_STRICTATIME, "", "nostrictatime"},
  };
  constexpr std::string_view kStart = "mode=0755,size=10%,nr_inodes=400k";
  std::string text;
  const auto add = [&text](std::string_view option) {
    if (option.empty()) return;
    if (!text.empty()) text += ',';
    text += option;
  };
  for (const Flag& flag : kFlags) add((mount.flags & flag.bit) != 0 ? flag.set : flag.clear);
  std::string_view data = mount.data;
  if (data.starts_with(kStart)) data.remove_prefix(std::min(kStart.size() + 1, data.size()));
  add(data);
  return text;
}

ShownValue temporary(const std::vector<TemporaryFileSystem>& all) {
  std::vector<std::string> words;
  for (const TemporaryFileSystem& each : all) {
    const std::string options = tmpfs_options(each);
    words.push_back(each.path + (options.empty() ? "" : ":" + options));
  }
  return shown_words(std::move(words));
}

template <DirectoryKind kind>
ShownValue directories(const ShowSubject& of) {
  std::vector<std::string> words;
  for (const ServiceDirectory& each : of.settings.exec.directories.of(kind).all) {
    words.push_back(each.name);
  }
  return shown_words(std::move(words));
}

template <DirectoryKind kind>
ShownValue directory_links(const ShowSubject& of) {
  std::vector<std::string> lines;
  for (const ServiceDirectory& each : of.settings.exec.directories.of(kind).all) {
    for (const std::string& link : each.links) lines.push_back(each.name + ":" + link);
  }
  return shown_lines(std::move(lines));
}

template <DirectoryKind kind>
ShownValue directory_mode(const ShowSubject& of) {
  return shown_mode(of.settings.exec.directories.of(kind).mode);
}

std::string action_word(int action) {
  if (action == kSyscallKill) return ":kill";
  const char* name = strerrorname_np(action);
  return name != nullptr ? ":" + std::string(name) : ":" + std::to_string(action);
}

/// The names of what `wanted` holds, in their order.
template <typename T, std::size_t N, typename Wanted>
std::vector<std::string> names_of(const std::array<Choice<T>, N>& choices, Wanted wanted) {
  std::vector<std::string> names;
  for (const Choice<T>& choice : choices) {
    if (wanted(choice.value)) names.emplace_back(choice.name);
  }
  return names;
}

/// '~' alone is what was never set: nothing is denied. systemd sorts the words, with their actions.
ShownValue syscalls(const std::optional<SyscallList>& list) {
  if (!list) return shown_text("~");
  std::vector<std::string> words;
  for (const auto& [call, action] : list->calls) {
    words.emplace_back(call);
    if (action != kSyscallListed) words.back() += action_word(action);
  }
  std::ranges::sort(words);
  return shown_text((list->allow ? "" : "~") + joined(words));
}

ShownValue architectures(const std::set<std::uint32_t>& set) {
  auto names = names_of(kFilterArchitectures, [&](std::uint32_t one) { return set.contains(one); });
  std::ranges::sort(names);
  return shown_words(std::move(names));
}

ShownValue families(const std::optional<AddressFamilies>& families) {
  if (!families) return shown_text("~");
  std::set<int> left = families->families;  // of several names the first one is systemd's
  auto names = names_of(kAddressFamilies, [&](int one) { return left.erase(one) > 0; });
  std::ranges::sort(names);
  return shown_text((families->allow ? "" : "~") + joined(names));
}

ShownValue namespaces(const std::optional<std::uint64_t>& left) {
  if (!left || *left == kAllNamespaceTypes) return shown_text("no");
  if (*left == 0) return shown_text("yes");
  return shown_text(
      joined(names_of(kNamespaceTypes, [&](std::uint64_t one) { return (*left & one) != 0; })));
}

std::vector<std::string> loaded(const std::vector<LoadedCredential>& all) {
  std::vector<std::string> lines;
  for (const LoadedCredential& each : all) lines.push_back(each.id + ":" + each.path);
  return lines;
}

/// Without their values, which are secrets.
std::vector<std::string> set_credentials(const std::vector<SetCredential>& all) {
  std::vector<std::string> lines;
  for (const SetCredential& each : all) lines.push_back(each.id);
  return lines;
}

bool has_api_mounts(const MountSettings& mounts) {
  switch (mounts.mount_api) {
    case MountApi::Default: return !mounts.root_directory.empty();
    case MountApi::No: return false;
    case MountApi::Yes: return true;
  }
  return false;
}

template <bool MountSettings::*field>
ShownValue mount_switch(const ShowSubject& of) {
  return shown_yes_no(of.settings.exec.mounts.*field);
}

template <bool SyscallFilterSettings::*field>
ShownValue filter_switch(const ShowSubject& of) {
  return shown_yes_no(of.settings.exec.syscall_filter.*field);
}

template <bool NamespaceSettings::*field>
ShownValue namespace_switch(const ShowSubject& of) {
  return shown_yes_no(of.settings.exec.namespaces.*field);
}

template <std::vector<SandboxPath> MountSettings::*field>
ShownValue mount_paths(const ShowSubject& of) {
  return paths(of.settings.exec.mounts.*field);
}

constexpr ShowRow kRows[] = {
    {"CapabilityBoundingSet PrivateDevices ProtectKernelModules ProtectKernelLogs ProtectClock",
     "CapabilityBoundingSet",
     [](const ShowSubject& of) {
       const std::uint64_t kept = of.settings.exec.bounding_set.value_or(~std::uint64_t{0});
       return shown_text(capabilities_text(kept & of.host.capabilities & ~of.host.dropped));
     }},
    {"AmbientCapabilities", "AmbientCapabilities",
     [](const ShowSubject& of) {
       return shown_text(capabilities_text(of.settings.exec.ambient_set & of.host.capabilities));
     }},
    {"NoNewPrivileges", "NoNewPrivileges",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.exec.no_new_privileges); }},
    {"RootDirectory", "RootDirectory",
     [](const ShowSubject& of) { return shown_text(of.settings.exec.mounts.root_directory); }},
    {"ReadWritePaths ReadWriteDirectories", "ReadWritePaths",
     mount_paths<&MountSettings::read_write>},
    {"ReadOnlyPaths ReadOnlyDirectories", "ReadOnlyPaths", mount_paths<&MountSettings::read_only>},
    {"InaccessiblePaths InaccessibleDirectories", "InaccessiblePaths",
     mount_paths<&MountSettings::inaccessible>},
    {"ExecPaths", "ExecPaths", mount_paths<&MountSettings::exec>},
    {"NoExecPaths", "NoExecPaths", mount_paths<&MountSettings::no_exec>},
    {"BindPaths", "BindPaths",
     [](const ShowSubject& of) { return binds(of.settings.exec.mounts.binds, false); }},
    {"BindReadOnlyPaths", "BindReadOnlyPaths",
     [](const ShowSubject& of) { return binds(of.settings.exec.mounts.binds, true); }},
    {"TemporaryFileSystem", "TemporaryFileSystem",
     [](const ShowSubject& of) { return temporary(of.settings.exec.mounts.temporary); }},
    {"MountFlags", "MountFlags",
     [](const ShowSubject& of) { return shown_text(word(of.settings.exec.mounts.propagation)); }},
    {"MountAPIVFS RootDirectory", "MountAPIVFS",
     [](const ShowSubject& of) { return shown_yes_no(has_api_mounts(of.settings.exec.mounts)); }},
    {"PrivateTmp", "PrivateTmp", mount_switch<&MountSettings::private_tmp>},
    {"PrivateDevices", "PrivateDevices", mount_switch<&MountSettings::private_devices>},
    {"PrivateMounts", "PrivateMounts", mount_switch<&MountSettings::private_mounts>},
    {"PrivateNetwork", "PrivateNetwork", namespace_switch<&NamespaceSettings::network>},
    {"PrivateUsers", "PrivateUsers", namespace_switch<&NamespaceSettings::users>},
    {"PrivateIPC", "PrivateIPC", namespace_switch<&NamespaceSettings::ipc>},
    {"ProtectHostname", "ProtectHostname", namespace_switch<&NamespaceSettings::hostname>},
    {"ProtectClock", "ProtectClock", filter_switch<&SyscallFilterSettings::protect_clock>},
    {"ProtectKernelTunables", "ProtectKernelTunables",
     mount_switch<&MountSettings::protect_kernel_tunables>},
    {"ProtectKernelModules", "ProtectKernelModules",
     mount_switch<&MountSettings::protect_kernel_modules>},
    {"ProtectKernelLogs", "ProtectKernelLogs", mount_switch<&MountSettings::protect_kernel_logs>},
    {"ProtectControlGroups", "ProtectControlGroups",
     mount_switch<&MountSettings::protect_control_groups>},
    {"ProtectHome", "ProtectHome",
     [](const ShowSubject& of) { return shown_text(word(of.settings.exec.mounts.protect_home)); }},
    {"ProtectSystem", "ProtectSystem",
     [](const ShowSubject& of) {
       return shown_text(word(of.settings.exec.mounts.protect_system));
     }},
    {"ProtectProc", "ProtectProc",
     [](const ShowSubject& of) { return shown_text(word(of.settings.exec.mounts.protect_proc)); }},
    {"ProcSubset", "ProcSubset",
     [](const ShowSubject& of) {
       return shown_text(of.settings.exec.mounts.proc_subset_pid ? "pid" : "all");
     }},
    {"SystemCallFilter", "SystemCallFilter",
     [](const ShowSubject& of) { return syscalls(of.settings.exec.syscall_filter.filter); }},
    {"SystemCallLog", "SystemCallLog",
     [](const ShowSubject& of) { return syscalls(of.settings.exec.syscall_filter.log); }},
    {"SystemCallErrorNumber", "SystemCallErrorNumber",
     [](const ShowSubject& of) {
       // systemd's SECCOMP_ERROR_NUMBER_KILL.
       constexpr int kKill = 2'147'483'646;
       const int number = of.settings.exec.syscall_filter.error_number;
       return shown_int(number == kSyscallKill ? kKill : number);
     }},
    {"SystemCallArchitectures", "SystemCallArchitectures",
     [](const ShowSubject& of) {
       return architectures(of.settings.exec.syscall_filter.architectures);
     }},
    {"RestrictAddressFamilies", "RestrictAddressFamilies",
     [](const ShowSubject& of) {
       return families(of.settings.exec.syscall_filter.address_families);
     }},
    {"RestrictNamespaces", "RestrictNamespaces",
     [](const ShowSubject& of) { return namespaces(of.settings.exec.syscall_filter.namespaces); }},
    {"LockPersonality", "LockPersonality", filter_switch<&SyscallFilterSettings::lock_personality>},
    {"MemoryDenyWriteExecute", "MemoryDenyWriteExecute",
     filter_switch<&SyscallFilterSettings::memory_deny_write_execute>},
    {"RestrictRealtime", "RestrictRealtime",
     filter_switch<&SyscallFilterSettings::restrict_realtime>},
    {"RestrictSUIDSGID", "RestrictSUIDSGID",
     filter_switch<&SyscallFilterSettings::restrict_suid_sgid>},
    {"RuntimeDirectoryPreserve", "RuntimeDirectoryPreserve",
     [](const ShowSubject& of) { return shown_text(word(of.settings.exec.directories.preserve)); }},
    {"RuntimeDirectory", "RuntimeDirectorySymlink", directory_links<DirectoryKind::Runtime>},
    {"RuntimeDirectoryMode", "RuntimeDirectoryMode", directory_mode<DirectoryKind::Runtime>},
    {"RuntimeDirectory", "RuntimeDirectory", directories<DirectoryKind::Runtime>},
    {"StateDirectory", "StateDirectorySymlink", directory_links<DirectoryKind::State>},
    {"StateDirectoryMode", "StateDirectoryMode", directory_mode<DirectoryKind::State>},
    {"StateDirectory", "StateDirectory", directories<DirectoryKind::State>},
    {"CacheDirectory", "CacheDirectorySymlink", directory_links<DirectoryKind::Cache>},
    {"CacheDirectoryMode", "CacheDirectoryMode", directory_mode<DirectoryKind::Cache>},
    {"CacheDirectory", "CacheDirectory", directories<DirectoryKind::Cache>},
    {"LogsDirectory", "LogsDirectorySymlink", directory_links<DirectoryKind::Logs>},
    {"LogsDirectoryMode", "LogsDirectoryMode", directory_mode<DirectoryKind::Logs>},
    {"LogsDirectory", "LogsDirectory", directories<DirectoryKind::Logs>},
    {"ConfigurationDirectoryMode", "ConfigurationDirectoryMode",
     directory_mode<DirectoryKind::Configuration>},
    {"ConfigurationDirectory", "ConfigurationDirectory", directories<DirectoryKind::Configuration>},
    {"LoadCredential", "LoadCredential",
     [](const ShowSubject& of) { return shown_lines(loaded(of.settings.exec.credentials.load)); }},
    {"SetCredential", "SetCredential",
     [](const ShowSubject& of) {
       return shown_lines(set_credentials(of.settings.exec.credentials.set));
     }},
};

}  // namespace

std::span<const ShowRow> sandbox_rows() { return kRows; }

}  // namespace gatevisor::config
