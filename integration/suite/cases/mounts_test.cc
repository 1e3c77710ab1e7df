// The sandbox of a unit: what it forbids is tried by the fixture `trespass`.

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

using Deeds = std::map<std::string, std::string>;

class Mounts : public ::testing::Test {
 protected:
  void SetUp() override {
    // Out of every home, where the build may stand.
    std::filesystem::copy_file(fixture("trespass"), program());
    mkdir(files.file("dir").c_str(), 0755);
  }
  std::string program() const { return files.file("trespass"); }
  std::string dir() const { return files.file("dir"); }

  /// A unit with these lines of [Service], which does `deeds`.
  Launch unit(const std::string& deeds, const std::string& lines) const {
    Launch launch;
    launch.unit = files.file("gw.service");
    std::ofstream(launch.unit) << "[Service]\nExecStart=" << program() << " " << deeds
                               << "\nStandardOutput=append:" << files.file("out") << "\n"
                               << lines;
    return launch;
  }
  /// What became of each deed; the unit has to start and to end well.
  Deeds done(const std::string& deeds, const std::string& lines) const {
    unlink(files.file("out").c_str());
    return done(unit(deeds, lines));
  }
  Deeds done(const Launch& launch) const {
    Gatevisor supervisor(launch);
    EXPECT_EQ(supervisor.expect_end(), 0) << supervisor.log();
    Deeds all;
    std::ifstream out(files.file("out"));
    for (std::string line; std::getline(out, line);) {
      all[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    }
    return all;
  }

  TempDir files;
};

std::size_t own_mounts() {
  std::ifstream file("/proc/self/mountinfo");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

/// PrivateTmp='s, in /tmp and /var/tmp.
std::size_t private_directories() {
  std::size_t count = 0;
  for (const char* where : {"/tmp", "/var/tmp"}) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(where, ignored)) {
      if (entry.path().filename().string().starts_with("systemd-private-")) ++count;
    }
  }
  return count;
}

TEST_F(Mounts, NothingAskedForNothingChanged) {
  auto deeds = done("write /etc/gw-test write " + dir() + "/x privileges x", "");
  EXPECT_EQ(deeds["write /etc/gw-test"], "ok");
  EXPECT_EQ(deeds["write " + dir() + "/x"], "ok");
}

TEST_F(Mounts, ProtectSystemIsOfThreeStrengths) {
  const std::string tried = "write /usr/gw-test write /etc/gw-test write " + dir() + "/x";
  auto deeds = done(tried, "ProtectSystem=yes\n");
  EXPECT_EQ(deeds["write /usr/gw-test"], "EROFS");
  EXPECT_EQ(deeds["write /etc/gw-test"], "ok");
  deeds = done(tried, "ProtectSystem=full\n");
  EXPECT_EQ(deeds["write /etc/gw-test"], "EROFS");
  EXPECT_EQ(deeds["write " + dir() + "/x"], "ok");
  deeds = done(tried + " write /dev/null", "ProtectSystem=strict\n");
  EXPECT_EQ(deeds["write " + dir() + "/x"], "EROFS");
  EXPECT_EQ(deeds["write /dev/null"], "ok");
}

TEST_F(Mounts, ReadWritePathsOpenWhatStrictCloses) {
  symlink(dir().c_str(), files.file("link").c_str());
  auto deeds = done(
      "write " + dir() + "/x write " + files.file("x") + " exists /var",
      "ProtectSystem=strict\nReadWriteDirectories=" + files.file("link") + " -/no/such/path\n");
  EXPECT_EQ(deeds["write " + dir() + "/x"], "ok");
  EXPECT_EQ(deeds["write " + files.file("x")], "EROFS");
}

TEST_F(Mounts, PathThatIsMissingIsToldAndEndsIt) {
  Gatevisor supervisor(unit("exists /", "ReadOnlyPaths=/no/such/path\n"));
  EXPECT_NE(supervisor.expect("warning").text("/message").find("ReadOnlyPaths=/no/such/path"),
            std::string::npos);
  const Record exited = supervisor.expect_exited();
  EXPECT_EQ(exited.text("/verdict/cause"), "exec-failure") << exited.line();
  EXPECT_NE(exited.line().find("namespace"), std::string::npos) << exited.line();
  EXPECT_EQ(supervisor.expect_end(), 226);
}

TEST_F(Mounts, HomesAreHidden) {
  const bool made = mkdir("/root", 0700) == 0;
  auto deeds = done("read /root write /root/gw-test", "ProtectHome=yes\n");
  EXPECT_EQ(deeds["read /root"], "empty");
  EXPECT_EQ(deeds["write /root/gw-test"], "EROFS");
  deeds = done("write /root/gw-test", "ProtectHome=read-only\n");
  EXPECT_EQ(deeds["write /root/gw-test"], "EROFS");
  deeds = done("read /root/f write /root/f write /root/gw-test",
               "ProtectHome=tmpfs\nBindPaths=" + program() + ":/root/f\n");
  EXPECT_EQ(deeds["read /root/f"], "ok");
  EXPECT_EQ(deeds["write /root/gw-test"], "EROFS");
  if (made) rmdir("/root");
}

TEST_F(Mounts, InaccessiblePathsAreEmptyOfEverySort) {
  std::ofstream(files.file("secret")) << "x";
  auto deeds = done("read " + files.file("secret") + " read " + dir() + " read /dev/zero",
                    "InaccessiblePaths=" + files.file("secret") + " " + dir() + " /dev/zero\n");
  EXPECT_EQ(deeds["read " + files.file("secret")], "empty");
  EXPECT_EQ(deeds["read " + dir()], "empty");
  EXPECT_EQ(deeds["read /dev/zero"], "ENXIO");
}

TEST_F(Mounts, NoExecPathsAndTheirExceptions) {
  std::filesystem::copy_file(program(), dir() + "/run");
  std::filesystem::copy_file(program(), files.file("other"));
  auto deeds = done("exec " + dir() + "/run exec " + files.file("other") + " write " + dir() + "/x",
                    "NoExecPaths=" + files.file("") + "\nReadOnlyPaths=" + files.file("") +
                        "\nExecPaths=" + dir() + " " + program() + "\n");
  EXPECT_EQ(deeds["exec " + dir() + "/run"], "ok");
  EXPECT_EQ(deeds["exec " + files.file("other")], "EACCES");
  EXPECT_EQ(deeds["write " + dir() + "/x"], "EROFS");
}

TEST_F(Mounts, BindsAndTemporaryFileSystems) {
  std::ofstream(dir() + "/seen") << "x";
  const std::string place = files.file("place");
  auto deeds =
      done("read " + place + "/a/seen write " + place + "/a/x write " + place + "/b/x write " +
               place + "/x read " + dir(),
           "TemporaryFileSystem=" + place + ":ro\nBindPaths=" + dir() + ":" + place +
               "/a -/no/such:" + place + "/c\nBindReadOnlyPaths=" + dir() + ":" + place + "/b\n");
  EXPECT_EQ(deeds["read " + place + "/a/seen"], "ok");
  EXPECT_EQ(deeds["write " + place + "/a/x"], "ok");
  EXPECT_EQ(deeds["write " + place + "/b/x"], "EROFS");
  EXPECT_EQ(deeds["write " + place + "/x"], "EROFS");
  EXPECT_FALSE(std::filesystem::exists(place + "/a"));
}

TEST_F(Mounts, PrivateTmpIsItsOwnAndGoesWithIt) {
  const std::size_t before = private_directories();
  auto deeds = done("exists " + files.file("dir") + " keep /tmp/gw-kept keep /var/tmp/gw-kept",
                    "PrivateTmp=yes\nBindReadOnlyPaths=" + program() + "\n");
  EXPECT_EQ(deeds["exists " + files.file("dir")], "ENOENT");
  EXPECT_EQ(deeds["keep /tmp/gw-kept"], "ok");
  EXPECT_FALSE(std::filesystem::exists("/tmp/gw-kept"));
  EXPECT_FALSE(std::filesystem::exists("/var/tmp/gw-kept"));
  EXPECT_EQ(private_directories(), before);
}

TEST_F(Mounts, PrivateDevicesAreNone) {
  auto deeds = done(
      "read /dev/zero write /dev/null exists /dev/kmsg exists /dev/pts write /dev/x "
      "mknod " +
          dir() + "/n privileges x",
      "PrivateDevices=yes\nUser=65534\n");
  EXPECT_EQ(deeds["read /dev/zero"], "ok");
  EXPECT_EQ(deeds["write /dev/null"], "ok");
  EXPECT_EQ(deeds["exists /dev/kmsg"], "ENOENT");
  EXPECT_EQ(deeds["write /dev/x"], "EROFS");
  EXPECT_TRUE(deeds["privileges x"].ends_with(" 1")) << deeds["privileges x"];
  deeds = done("mknod " + dir() + "/n", "PrivateDevices=yes\n");
  EXPECT_EQ(deeds["mknod " + dir() + "/n"], "EPERM");
}

TEST_F(Mounts, TheKernelsFilesAreClosed) {
  auto deeds = done(
      "write /proc/sys/kernel/hostname mkdir /sys/fs/cgroup/gw-test read /proc/kmsg "
      "read /dev/kmsg write /sys/kernel/mm privileges x",
      "ProtectKernelTunables=yes\nProtectControlGroups=yes\nProtectKernelLogs=yes\n"
      "ProtectKernelModules=yes\n");
  EXPECT_EQ(deeds["write /proc/sys/kernel/hostname"], "EROFS");
  EXPECT_EQ(deeds["mkdir /sys/fs/cgroup/gw-test"], "EROFS");
  EXPECT_EQ(deeds["read /proc/kmsg"], "empty");
  EXPECT_NE(deeds["read /dev/kmsg"], "ok");
  const std::uint64_t bounding = std::strtoull(deeds["privileges x"].c_str(), nullptr, 16);
  EXPECT_EQ(bounding >> CAP_SYSLOG & 1, 0u);
  EXPECT_EQ(bounding >> CAP_SYS_MODULE & 1, 0u);
}

TEST_F(Mounts, ProcShowsLess) {
  const auto deeds = done("exists /proc/1 exists /proc/self/status exists /proc/meminfo",
                          "ProtectProc=invisible\nProcSubset=pid\nUser=65534\n");
  EXPECT_EQ(deeds, (Deeds{{"exists /proc/1", "ENOENT"},
                          {"exists /proc/self/status", "ok"},
                          {"exists /proc/meminfo", "ENOENT"}}));
}

TEST_F(Mounts, WhatTheEngineClosedInProcStaysClosed) {
  Launch launch =
      unit("read /proc/version write /proc/sys/kernel/hostname", "ProtectProc=invisible\n");
  launch.place = Place::Container;
  launch.prepare = [] {
    mount("/dev/null", "/proc/version", nullptr, MS_BIND, nullptr);
    mount("/proc/sys", "/proc/sys", nullptr, MS_BIND, nullptr);
    mount(nullptr, "/proc/sys", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr);
  };
  const auto deeds = done(launch);
  EXPECT_EQ(deeds,
            (Deeds{{"read /proc/version", "empty"}, {"write /proc/sys/kernel/hostname", "EROFS"}}));
}

TEST_F(Mounts, RootDirectoryIsAllThatThereIs) {
  mkdir((dir() + "/etc").c_str(), 0755);
  std::filesystem::copy_file(program(), dir() + "/gw");
  std::ofstream(files.file("gw.service"))
      << "[Service]\nExecStart=/gw exists /etc exists /usr exists /proc/self exists /dev/null "
         "write /x write /etc/x exists /../usr\nRootDirectory=" +
             dir() + "\nProtectSystem=strict\nReadWritePaths=+/etc\nStandardOutput=append:" +
             files.file("out") + "\n";
  Launch launch;
  launch.unit = files.file("gw.service");
  Gatevisor supervisor(launch);
  EXPECT_EQ(supervisor.expect_end(), 0) << supervisor.log();
  EXPECT_EQ(read_file(files.file("out")),
            "exists /etc=ok\nexists /usr=ENOENT\nexists /proc/self=ok\nexists /dev/null=ok\n"
            "write /x=EROFS\nwrite /etc/x=ok\nexists /../usr=ENOENT\n");
}

TEST_F(Mounts, NetworkAndHostNameAreItsOwn) {
  char before[256] = {};
  gethostname(before, sizeof before);
  auto deeds =
      done("links x name elsewhere", "PrivateNetwork=yes\nPrivateIPC=yes\nProtectHostname=yes\n");
  EXPECT_EQ(deeds["links x"], "1 ECONNREFUSED");
  char after[256] = {};
  gethostname(after, sizeof after);
  EXPECT_STREQ(before, after);
}

TEST_F(Mounts, WhatIsMadeThereIsNotSeenHere) {
  const std::size_t before = own_mounts();
  done("exists /",
       "ProtectSystem=strict\nPrivateDevices=yes\nProtectKernelTunables=yes\n"
       "ProtectHome=yes\nTemporaryFileSystem=" +
           dir() + "\n");
  EXPECT_EQ(own_mounts(), before);
  EXPECT_TRUE(std::filesystem::exists("/proc/kallsyms"));
}

TEST_F(Mounts, EachRespawnHasThemAgain) {
  Launch launch = unit("write /usr/gw-test read " + program(),
                       "ProtectSystem=yes\nPrivateTmp=yes\nBindReadOnlyPaths=" + program() +
                           "\nRestart=always\nRestartSec=0\n");
  Gatevisor supervisor(launch);
  EXPECT_EQ(supervisor.expect("start-limit").number("/starts"), 5);
  supervisor.expect_end();
  const std::string out = read_file(files.file("out"));
  EXPECT_EQ(std::ranges::count(out, '\n'), 10) << out;
  EXPECT_EQ(out.find("=ok\nwrite"), out.find("=ok"));
}

TEST_F(Mounts, WithoutTheRightItDoesNotStart) {
  Launch launch = unit("write " + dir() + "/x", "PrivateTmp=yes\nProtectSystem=strict\n");
  launch.drop_capability = CAP_SYS_ADMIN;
  Gatevisor refused(launch);
  EXPECT_EQ(refused.expect_end(), 78);
  EXPECT_EQ(std::ranges::count(refused.log(), '\n'), 1) << refused.log();
  EXPECT_NE(refused.log().find("gw.service:5:1: ProtectSystem=: "), std::string::npos);
  EXPECT_NE(refused.log().find("--cap-add=SYS_ADMIN"), std::string::npos);
  EXPECT_NE(refused.log().find("--allow=ProtectSystem"), std::string::npos);
  launch.options = {"--allow=ProtectSystem", "--allow=PrivateTmp"};
  Gatevisor allowed(launch);
  EXPECT_NE(allowed.expect("warning").text("/message").find("ProtectSystem="), std::string::npos);
  EXPECT_NE(allowed.expect("warning").text("/message").find("PrivateTmp="), std::string::npos);
  EXPECT_EQ(allowed.expect_end(), 0);
}

}  // namespace
}  // namespace gatevisor::testing
