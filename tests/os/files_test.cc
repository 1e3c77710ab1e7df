// Pid file, users and the clock's text.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "os/children.h"
#include "os/clock.h"
#include "os/pid_file.h"
#include "os/users.h"
#include "support/temp_dir.h"

namespace gatevisor::os {
namespace {

class Directory : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return directory_.file(name); }
  static std::string content(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  TempDir directory_;
  const std::string& path_ = directory_.path();
};

using PidFile = Directory;

TEST_F(PidFile, SeedRow_PidFile_HoldsPidAndStartTime) {
  ASSERT_TRUE(write_pid_file(file("pid"), getpid()));
  EXPECT_EQ(content(file("pid")),
            std::to_string(getpid()) + " " + std::to_string(start_ticks(getpid())) + "\n");
  EXPECT_GT(start_ticks(getpid()), 0U);
}

TEST_F(PidFile, LinkInItsPlaceIsReplacedAndNotFollowed) {
  std::ofstream(file("victim")) << "precious";
  std::filesystem::create_symlink(file("victim"), file("pid"));
  std::filesystem::create_symlink(file("victim"), file("pid.new"));
  ASSERT_TRUE(write_pid_file(file("pid"), getpid()));
  EXPECT_EQ(content(file("victim")), "precious");
  EXPECT_FALSE(std::filesystem::is_symlink(file("pid")));
}

TEST_F(PidFile, RemovingTwiceIsNoError) {
  ASSERT_TRUE(write_pid_file(file("pid"), getpid()));
  EXPECT_TRUE(remove_pid_file(file("pid")));
  EXPECT_TRUE(remove_pid_file(file("pid")));
  EXPECT_FALSE(std::filesystem::exists(file("pid")));
}

TEST_F(PidFile, MissingDirectoryIsAnErrorThatNamesIt) {
  const auto written = write_pid_file(file("no/pid"), getpid());
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ENOENT);
  EXPECT_NE(written.error().subject.find("no/pid"), std::string::npos);
}

TEST(Users, RootIsFoundByNameAndByNumber) {
  ASSERT_TRUE(find_user("root"));
  EXPECT_EQ(find_user("root")->uid, 0U);
  EXPECT_EQ(find_user("0")->name, "root");
}

TEST(Users, NumberWithoutAnEntryIsItself) {
  const auto user = find_user("3999999999");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->uid, 3999999999U);
  EXPECT_TRUE(user->home.empty());
}

TEST(Users, UnknownNameIsAnErrorWithAdvice) {
  const auto user = find_user("no-such-user-here");
  ASSERT_FALSE(user);
  EXPECT_EQ(to_string(user.error()),
            "User=no-such-user-here: no such user in /etc/passwd; create it, or give its number");
}

TEST(Users, MinusOneIsNobodysNumber) { EXPECT_FALSE(find_user("4294967295")); }

TEST(Users, PrimaryGroupComesFirst) {
  const auto groups = groups_of("root", 0);
  ASSERT_TRUE(groups);
  EXPECT_EQ(groups->front(), 0U);
}

TEST(Clock, WallTimeIsRfc3339WithMicroseconds) {
  const std::string text = wall_time(now());
  ASSERT_EQ(text.size(), std::string("2026-11-24T08:25:12.123456Z").size());
  EXPECT_EQ(text[10], 'T');
  EXPECT_EQ(text.back(), 'Z');
}

}  // namespace
}  // namespace gatevisor::os
