// What is made below the bases, and what is left alone.

#include "exec/directories.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace gatevisor::exec {
namespace {

namespace fs = std::filesystem;

class Directories : public ::testing::Test {
 protected:
  Directories() {
    for (std::size_t i = 0; i < kDirectoryKinds; ++i) {
      bases_.paths[i] = root_ + "/" + std::to_string(i);
    }
    bases_.system = false;
  }

  std::string runtime(const std::string& name) const { return bases_.paths[0] + "/" + name; }
  struct stat info(const std::string& path) const {
    struct stat info{};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return info;
  }
  unsigned mode(const std::string& path) const { return info(path).st_mode & 07777; }

  DirectoryPlan plan(unsigned uid = 0, unsigned gid = 0) const {
    auto plan = prepare_directories(settings_, bases_, uid, gid);
    EXPECT_TRUE(plan);
    return std::move(*plan);
  }
  /// 0, or the errno of the failure.
  int make(unsigned uid = 0, unsigned gid = 0) const {
    const auto failure = make_directories(plan(uid, gid));
    return failure ? failure->code : 0;
  }

  TempDir place_;
  const std::string& root_ = place_.path();
  DirectoryBases bases_;
  DirectorySettings settings_;
};

TEST_F(Directories, AreMadeWithTheirParents) {
  settings_.of(DirectoryKind::Runtime) = {{{"a/b/c", {}}, {"d", {}}}, 0710};
  EXPECT_EQ(make(), 0);
  EXPECT_EQ(mode(runtime("a")), 0755u);
  EXPECT_EQ(mode(runtime("a/b")), 0755u);
  EXPECT_EQ(mode(runtime("a/b/c")), 0710u);
  EXPECT_EQ(mode(runtime("d")), 0710u);
  EXPECT_EQ(make(), 0) << "a second time";
}

TEST_F(Directories, ModeIsNotMasked) {
  settings_.of(DirectoryKind::State) = {{{"s", {}}}, 02777};
  const mode_t mask = umask(0077);
  EXPECT_EQ(make(), 0);
  EXPECT_EQ(umask(mask), 0077u);
  EXPECT_EQ(mode(bases_.of(DirectoryKind::State) + "/s"), 02777u);
}

TEST_F(Directories, EnvironmentHasThePathsSortedWithTheirParentsFirst) {
  settings_.of(DirectoryKind::Runtime).all = {{"b", {}}, {"a-x", {}}, {"a/b", {}}, {"a", {}}};
  settings_.of(DirectoryKind::Logs).all = {{"l", {}}};
  const std::string& run = bases_.paths[0];
  EXPECT_EQ(directory_environment(plan()),
            (std::vector<std::string>{
                "RUNTIME_DIRECTORY=" + run + "/a:" + run + "/a/b:" + run + "/a-x:" + run + "/b",
                "LOGS_DIRECTORY=" + bases_.of(DirectoryKind::Logs) + "/l"}));
}

TEST_F(Directories, LinksAreRelativeAndMadeOnce) {
  settings_.of(DirectoryKind::Runtime).all = {{"foo", {"bar", "x/y/baz"}}};
  EXPECT_EQ(make(), 0);
  EXPECT_EQ(fs::read_symlink(runtime("bar")), "foo");
  EXPECT_EQ(fs::read_symlink(runtime("x/y/baz")), "../../foo");
  EXPECT_TRUE(fs::equivalent(runtime("x/y/baz"), runtime("foo")));
  EXPECT_EQ(make(), 0);
  fs::remove(runtime("bar"));
  fs::create_symlink("elsewhere", runtime("bar"));
  EXPECT_EQ(make(), EEXIST);
}

TEST_F(Directories, LinkInTheirPlaceIsNotFollowed) {
  fs::create_directories(bases_.paths[0]);
  fs::create_directories(root_ + "/victim");
  chmod((root_ + "/victim").c_str(), 0700);
  fs::create_symlink(root_ + "/victim", runtime("a"));
  settings_.of(DirectoryKind::Runtime) = {{{"a", {}}}, 0777};
  EXPECT_TRUE(make() == ENOTDIR || make() == ELOOP);
  settings_.of(DirectoryKind::Runtime) = {{{"a/b", {}}}, 0777};
  EXPECT_TRUE(make() == ENOTDIR || make() == ELOOP);
  EXPECT_EQ(mode(root_ + "/victim"), 0700u);
  EXPECT_TRUE(fs::is_empty(root_ + "/victim"));
}

TEST_F(Directories, FailureTellsTheStep) {
  fs::create_directories(bases_.of(DirectoryKind::Cache));
  std::ofstream(bases_.of(DirectoryKind::Cache) + "/c") << "a file";
  settings_.of(DirectoryKind::Cache).all = {{"c", {}}};
  const auto failure = make_directories(plan());
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->step, ExecStep::CacheDirectory);
  EXPECT_EQ(failure->code, ENOTDIR);
}

TEST_F(Directories, NoBaseIsAnError) {
  bases_.paths[0].clear();
  settings_.of(DirectoryKind::Runtime).all = {{"a", {}}};
  const auto plan = prepare_directories(settings_, bases_, 0, 0);
  ASSERT_FALSE(plan);
  EXPECT_NE(to_string(plan.error()).find("XDG_RUNTIME_DIR"), std::string::npos);
}

}  // namespace
}  // namespace gatevisor::exec
