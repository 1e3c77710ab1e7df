// RuntimeDirectory= and its like, from a unit file.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cgroup_home.h"
#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

namespace fs = std::filesystem;

/// Names below /run and /var that no other service has, removed at the end.
class Directories : public ::testing::Test {
 protected:
  ~Directories() override {
    for (const char* base : {"/run/", "/var/lib/", "/var/cache/", "/var/log/", "/etc/"}) {
      fs::remove_all(base + name_);
    }
    fs::remove(link_);
  }

  Launch launch(const std::string& service) {
    std::ofstream(files_.file("gw.service")) << "[Service]\n" << service;
    Launch launch;
    launch.unit = files_.file("gw.service");
    return launch;
  }
  std::string reports() const {
    return "ExecStart=" + fixture("misbehave") + " report " + report_ + " wait\n";
  }

  const std::string name_ = "gatevisor-test-" + std::to_string(getpid());
  const std::string link_ = "/run/" + name_ + "-link";
  TempDir files_;
  const std::string report_ = files_.file("report");
};

TEST_F(Directories, AreTheServicesAndTheRuntimeDirectoryIsGoneAtTheEnd) {
  Gatevisor supervisor(launch(
      reports() + "User=1234\nGroup=1235\nRuntimeDirectory=" + name_ + "/in:" + name_ +
      "-link\nRuntimeDirectoryMode=0750\nStateDirectory=" + name_ + " " + name_ +
      "/%N\nLogsDirectory=" + name_ + "\nStandardOutput=append:/var/log/" + name_ + "/out\n"));
  const auto report = files_.wait_report("report");
  const std::string state = "/var/lib/" + name_;
  EXPECT_EQ(report.at("env.RUNTIME_DIRECTORY"), "/run/" + name_ + "/in");
  EXPECT_EQ(report.at("env.STATE_DIRECTORY"), state + ":" + state + "/gw");
  struct stat info{};
  ASSERT_EQ(stat(("/run/" + name_ + "/in").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 1234u);
  EXPECT_EQ(info.st_gid, 1235u);
  EXPECT_EQ(info.st_mode & 07777, 0750u);
  ASSERT_EQ(stat(("/run/" + name_).c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
  EXPECT_EQ(fs::read_symlink(link_), name_ + "/in");
  std::ofstream("/run/" + name_ + "/in/file") << "x";
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_TRUE(fs::exists("/run/" + name_));
  EXPECT_TRUE(fs::is_empty("/run/" + name_));
  EXPECT_FALSE(fs::is_symlink(link_));
  EXPECT_TRUE(fs::exists(state + "/gw"));
  EXPECT_TRUE(fs::exists("/var/log/" + name_ + "/out"));
}

TEST_F(Directories, OwnerGoesDownTheTreeWhereTheTopHasAnotherAndNotThroughLinks) {
  const std::string state = "/var/lib/" + name_;
  fs::create_directories(state + "/sub");
  std::ofstream(state + "/sub/file") << "x";
  std::ofstream(files_.file("victim")) << "x";
  fs::create_symlink(files_.file("victim"), state + "/link");
  const auto owner = [](const std::string& path) {
    struct stat info{};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return info.st_uid;
  };
  const auto run = [&] {
    Gatevisor supervisor(launch("ExecStart=" + fixture("misbehave") +
                                " exit 0\nUser=1234\nStateDirectory=" + name_ + "\n"));
    EXPECT_EQ(supervisor.expect_end(), 0);
  };
  run();
  for (const char* path : {"", "/sub", "/sub/file", "/link"}) {
    EXPECT_EQ(owner(state + path), 1234u) << path;
  }
  EXPECT_EQ(owner(files_.file("victim")), 0u);
  // The top is right: what is below stays as it is.
  ASSERT_EQ(lchown((state + "/sub").c_str(), 0, 0), 0);
  run();
  EXPECT_EQ(owner(state + "/sub"), 0u);
}

TEST_F(Directories, ConfigurationIsNeverGivenAway) {
  const std::string path = "/etc/" + name_;
  const auto after_a_run = [&] {
    Gatevisor supervisor(launch("ExecStart=" + fixture("misbehave") +
                                " exit 0\nUser=1234\nConfigurationDirectory=" + name_ +
                                "\nConfigurationDirectoryMode=0750\n"));
    EXPECT_EQ(supervisor.expect_end(), 0);
    struct stat info{};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0u);
    return info.st_mode & 07777;
  };
  EXPECT_EQ(after_a_run(), 0750u);
  chmod(path.c_str(), 0700);
  EXPECT_EQ(after_a_run(), 0700u);
}

TEST_F(Directories, RuntimeDirectoryIsFreshUnlessPreserved) {
  // 'started' is told when the program is executed: before it could be ready for a signal.
  const std::string once =
      "ExecStart=" + fixture("misbehave") + " append " + files_.file("lives") + " ready once /run/" +
      name_ + "/seen exit 3\n" +
      "Restart=on-failure\nRestartSec=0\nStartLimitBurst=2\nRuntimeDirectory=" + name_ + "\n";
  Gatevisor fresh(launch(once));
  fresh.expect_exited();
  fresh.expect_exited();
  EXPECT_EQ(fresh.expect_end(), 3);
  EXPECT_FALSE(fs::exists("/run/" + name_));
  fs::remove(files_.file("lives"));
  Gatevisor kept(launch(once + "RuntimeDirectoryPreserve=restart\n"));
  kept.expect_exited();
  files_.wait_text("lives", "ready\nready\n");
  EXPECT_TRUE(fs::exists("/run/" + name_ + "/seen"));
  kept.signal(SIGTERM);
  EXPECT_EQ(kept.expect_end(), 0);
  EXPECT_FALSE(fs::exists("/run/" + name_));
  Gatevisor stays(launch("ExecStart=" + fixture("misbehave") + " exit 0\nRuntimeDirectory=" +
                         name_ + "\nRuntimeDirectoryPreserve=yes\n"));
  EXPECT_EQ(stays.expect_end(), 0);
  EXPECT_TRUE(fs::exists("/run/" + name_));
}

TEST_F(Directories, FailureToMakeOneIsSystemdsExitStatus) {
  fs::create_directories("/var/cache");
  std::ofstream("/var/cache/" + name_) << "a file";
  Gatevisor supervisor(
      launch("ExecStart=" + fixture("misbehave") + " exit 0\nCacheDirectory=" + name_ + "\n"));
  const Record record = supervisor.expect_exited();
  EXPECT_EQ(record.text("/verdict/cause"), "exec-failure");
  EXPECT_EQ(supervisor.expect_end(), 239);
}

TEST_F(Directories, AreTheUsersOwnWhereGatevisorIsNotRoot) {
  Launch as_user =
      launch(reports() + "RuntimeDirectory=a/b\nStateDirectory=%p\nCacheDirectory=c\n");
  as_user.uid = 1234;
  as_user.environment = {{"XDG_RUNTIME_DIR", files_.file("run")}, {"HOME", files_.file("home")}};
  as_user.prepare = [this] {
    for (const char* each : {"run", "home"}) {
      mkdir(files_.file(each).c_str(), 0777);
      chmod(files_.file(each).c_str(), 0777);
    }
  };
  Gatevisor supervisor(as_user);
  const auto report = files_.wait_report("report");
  EXPECT_EQ(report.at("env.RUNTIME_DIRECTORY"), files_.file("run/a/b"));
  EXPECT_EQ(report.at("env.STATE_DIRECTORY"), files_.file("home/.config/gw"));
  EXPECT_TRUE(fs::exists(files_.file("home/.cache/c")));
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.expect_end(), 0);
  EXPECT_FALSE(fs::exists(files_.file("run/a/b")));
  EXPECT_TRUE(fs::exists(files_.file("run/a")));
}

}  // namespace
}  // namespace gatevisor::testing
