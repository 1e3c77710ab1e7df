// Which mounts are made, and in which order.

#include "exec/mount_plan.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>

namespace gatevisor::exec {
namespace {

/// As the child has them where no path goes through a link.
std::vector<MountEntry> entries(const MountSettings& mounts, const PrivateTmpPaths& tmp = {},
                                const NamespaceSettings& namespaces = {}) {
  MountPlan plan = make_mount_plan(mounts, namespaces, tmp);
  normalise(plan.entries);
  return plan.entries;
}

const MountEntry& at(const std::vector<MountEntry>& all, const std::string& path) {
  static const MountEntry none;
  const auto found = std::ranges::find(all, path, &MountEntry::path);
  if (found != all.end()) return *found;
  ADD_FAILURE() << "no entry for " << path;
  return none;
}

bool has(const std::vector<MountEntry>& all, const std::string& path) {
  return std::ranges::count(all, path, &MountEntry::path) > 0;
}

std::vector<std::string> paths(const std::vector<MountEntry>& all) {
  std::vector<std::string> list;
  for (const MountEntry& entry : all) list.push_back(entry.path);
  return list;
}

TEST(MountPlan, NothingAskedForIsNoNamespace) {
  const MountPlan plan = make_mount_plan({}, {}, {});
  EXPECT_EQ(plan.unshare_flags, 0);
  EXPECT_TRUE(plan.entries.empty());
  MountSettings off;
  off.propagation = MountPropagation::Shared;
  EXPECT_EQ(make_mount_plan(off, {}, {}).unshare_flags, 0);
}

TEST(MountPlan, EachNamespaceIsMadeForItself) {
  MountSettings mounts;
  mounts.private_mounts = true;
  EXPECT_EQ(make_mount_plan(mounts, {}, {}).unshare_flags, CLONE_NEWNS);
  EXPECT_EQ(make_mount_plan({}, {.network = true}, {}).unshare_flags, CLONE_NEWNET);
  EXPECT_EQ(make_mount_plan({}, {.hostname = true}, {}).unshare_flags, CLONE_NEWUTS);
  // Its message queues are a file system.
  EXPECT_EQ(make_mount_plan({}, {.ipc = true}, {}).unshare_flags, CLONE_NEWIPC | CLONE_NEWNS);
  EXPECT_EQ(make_mount_plan(mounts, {}, {}).propagation,
            static_cast<unsigned long>(MS_SHARED | MS_REC));
  mounts.propagation = MountPropagation::Private;
  EXPECT_EQ(make_mount_plan(mounts, {}, {}).propagation,
            static_cast<unsigned long>(MS_PRIVATE | MS_REC));
}

TEST(MountPlan, ParentsComeFirstWhateverTheOrderOfTheSettings) {
  MountSettings mounts;
  mounts.read_only = {{"/a/b/c"}, {"/a-b"}, {"/"}};
  mounts.read_write = {{"/a/b"}, {"/a"}};
  mounts.inaccessible = {{"/a/b/c/d"}};
  EXPECT_EQ(paths(entries(mounts)), (std::vector<std::string>{"/", "/a", "/a/b/c", "/a/b/c/d"}));
}

TEST(MountPlan, StrictLeavesTheApiFileSystemsAndHomesToOthers) {
  MountSettings mounts;
  mounts.protect_system = ProtectSystem::Strict;
  mounts.read_write = {{"/var/lib/gw"}};
  const auto all = entries(mounts);
  EXPECT_EQ(at(all, "/").writing, Writing::ReadOnly);
  for (const char* path : {"/proc", "/sys", "/dev", "/home", "/root", "/run/user"}) {
    EXPECT_EQ(at(all, path).writing, Writing::AsItIs) << path;
    EXPECT_TRUE(at(all, path).optional) << path;
  }
  EXPECT_EQ(at(all, "/var/lib/gw").writing, Writing::AsItIs);
  EXPECT_EQ(all.size(), 8u);
}

TEST(MountPlan, YesAndFullNameTheSystem) {
  MountSettings mounts;
  mounts.protect_system = ProtectSystem::Yes;
  EXPECT_EQ(at(entries(mounts), "/usr").writing, Writing::ReadOnly);
  EXPECT_FALSE(has(entries(mounts), "/etc"));
  mounts.protect_system = ProtectSystem::Full;
  EXPECT_EQ(at(entries(mounts), "/etc").writing, Writing::ReadOnly);
  EXPECT_FALSE(has(entries(mounts), "/"));
}

TEST(MountPlan, OneEntryAPathTheStricterCountsAndItsMarksAdd) {
  MountSettings mounts;
  mounts.read_write = {{"/a"}, {"/tmp"}};
  mounts.read_only = {{"/a"}, {"/b"}, {"/tmp"}};
  mounts.no_exec = {{"/b"}};
  mounts.exec = {{"/b"}};
  mounts.private_tmp = true;
  const auto all = entries(mounts, {{"/tmp/x/tmp", true}, {{}, false}});
  EXPECT_EQ(at(all, "/a").kind, MountKind::ReadOnly);
  EXPECT_EQ(at(all, "/b").writing, Writing::ReadOnly);
  EXPECT_EQ(at(all, "/b").executing, Executing::No);
  EXPECT_EQ(at(all, "/tmp").kind, MountKind::PrivateTmp);
  EXPECT_EQ(at(all, "/tmp").writing, Writing::ReadOnly);
  EXPECT_FALSE(has(all, "/var/tmp"));
  EXPECT_EQ(all.size(), 3u);
}

TEST(MountPlan, WhatAnotherSettingNamesDoesNotEscape) {
  // The example of systemd.exec(5): executable, and still not writable.
  MountSettings mounts;
  mounts.read_only = {{"/"}, {"/opt/ro"}};
  mounts.no_exec = {{"/"}};
  mounts.exec = {{"/usr"}};
  mounts.read_write = {{"/var"}};
  const auto all = entries(mounts);
  EXPECT_EQ(at(all, "/usr").writing, Writing::ReadOnly);
  EXPECT_EQ(at(all, "/usr").executing, Executing::Yes);
  EXPECT_EQ(at(all, "/var").writing, Writing::AsItIs);
  EXPECT_EQ(at(all, "/var").executing, Executing::No);
  EXPECT_FALSE(has(all, "/opt/ro"));  // it says nothing new
}

TEST(MountPlan, NothingIsBelowWhatIsInaccessible) {
  MountSettings mounts;
  mounts.inaccessible = {{"/a"}};
  mounts.read_write = {{"/a/b"}};
  mounts.binds = {{"/src", "/a/c"}};
  EXPECT_EQ(paths(entries(mounts)), std::vector<std::string>{"/a"});
}

TEST(MountPlan, AMountHasNothingOfWhatIsAroundIt) {
  MountSettings mounts;
  mounts.read_only = {{"/"}};
  mounts.binds = {{"/src", "/a"}, {"/src", "/b", true}};
  mounts.temporary = {{"/c", MS_NODEV, "size=1m"}, {"/d", MS_NODEV | MS_RDONLY, ""}};
  const auto all = entries(mounts);
  EXPECT_EQ(at(all, "/a").writing, Writing::AsItIs);
  EXPECT_EQ(at(all, "/b").writing, Writing::ReadOnly);
  EXPECT_EQ(at(all, "/c").writing, Writing::AsItIs);
  // Read-only at the end: something may have to be mounted into it.
  EXPECT_EQ(at(all, "/d").writing, Writing::ReadOnly);
  EXPECT_EQ(at(all, "/d").flags, static_cast<unsigned long>(MS_NODEV));
}

TEST(MountPlan, OfTwoBindsToOnePlaceTheFirstCounts) {
  MountSettings mounts;
  mounts.binds = {{"/z", "/x"}, {"/a", "/x"}};
  EXPECT_EQ(at(entries(mounts), "/x").source, "/z");
}

TEST(MountPlan, HomesAreHiddenReadOnlyOrEmpty) {
  MountSettings mounts;
  mounts.protect_home = ProtectHome::Yes;
  EXPECT_EQ(at(entries(mounts), "/root").kind, MountKind::Inaccessible);
  mounts.protect_home = ProtectHome::ReadOnly;
  EXPECT_EQ(at(entries(mounts), "/home").kind, MountKind::ReadOnly);
  mounts.protect_home = ProtectHome::Tmpfs;
  mounts.protect_system = ProtectSystem::Strict;
  const auto all = entries(mounts);
  EXPECT_EQ(at(all, "/root").kind, MountKind::Temporary);
  EXPECT_TRUE(at(all, "/root").data.starts_with("mode=0700"));
  EXPECT_EQ(at(all, "/root").writing, Writing::ReadOnly);
}

TEST(MountPlan, ReadOnlyPathsInPrivateDevicesStillCount) {
  MountSettings mounts;
  mounts.private_devices = true;
  mounts.read_only = {{"/dev/shm"}};
  const auto all = entries(mounts);
  EXPECT_TRUE(at(all, "/dev").itself_alone());
  EXPECT_EQ(at(all, "/dev/shm").writing, Writing::ReadOnly);
}

TEST(MountPlan, RootDirectoryIsInFrontAndGetsTheApi) {
  MountSettings mounts;
  mounts.root_directory = "/r";
  mounts.read_only = {{"/etc"}, {"/r/etc"}, {"/opt", false, true}};
  mounts.binds = {{"/src", "/dst"}};
  const auto all = entries(mounts);
  EXPECT_EQ(paths(all), (std::vector<std::string>{"/r/dev", "/r/dst", "/r/etc", "/r/opt", "/r/proc",
                                                  "/r/run", "/r/sys"}));
  EXPECT_EQ(at(all, "/r/dst").source, "/src");
  mounts.mount_api = MountApi::No;
  EXPECT_FALSE(has(entries(mounts), "/r/proc"));
  mounts.protect_control_groups = true;
  EXPECT_TRUE(has(entries(mounts), "/r/proc"));
}

TEST(MountPlan, ProcIsNewWhereItShowsLess) {
  MountSettings mounts;
  mounts.protect_proc = ProtectProc::Invisible;
  mounts.proc_subset_pid = true;
  mounts.protect_kernel_tunables = true;
  const auto all = entries(mounts);
  EXPECT_EQ(at(all, "/proc").data, "hidepid=invisible,subset=pid");
  EXPECT_EQ(at(all, "/proc/sys").writing, Writing::ReadOnly);
  EXPECT_EQ(at(all, "/proc/kcore").kind, MountKind::Inaccessible);
  EXPECT_FALSE(has(all, "/run"));  // the container's own stays
}

TEST(MountPlan, ControlGroupsAreAnotherSettingsThanTunables) {
  MountSettings mounts;
  mounts.protect_kernel_tunables = true;
  EXPECT_EQ(at(entries(mounts), "/sys/fs/cgroup").writing, Writing::AsItIs);
  mounts.protect_control_groups = true;
  EXPECT_FALSE(has(entries(mounts), "/sys/fs/cgroup"));  // as /sys
}

TEST(MountPlan, CapabilitiesGoWithTheirFiles) {
  ExecSettings settings;
  MountSettings& mounts = settings.mounts;
  EXPECT_EQ(dropped_with(settings), 0u);
  mounts.private_devices = mounts.protect_kernel_modules = mounts.protect_kernel_logs = true;
  const std::uint64_t one = 1;
  EXPECT_EQ(dropped_with(settings),
            one << CAP_MKNOD | one << CAP_SYS_RAWIO | one << CAP_SYS_MODULE | one << CAP_SYSLOG);
  mounts = {};
  settings.syscall_filter.protect_clock = true;
  EXPECT_EQ(dropped_with(settings), one << CAP_SYS_TIME | one << CAP_WAKE_ALARM);
}

TEST(MountPlan, DirectivesAreNamedAsInTheFile) {
  MountSettings mounts;
  mounts.binds = {{"/a", "/a", true}};
  mounts.private_tmp = true;
  EXPECT_EQ(mount_directives(mounts, {.network = true}),
            (std::vector<std::string>{"BindReadOnlyPaths", "PrivateTmp", "PrivateNetwork"}));
  EXPECT_TRUE(mount_directives({}, {}).empty());
}

}  // namespace
}  // namespace gatevisor::exec
