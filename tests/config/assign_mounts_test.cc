// The sandbox's settings: paths are checked by their form alone.

#include <sys/mount.h>

#include "settings_testing.h"

namespace gatevisor::config {
namespace {

MountSettings mounts(std::initializer_list<std::string_view> assignments) {
  return with(assignments).exec.mounts;
}

TEST(AssignMounts, ProtectSystemAndHomeAreBooleansOrWords) {
  EXPECT_EQ(mounts({"ProtectSystem=yes"}).protect_system, ProtectSystem::Yes);
  EXPECT_EQ(mounts({"ProtectSystem=full"}).protect_system, ProtectSystem::Full);
  EXPECT_EQ(mounts({"ProtectSystem=strict"}).protect_system, ProtectSystem::Strict);
  EXPECT_EQ(mounts({"ProtectSystem=strict", "ProtectSystem=off"}).protect_system,
            ProtectSystem::No);
  EXPECT_EQ(mounts({"ProtectHome=read-only"}).protect_home, ProtectHome::ReadOnly);
  EXPECT_EQ(mounts({"ProtectHome=tmpfs"}).protect_home, ProtectHome::Tmpfs);
  EXPECT_EQ(mounts({"ProtectHome=true", "ProtectHome="}).protect_home, ProtectHome::No);
  EXPECT_NE(refusal("ProtectSystem=Strict"), "");
  EXPECT_NE(refusal("ProtectHome=full"), "");
}

TEST(AssignMounts, PathsAddUpWithTheirMarksAndAreNormal) {
  const auto list =
      mounts({"ReadOnlyPaths=/a//b/ -/c/./d", "ReadOnlyPaths=-+/e +/ /a/b"}).read_only;
  EXPECT_EQ(list, (std::vector<SandboxPath>{
                      {"/a/b"}, {"/c/d", true, false}, {"/e", true, true}, {"/", false, true}}));
}

TEST(AssignMounts, EmptyValueEmptiesThatListAlone) {
  const auto settings = mounts({"ReadWritePaths=/a", "InaccessiblePaths=/b", "ReadWritePaths="});
  EXPECT_TRUE(settings.read_write.empty());
  EXPECT_EQ(settings.inaccessible.size(), 1u);
}

TEST(AssignMounts, PathThatIsNoneIsRefused) {
  for (const std::string_view text :
       {"ReadWritePaths=a", "ReadOnlyPaths=/a/../b", "InaccessiblePaths=+-/a", "ExecPaths=-",
        "NoExecPaths=/a b", "RootDirectory=x", "RootDirectory=/x/..", "BindPaths=a:/b",
        "BindPaths=/a:b", "BindPaths=/a:/", "BindPaths=/a:/b:recursive",
        "BindReadOnlyPaths=/a:/b:rbind:x", "TemporaryFileSystem=x", "TemporaryFileSystem=/",
        "TemporaryFileSystem=/a:sizes=1", "TemporaryFileSystem=/a:user"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(AssignMounts, BindsHaveADestinationAndOptions) {
  const auto binds =
      mounts({"BindPaths=/a -/b:/c:norbind", "BindReadOnlyPaths=/d\\:e:/f:rbind"}).binds;
  EXPECT_EQ(binds, (std::vector<BindPath>{
                       {"/a", "/a"}, {"/b", "/c", false, true, false}, {"/d:e", "/f", true}}));
  EXPECT_TRUE(mounts({"BindPaths=/a", "BindReadOnlyPaths="}).binds.empty());
}

TEST(AssignMounts, TemporaryFileSystemKeepsSystemdsOptionsUnlessSaidOtherwise) {
  const auto plain = mounts({"TemporaryFileSystem=/var"}).temporary.at(0);
  EXPECT_EQ(plain.path, "/var");
  EXPECT_EQ(plain.flags, static_cast<unsigned long>(MS_NODEV | MS_STRICTATIME));
  EXPECT_TRUE(plain.data.starts_with("mode=0755,"));
  const auto other = mounts({"TemporaryFileSystem=/var:ro,dev,noexec,mode=0700"}).temporary.at(0);
  EXPECT_EQ(other.flags, static_cast<unsigned long>(MS_RDONLY | MS_NOEXEC | MS_STRICTATIME));
  EXPECT_TRUE(other.data.ends_with(",mode=0700"));
}

TEST(AssignMounts, SwitchesAndChoices) {
  const ServiceSettings settings =
      with({"PrivateTmp=yes", "PrivateDevices=1", "ProtectKernelTunables=on",
            "ProtectKernelModules=true", "ProtectKernelLogs=y", "ProtectControlGroups=yes",
            "ProtectProc=invisible", "ProcSubset=pid", "PrivateMounts=yes", "MountFlags=slave",
            "MountAPIVFS=no", "RootDirectory=/srv/./root/", "PrivateNetwork=yes", "PrivateIPC=yes",
            "ProtectHostname=yes", "PrivateUsers=yes"});
  MountSettings expected;
  expected.private_tmp = expected.private_devices = expected.protect_kernel_tunables = true;
  expected.protect_kernel_modules = expected.protect_kernel_logs = true;
  expected.protect_control_groups = expected.private_mounts = expected.proc_subset_pid = true;
  expected.protect_proc = ProtectProc::Invisible;
  expected.propagation = MountPropagation::Slave;
  expected.mount_api = MountApi::No;
  expected.root_directory = "/srv/root";
  EXPECT_EQ(settings.exec.mounts, expected);
  EXPECT_EQ(settings.exec.namespaces, (NamespaceSettings{true, true, true, true}));
  EXPECT_NE(refusal("ProtectProc=yes"), "");
  EXPECT_NE(refusal("PrivateTmp=disconnected"), "");
  EXPECT_EQ(mounts({"ProcSubset=pid", "ProcSubset=all"}).proc_subset_pid, false);
}

}  // namespace
}  // namespace gatevisor::config
