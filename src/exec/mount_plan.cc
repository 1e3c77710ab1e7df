#include "exec/mount_plan.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string_view>

namespace gatevisor::exec {
namespace {

struct Fixed {
  MountKind kind;
  std::string_view path;
};

// systemd.exec(5) names most of them; the rest is in systemd's own tables. Each may be missing:
// what is not there needs no protection.
constexpr Fixed kSystem[] = {
    {MountKind::ReadOnly, "/usr"},  {MountKind::ReadOnly, "/boot"},  {MountKind::ReadOnly, "/efi"},
    {MountKind::ReadOnly, "/lib"},  {MountKind::ReadOnly, "/lib64"}, {MountKind::ReadOnly, "/bin"},
    {MountKind::ReadOnly, "/sbin"},
};
constexpr Fixed kSystemFull[] = {{MountKind::ReadOnly, "/etc"}};
constexpr Fixed kSystemStrict[] = {
    {MountKind::ReadOnly, "/"},      {MountKind::Untouched, "/proc"},
    {MountKind::Untouched, "/sys"},  {MountKind::Untouched, "/dev"},
    {MountKind::Untouched, "/home"}, {MountKind::Untouched, "/run/user"},
    {MountKind::Untouched, "/root"},
};
constexpr Fixed kTunables[] = {
    {MountKind::ReadOnly, "/proc/acpi"},
    {MountKind::ReadOnly, "/proc/apm"},
    {MountKind::ReadOnly, "/proc/asound"},
    {MountKind::ReadOnly, "/proc/bus"},
    {MountKind::ReadOnly, "/proc/fs"},
    {MountKind::ReadOnly, "/proc/irq"},
    {MountKind::Inaccessible, "/proc/kallsyms"},
    {MountKind::Inaccessible, "/proc/kcore"},
    {MountKind::ReadOnly, "/proc/latency_stats"},
    {MountKind::ReadOnly, "/proc/mtrr"},
    {MountKind::ReadOnly, "/proc/scsi"},
    {MountKind::ReadOnly, "/proc/sys"},
    {MountKind::ReadOnly, "/proc/sysrq-trigger"},
    {MountKind::ReadOnly, "/proc/timer_stats"},
    {MountKind::ReadOnly, "/sys"},
    {MountKind::Untouched, "/sys/fs/cgroup"},  // ProtectControlGroups=
    {MountKind::Untouched, "/sys/fs/selinux"},
};
constexpr Fixed kModules[] = {{MountKind::Inaccessible, "/lib/modules"},
                              {MountKind::Inaccessible, "/usr/lib/modules"}};
constexpr Fixed kLogs[] = {{MountKind::Inaccessible, "/proc/kmsg"},
                           {MountKind::Inaccessible, "/dev/kmsg"}};
constexpr Fixed kControlGroups[] = {{MountKind::ReadOnly, "/sys/fs/cgroup"}};
constexpr std::array<std::string_view, 3> kHomes = {"/home", "/run/user", "/root"};

constexpr unsigned long kEmptyFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_STRICTATIME;

std::string joined(const std::string& root, std::string_view path) {
  if (root.empty()) return std::string(path);
  return path == "/" ? root : root + std::string(path);
}

class Planner {
 public:
  Planner(const MountSettings& mounts, const NamespaceSettings& namespaces,
          const PrivateTmpPaths& tmp)
      : mounts_(mounts), namespaces_(namespaces), tmp_(tmp) {}

  std::vector<MountEntry> entries() {
    add_lists();
    if (mounts_.private_tmp) {
      add_private_tmp("/tmp", tmp_.tmp);
      add_private_tmp("/var/tmp", tmp_.var_tmp);
    }
    if (mounts_.private_devices) {
      MountEntry& devices = add(MountKind::PrivateDevices, "/dev");
      devices.writing = Writing::ReadOnly;
      devices.executing = Executing::No;
    }
    if (mounts_.protect_kernel_tunables) add_all(kTunables);
    if (mounts_.protect_kernel_modules) add_all(kModules);
    if (mounts_.protect_kernel_logs) add_all(kLogs);
    if (mounts_.protect_control_groups) add_all(kControlGroups);
    add_home();
    add_system();
    add_api();
    if (namespaces_.ipc) {
      MountEntry& queues = add(MountKind::MessageQueues, "/dev/mqueue");
      queues.flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME;
      queues.optional = true;
    }
    return std::move(entries_);
  }

 private:
  MountEntry& add(MountKind kind, std::string_view path) {
    MountEntry& entry = entries_.emplace_back();
    entry.path = joined(mounts_.root_directory, path);
    entry.kind = kind;
    switch (kind) {
      case MountKind::Inaccessible:
        entry.writing = Writing::ReadOnly;
        entry.executing = Executing::No;
        break;
      case MountKind::ReadOnly: entry.writing = Writing::ReadOnly; break;
      case MountKind::ReadWrite:
      case MountKind::Untouched: entry.writing = Writing::AsItIs; break;
      case MountKind::NoExec: entry.executing = Executing::No; break;
      case MountKind::Exec: entry.executing = Executing::Yes; break;
      case MountKind::Proc:
      case MountKind::ApiSystem:
        entry.writing = Writing::AsItIs;
        entry.executing = Executing::No;
        break;
      case MountKind::Bind:
      case MountKind::PrivateTmp:
      case MountKind::PrivateDevices:
      case MountKind::ApiDevices:
      case MountKind::Temporary:
      case MountKind::ApiRun:
      case MountKind::MessageQueues:
        // A mount of its own has nothing of what is around it.
        entry.writing = Writing::AsItIs;
        entry.executing = Executing::AsItIs;
        break;
    }
    return entry;
  }

  void add_all(std::span<const Fixed> list) {
    for (const Fixed& each : list) add(each.kind, each.path).optional = true;
  }

  void add_paths(MountKind kind, const std::vector<SandboxPath>& paths) {
    const std::string& root = mounts_.root_directory;
    for (const SandboxPath& each : paths) {
      // Without '+' a path is the container's; what is not below RootDirectory= is not seen anyway.
      if (!each.below_root && !root.empty() && !is_at_or_below(each.path, root)) continue;
      MountEntry& entry = add(kind, each.path);
      if (!each.below_root) entry.path = each.path;
      entry.optional = each.optional;
    }
  }

  void add_lists() {
    add_paths(MountKind::ReadWrite, mounts_.read_write);
    add_paths(MountKind::ReadOnly, mounts_.read_only);
    add_paths(MountKind::Inaccessible, mounts_.inaccessible);
    add_paths(MountKind::Exec, mounts_.exec);
    add_paths(MountKind::NoExec, mounts_.no_exec);
    for (const BindPath& each : mounts_.binds) {
      MountEntry& entry = add(MountKind::Bind, each.destination);
      entry.source = each.source;
      entry.optional = each.optional;
      entry.recursive = each.recursive;
      if (each.read_only) entry.writing = Writing::ReadOnly;
    }
    for (const TemporaryFileSystem& each : mounts_.temporary) {
      add_temporary(each.path, each.flags, each.data);
    }
  }

  MountEntry& add_temporary(std::string_view path, unsigned long flags, std::string data) {
    MountEntry& entry = add(MountKind::Temporary, path);
    // What is to be mounted into it needs a place first: it gets read-only at the end.
    if ((flags & MS_RDONLY) != 0) entry.writing = Writing::ReadOnly;
    entry.flags = flags & ~MS_RDONLY;
    entry.data = std::move(data);
    return entry;
  }

  void add_private_tmp(std::string_view path, const PrivateTmpPaths::Place& place) {
    if (!place.present) return;
    MountEntry& entry = add(MountKind::PrivateTmp, path);
    entry.source = place.path;
    if (!place.path.empty()) return;
    entry.flags = kEmptyFlags;
    entry.data = "mode=01777,size=4k,nr_inodes=2";
    entry.writing = Writing::ReadOnly;
  }

  void add_home() {
    for (const std::string_view home : kHomes) {
      switch (mounts_.protect_home) {
        case ProtectHome::No: break;
        case ProtectHome::Yes: add(MountKind::Inaccessible, home).optional = true; break;
        case ProtectHome::ReadOnly: add(MountKind::ReadOnly, home).optional = true; break;
        case ProtectHome::Tmpfs:
          add_temporary(
              home, MS_NODEV | MS_STRICTATIME | MS_RDONLY,
              std::string(home == "/root" ? "mode=0700" : "mode=0755") + ",size=4m,nr_inodes=1k")
              .optional = true;
          break;
      }
    }
  }

  void add_system() {
    switch (mounts_.protect_system) {
      case ProtectSystem::No: break;
      case ProtectSystem::Full: add_all(kSystemFull); [[fallthrough]];
      case ProtectSystem::Yes: add_all(kSystem); break;
      case ProtectSystem::Strict: add_all(kSystemStrict); break;
    }
  }

  /// The container's own has them already: only a RootDirectory= may lack them.
  void add_api() {
    const bool own_proc = mounts_.protect_proc != ProtectProc::Default || mounts_.proc_subset_pid;
    const bool root = !mounts_.root_directory.empty();
    const bool api = root && (own_proc || mounts_.mount_api != MountApi::No ||
                              mounts_.protect_kernel_tunables || mounts_.protect_control_groups);
    if (own_proc || api) {
      MountEntry& proc = add(MountKind::Proc, "/proc");
      proc.flags = MS_NOSUID | MS_NOEXEC | MS_NODEV;
      proc.data = proc_options();
    }
    if (!api) return;
    add(MountKind::ApiDevices, "/dev").source = "/dev";
    add(MountKind::ApiSystem, "/sys").source = "/sys";
    MountEntry& run = add(MountKind::ApiRun, "/run");
    run.flags = MS_NOSUID | MS_NODEV | MS_STRICTATIME;
    run.data = "mode=0755,size=20%,nr_inodes=800k";
  }

  std::string proc_options() const {
    std::string options;
    switch (mounts_.protect_proc) {
      case ProtectProc::Default: break;
      case ProtectProc::NoAccess: options = "hidepid=noaccess"; break;
      case ProtectProc::Invisible: options = "hidepid=invisible"; break;
      case ProtectProc::Ptraceable: options = "hidepid=ptraceable"; break;
    }
    if (mounts_.proc_subset_pid) options += options.empty() ? "subset=pid" : ",subset=pid";
    return options;
  }

  const MountSettings& mounts_;
  const NamespaceSettings& namespaces_;
  const PrivateTmpPaths& tmp_;
  std::vector<MountEntry> entries_;
};

/// '/' comes before every other byte, so that what is below a path follows right behind it.
bool before(const MountEntry& a, const MountEntry& b) {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; };
  if (a.path == b.path) return a.kind < b.kind;
  if (a.path == "/" || b.path == "/") return a.path == "/";
  return std::ranges::lexicographical_compare(a.path, b.path, {}, rank, rank);
}

/// Into the one that counts goes what the other forbids.
void merge(MountEntry& kept, const MountEntry& other) {
  kept.writing = std::max(kept.writing, other.writing);
  if (kept.executing != Executing::No && other.executing != Executing::None) {
    kept.executing = other.executing == Executing::AsItIs ? kept.executing : other.executing;
  }
}

unsigned long propagation_flags(MountPropagation propagation) {
  switch (propagation) {
    // systemd: what is shared again is so below the service, never with the container.
    case MountPropagation::Default:
    case MountPropagation::Shared: return MS_SHARED | MS_REC;
    case MountPropagation::Slave: return MS_SLAVE | MS_REC;
    case MountPropagation::Private: return MS_PRIVATE | MS_REC;
  }
  return MS_SHARED | MS_REC;
}

}  // namespace

bool is_at_or_below(const std::string& path, const std::string& above) {
  if (above == "/") return true;
  return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

void normalise(std::vector<MountEntry>& entries) {
  std::vector<std::size_t> order(entries.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&entries](std::size_t a, std::size_t b) {
    if (before(entries[a], entries[b])) return true;
    // Of equals the one that was named first.
    return a < b && !before(entries[b], entries[a]);
  });
  std::vector<MountEntry> all;
  for (const std::size_t index : order) {
    MountEntry& entry = entries[index];
    if (!all.empty() && all.back().path == entry.path) {
      merge(all.back(), entry);
    } else {
      all.push_back(std::move(entry));
    }
  }
  std::vector<MountEntry> kept;
  std::vector<std::size_t> above;  // those of `kept` that lead to where we are
  for (MountEntry& entry : all) {
    while (!above.empty() && !is_at_or_below(entry.path, kept[above.back()].path)) above.pop_back();
    const MountEntry* parent = above.empty() ? nullptr : &kept[above.back()];
    if (parent != nullptr && parent->kind == MountKind::Inaccessible) continue;
    if (entry.writing == Writing::None) {
      entry.writing = parent == nullptr ? Writing::AsItIs : parent->writing;
    }
    if (entry.executing == Executing::None) {
      entry.executing = parent == nullptr ? Executing::AsItIs : parent->executing;
    }
    const bool like_parent = parent != nullptr && parent->marks_only() &&
                             parent->writing == entry.writing &&
                             parent->executing == entry.executing;
    if (entry.marks_only() && like_parent) continue;
    kept.push_back(std::move(entry));
    above.push_back(kept.size() - 1);
  }
  entries = std::move(kept);
}

MountPlan make_mount_plan(const MountSettings& mounts, const NamespaceSettings& namespaces,
                          const PrivateTmpPaths& tmp) {
  MountPlan plan;
  if (namespaces.network) plan.unshare_flags |= CLONE_NEWNET;
  if (namespaces.ipc) plan.unshare_flags |= CLONE_NEWIPC;
  if (namespaces.hostname) plan.unshare_flags |= CLONE_NEWUTS;
  plan.users = namespaces.users;
  const bool other_propagation = mounts.propagation == MountPropagation::Slave ||
                                 mounts.propagation == MountPropagation::Private;
  plan.entries = Planner(mounts, namespaces, tmp).entries();
  plan.root = mounts.root_directory;
  plan.mounts = !plan.entries.empty() || !plan.root.empty() || mounts.private_mounts ||
                mounts.private_tmp || other_propagation;
  if (plan.mounts) plan.unshare_flags |= CLONE_NEWNS;
  plan.propagation = propagation_flags(mounts.propagation);
  return plan;
}

std::vector<std::string> mount_directives(const MountSettings& mounts,
                                          const NamespaceSettings& namespaces) {
  std::vector<std::string> names;
  const auto add = [&names](bool asked, const char* name) {
    if (asked) names.emplace_back(name);
  };
  const auto binds = [&mounts](bool read_only) {
    return std::ranges::any_of(mounts.binds,
                               [=](const BindPath& bind) { return bind.read_only == read_only; });
  };
  add(mounts.protect_system != ProtectSystem::No, "ProtectSystem");
  add(mounts.protect_home != ProtectHome::No, "ProtectHome");
  add(!mounts.read_write.empty(), "ReadWritePaths");
  add(!mounts.read_only.empty(), "ReadOnlyPaths");
  add(!mounts.inaccessible.empty(), "InaccessiblePaths");
  add(!mounts.exec.empty(), "ExecPaths");
  add(!mounts.no_exec.empty(), "NoExecPaths");
  add(binds(false), "BindPaths");
  add(binds(true), "BindReadOnlyPaths");
  add(!mounts.temporary.empty(), "TemporaryFileSystem");
  add(mounts.private_tmp, "PrivateTmp");
  add(mounts.private_devices, "PrivateDevices");
  add(mounts.protect_kernel_tunables, "ProtectKernelTunables");
  add(mounts.protect_kernel_modules, "ProtectKernelModules");
  add(mounts.protect_kernel_logs, "ProtectKernelLogs");
  add(mounts.protect_control_groups, "ProtectControlGroups");
  add(mounts.protect_proc != ProtectProc::Default, "ProtectProc");
  add(mounts.proc_subset_pid, "ProcSubset");
  add(mounts.private_mounts, "PrivateMounts");
  add(mounts.propagation == MountPropagation::Slave ||
          mounts.propagation == MountPropagation::Private,
      "MountFlags");
  add(!mounts.root_directory.empty(), "RootDirectory");
  add(namespaces.network, "PrivateNetwork");
  add(namespaces.ipc, "PrivateIPC");
  add(namespaces.hostname, "ProtectHostname");
  return names;
}

std::uint64_t dropped_with(const ExecSettings& settings) {
  const MountSettings& mounts = settings.mounts;
  const auto bit = [](int capability) { return std::uint64_t{1} << capability; };
  std::uint64_t drop = 0;
  if (mounts.private_devices) drop |= bit(CAP_MKNOD) | bit(CAP_SYS_RAWIO);
  if (mounts.protect_kernel_modules) drop |= bit(CAP_SYS_MODULE);
  if (mounts.protect_kernel_logs) drop |= bit(CAP_SYSLOG);
  if (settings.syscall_filter.protect_clock) drop |= bit(CAP_SYS_TIME) | bit(CAP_WAKE_ALARM);
  return drop;
}

bool implies_no_new_privileges(const ExecSettings& settings) {
  const MountSettings& mounts = settings.mounts;
  return mounts.private_devices || mounts.protect_kernel_tunables ||
         mounts.protect_kernel_modules || mounts.protect_kernel_logs ||
         settings.namespaces.hostname;
}

}  // namespace gatevisor::exec
