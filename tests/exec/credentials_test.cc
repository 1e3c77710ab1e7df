// What is in $CREDENTIALS_DIRECTORY, and who may read it.

#include "exec/credentials.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/temp_dir.h"

namespace gatevisor::exec {
namespace {

namespace fs = std::filesystem;

class Credentials : public ::testing::Test {
 protected:
  Credentials() {
    bases_.paths[0] = root_ + "/run";
    bases_.system = geteuid() == 0;
  }
  ~Credentials() override {
    if (fs::exists(directory())) fs::permissions(directory(), fs::perms::owner_all);
  }

  std::string directory() const { return root_ + "/run/credentials/gw.service"; }
  std::string content(const std::string& id) const {
    std::ifstream file(directory() + "/" + id);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(root_ + "/" + name) << text;
    return root_ + "/" + name;
  }
  /// 0, or an errno.
  int make(unsigned uid = geteuid()) const {
    const auto plan = prepare_credentials(settings_, bases_, "gw.service", root_, uid, false);
    EXPECT_TRUE(plan);
    return make_credentials(*plan);
  }

  TempDir place_;
  const std::string& root_ = place_.path();
  DirectoryBases bases_;
  CredentialSettings settings_;
};

TEST_F(Credentials, AreFilesThatTheUserAloneMayRead) {
  const unsigned uid = geteuid() == 0 ? 4321 : geteuid();
  settings_.load = {{"a", file("source", std::string("x\0y", 3))}};
  settings_.set = {{"b", "given"}};
  EXPECT_EQ(make(uid), 0);
  struct stat info{};
  ASSERT_EQ(stat(directory().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0500u);
  EXPECT_EQ(info.st_uid, uid);
  ASSERT_EQ(stat((directory() + "/a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0400u);
  EXPECT_EQ(info.st_uid, uid);
  EXPECT_EQ(content("a"), std::string("x\0y", 3));
  EXPECT_EQ(content("b"), "given");
}

TEST_F(Credentials, AreReadAnewEachTimeAndNothingStaysOfTheLast) {
  settings_.load = {{"a", file("source", "1")}};
  settings_.set = {{"b", "x"}};
  EXPECT_EQ(make(), 0);
  file("source", "2");
  settings_.set.clear();
  EXPECT_EQ(make(), 0);
  EXPECT_EQ(content("a"), "2");
  EXPECT_FALSE(fs::exists(directory() + "/b"));
}

TEST_F(Credentials, GivenOneStandsInWhereNoneIsLoaded) {
  settings_.load = {{"a", root_ + "/no"}, {"b", file("source", "loaded")}};
  settings_.set = {{"a", "given"}, {"b", "given"}};
  EXPECT_EQ(make(), 0);
  EXPECT_EQ(content("a"), "given");
  EXPECT_EQ(content("b"), "loaded");
  settings_.set.clear();
  EXPECT_EQ(make(), ENOENT);
}

TEST_F(Credentials, NameIsLookedForAmongOurOwnAndMayBeMissing) {
  file("ours", "handed on");
  settings_.load = {{"a", "ours"}, {"b", "gatevisor-test-no-such-credential"}};
  EXPECT_EQ(make(), 0);
  EXPECT_EQ(content("a"), "handed on");
  EXPECT_FALSE(fs::exists(directory() + "/b"));
}

TEST_F(Credentials, DirectoryIsAllItsFilesWithoutLinks) {
  fs::create_directories(root_ + "/d/sub");
  file("d/one", "1");
  file("d/sub/two", "2");
  fs::create_symlink(root_ + "/d/one", root_ + "/d/link");
  settings_.load = {{"key", root_ + "/d"}};
  EXPECT_EQ(make(), 0);
  EXPECT_EQ(content("key_one"), "1");
  EXPECT_EQ(content("key_sub_two"), "2");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory()), {}), 2);
}

TEST_F(Credentials, AreBounded) {
  settings_.load = {{"a", file("source", std::string(kMaxCredentials - 1, 'x'))}};
  EXPECT_EQ(make(), 0);
  file("source", std::string(kMaxCredentials, 'x'));
  EXPECT_EQ(make(), E2BIG);
}

TEST_F(Credentials, SocketIsRefused) {
  const std::string path = root_ + "/socket";
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  close(fd);
  settings_.load = {{"a", path}};
  const auto plan = prepare_credentials(settings_, bases_, "gw.service", "", 0, false);
  ASSERT_FALSE(plan);
  EXPECT_NE(to_string(plan.error()).find("it is a socket"), std::string::npos);
}

}  // namespace
}  // namespace gatevisor::exec
