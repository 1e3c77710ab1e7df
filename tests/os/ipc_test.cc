// RemoveIPC=: what a user has left, and nothing else.

#include "os/ipc.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace gatevisor::os {
namespace {

// Users that no machine has.
constexpr unsigned kUser = 61'803;
constexpr unsigned kOther = 61'804;

class Ipc : public testing::Test {
 protected:
  Ipc() {
    if (geteuid() != 0) return;
    char pattern[] = "/tmp/gatevisor-test-XXXXXX";
    places_.shared_memory = mkdtemp(pattern);
    places_.queues = places_.shared_memory + "/no";
  }
  ~Ipc() override { std::filesystem::remove_all(places_.shared_memory); }
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to make files of other users";
  }
  std::string make(const std::string& name, unsigned uid, unsigned gid) const {
    const std::string path = places_.shared_memory + "/" + name;
    std::ofstream(path) << "x";
    EXPECT_EQ(chown(path.c_str(), uid, gid), 0);
    return path;
  }
  std::string make_directory(const std::string& name, unsigned uid) const {
    const std::string path = places_.shared_memory + "/" + name;
    EXPECT_EQ(mkdir(path.c_str(), 0755), 0);
    EXPECT_EQ(chown(path.c_str(), uid, uid), 0);
    return path;
  }
  static bool is_there(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

  IpcPlaces places_;
};

TEST_F(Ipc, FilesOfTheUserAndOfItsGroupGo) {
  const std::string own = make("own", kUser, kOther);
  const std::string group = make("group", kOther, kUser);
  const std::string other = make("other", kOther, kOther);
  const std::string roots = make("roots", 0, 0);
  ASSERT_TRUE(remove_ipc({kUser, kUser}, places_));
  EXPECT_FALSE(is_there(own));
  EXPECT_FALSE(is_there(group));
  EXPECT_TRUE(is_there(other));
  EXPECT_TRUE(is_there(roots));
}

TEST_F(Ipc, DirectoriesGoWithWhatIsTheUsersInThem) {
  const std::string empty = make_directory("empty", kUser);
  const std::string full = make_directory("full", kUser);
  make("full/own", kUser, kUser);
  const std::string shared = make_directory("shared", kUser);
  const std::string other = make("shared/other", kOther, kOther);
  ASSERT_TRUE(remove_ipc({kUser, kUser}, places_));
  EXPECT_FALSE(is_there(empty));
  EXPECT_FALSE(is_there(full));
  EXPECT_TRUE(is_there(other));
}

TEST_F(Ipc, ALinkIsRemovedAndNotFollowed) {
  const std::string outside = make_directory("outside", kOther);
  const std::string kept = make("outside/kept", kUser, kUser);
  const std::string inside = make_directory("inside", 0);
  const std::string link = inside + "/link";
  ASSERT_EQ(symlink(outside.c_str(), link.c_str()), 0);
  ASSERT_EQ(lchown(link.c_str(), kUser, kUser), 0);
  IpcPlaces places = places_;
  places.shared_memory = inside;
  ASSERT_TRUE(remove_ipc({kUser, kUser}, places));
  EXPECT_FALSE(is_there(link));
  EXPECT_TRUE(is_there(kept));
}

TEST_F(Ipc, SegmentsOfTheUserGo) {
  const int own = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  const int roots = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  ASSERT_GE(own, 0);
  ASSERT_GE(roots, 0);
  shmid_ds info{};
  ASSERT_EQ(shmctl(own, IPC_STAT, &info), 0);
  info.shm_perm.uid = kUser;
  ASSERT_EQ(shmctl(own, IPC_SET, &info), 0);
  ASSERT_TRUE(remove_ipc({kUser, kUser}, places_));
  EXPECT_NE(shmctl(own, IPC_STAT, &info), 0);
  EXPECT_EQ(shmctl(roots, IPC_STAT, &info), 0);
  shmctl(roots, IPC_RMID, nullptr);
}

TEST_F(Ipc, RootsAreNeverTouched) {
  const std::string roots = make("roots", 0, 0);
  ASSERT_TRUE(remove_ipc({0, 0}, places_));
  EXPECT_TRUE(is_there(roots));
}

TEST_F(Ipc, NothingGoesWhileAProcessOfTheUserLives) {
  const std::string own = make("own", kUser, kUser);
  int go[2];
  int ready[2];
  ASSERT_EQ(pipe(go), 0);
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(go[1]);
    // A new image: without it the process counts as root's.
    if (setresuid(kUser, kUser, kUser) != 0) _exit(1);
    dup2(go[0], STDIN_FILENO);
    dup2(ready[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", "echo ready; read line", nullptr);
    _exit(1);
  }
  close(go[0]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_TRUE(remove_ipc({kUser, kUser}, places_));
  EXPECT_TRUE(is_there(own));
  close(go[1]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(remove_ipc({kUser, kUser}, places_));
  EXPECT_FALSE(is_there(own));
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace gatevisor::os
