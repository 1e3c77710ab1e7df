// Log sockets: made, found, given back; and what waits in one is taken once, whoever takes it.

#include "os/log_queue.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "os/log_socket.h"
#include "os/unix_address.h"
#include "support/send_rights.h"
#include "support/temp_dir.h"

namespace gatevisor::os {
namespace {

class LogQueueTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name = "a/b/socket") const { return directory_.file(name); }
  LogSocket listening() const {
    auto made = LogSocket::listen(path());
    EXPECT_TRUE(made) << to_string(made.error());
    return std::move(*made);
  }
  /// As another writer would: of the same socket and the same inbox.
  LogQueue queue(const LogSocket& socket) { return {UniqueFd(dup(socket.fd())), *inbox_, true}; }
  int connected() const {
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const auto address = path_address(path());
    EXPECT_EQ(connect(fd, address->get(), address->size), 0);
    return fd;
  }
  void send(std::string_view bytes, const std::vector<int>& fds = {}) const {
    const UniqueFd fd(connected());
    const int size = 4 << 20;
    (void)setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    ASSERT_EQ(testing::send_rights(fd.get(), bytes, fds), static_cast<ssize_t>(bytes.size()))
        << errno;
  }
  static std::string drained(LogQueue& queue) {
    std::string all;
    for (bool more = true; more;) {
      EXPECT_TRUE(queue.collect());
      more = queue.count() > 0;
      for (std::size_t i = 0; i < queue.count(); ++i) {
        all += std::to_string(queue.at(i).number) + ":" + std::string(queue.at(i).bytes) + " ";
      }
      queue.clear();
      const auto odd = queue.odd();
      EXPECT_TRUE(odd);
      if (!odd || !*odd) continue;
      all += std::to_string((*odd)->number) + "!" + std::string((*odd)->bytes.substr(0, 20)) + " ";
      EXPECT_TRUE(queue.take_odd());
      more = true;
    }
    return all;
  }
  static UniqueFd memory(std::string_view bytes) {
    UniqueFd fd(memfd_create("entry", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return fd;
  }
  static std::size_t open_descriptors() {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
      count += each.exists() || true;
    }
    return count;
  }

  TempDir directory_;
  std::unique_ptr<LogInbox> inbox_ = std::make_unique<LogInbox>();
};

TEST_F(LogQueueTest, EverybodyMaySendAndNothingIsLeftBehind) {
  {
    const LogSocket socket = listening();
    struct stat info {};
    ASSERT_EQ(stat(path().c_str(), &info), 0);
    EXPECT_TRUE(S_ISSOCK(info.st_mode));
    EXPECT_EQ(info.st_mode & 0777, 0666u);
  }
  EXPECT_NE(access(path().c_str(), F_OK), 0);
}

TEST_F(LogQueueTest, WhereSomebodyListensNobodyElseDoes) {
  const LogSocket socket = listening();
  const auto second = LogSocket::listen(path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  LogQueue queue = this->queue(socket);
  EXPECT_EQ(drained(queue), "");  // it was asked, not written to
}

TEST_F(LogQueueTest, WhatIsNoSocketStays) {
  std::ofstream(path("file")) << "text";
  std::filesystem::create_symlink("/nonexistent", path("link"));
  for (const char* name : {"file", "link"}) {
    const auto made = LogSocket::listen(path(name));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, EEXIST);
  }
  EXPECT_EQ(std::filesystem::file_size(path("file")), 4u);
  EXPECT_FALSE(LogSocket::listen("relative"));
  EXPECT_FALSE(LogSocket::listen(path("file") + "/below"));
}

TEST_F(LogQueueTest, OneThatNobodyHearsIsReplaced_AndAnothersStays) {
  LogSocket first = listening();
  std::filesystem::rename(path(), path() + "-aside");
  {
    const LogSocket second = listening();
    first.remove();  // its name is another's now
    EXPECT_EQ(access(path().c_str(), F_OK), 0);
    std::filesystem::rename(path(), path() + "-left");
  }
  std::filesystem::rename(path() + "-left", path());
  const LogSocket third = listening();
  send("heard");
  LogQueue queue = this->queue(third);
  EXPECT_EQ(drained(queue), "1:heard ");
}

TEST_F(LogQueueTest, DatagramsInTheirOrderWithTheirSender) {
  const LogSocket socket = listening();
  for (const char* text : {"one", "", "three"}) send(text);
  LogQueue queue = this->queue(socket);
  ASSERT_TRUE(queue.collect());
  ASSERT_EQ(queue.count(), 3u);
  EXPECT_EQ(queue.at(0).sender.pid, getpid());
  EXPECT_EQ(queue.at(0).sender.uid, getuid());
  EXPECT_GT(queue.at(0).sender.realtime_usec, 1'600'000'000'000'000u);
  EXPECT_EQ(drained(queue), "1:one 2: 3:three ");
  EXPECT_EQ(drained(queue), "");
}

// The writer is killed between any two steps: what the next one finds.
TEST_F(LogQueueTest, WhatWasCollectedStaysForTheNextOneUntilItIsCleared) {
  const LogSocket socket = listening();
  send("one");
  send("two");
  {
    LogQueue first = queue(socket);
    ASSERT_TRUE(first.collect());
    send("three");
  }
  LogQueue second = queue(socket);
  EXPECT_EQ(second.count(), 2u);
  EXPECT_EQ(drained(second), "1:one 2:two 3:three ");
}

TEST_F(LogQueueTest, OneThatIsBeingTakenCountsOnceTheKernelHasTold) {
  const LogSocket socket = listening();
  send("one");
  LogQueue queue = this->queue(socket);
  ASSERT_TRUE(queue.collect());
  queue.clear();
  // Killed before recvmsg(2): nothing has told.
  inbox_->message.msg_flags = -1;
  inbox_->turns = 3;
  EXPECT_EQ(queue.count(), 0u);
  // And behind it.
  inbox_->message.msg_flags = MSG_TRUNC;
  EXPECT_EQ(queue.count(), 1u);
  // What is looked at next comes after it.
  queue.clear();
  send("three");
  EXPECT_EQ(drained(queue), "3:three ");
}

TEST_F(LogQueueTest, AFileInMemoryIsOneInItsPlace) {
  const LogSocket socket = listening();
  send("one");
  send("", {memory("in a file").get()});
  send("three");
  const std::string large(300 << 10, 'x');
  send(large);
  LogQueue queue = this->queue(socket);
  EXPECT_EQ(drained(queue), "1:one 2!in a file 3:three 4!" + large.substr(0, 20) + " ");
}

TEST_F(LogQueueTest, AnOddOneStaysUntilItIsTaken) {
  const LogSocket socket = listening();
  send("", {memory("in a file").get()});
  {
    LogQueue first = queue(socket);
    ASSERT_TRUE(first.collect());
    ASSERT_TRUE(first.odd() && *first.odd());
  }
  LogQueue second = queue(socket);
  EXPECT_EQ(drained(second), "1!in a file ");
  EXPECT_EQ(drained(second), "");
}

TEST_F(LogQueueTest, WhatCannotBeReadIsNothing_WaitsForNobody_AndLeavesNoDescriptor) {
  const LogSocket socket = listening();
  LogQueue queue = this->queue(socket);
  const std::size_t before = open_descriptors();
  {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd out(ends[0]), in(ends[1]);
    std::ofstream(path("disk")) << "MESSAGE=on a disk\n";
    const UniqueFd on_disk(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    const UniqueFd path_only(open(path("disk").c_str(), O_PATH | O_CLOEXEC));
    const UniqueFd huge = memory("");
    ASSERT_EQ(ftruncate(huge.get(), static_cast<off_t>(LogQueue::kMostBytes) + 1), 0);
    const UniqueFd empty = memory("");
    for (const int fd : {out.get(), on_disk.get(), path_only.get(), huge.get(), empty.get()}) {
      send("", {fd});
      EXPECT_EQ(drained(queue).substr(1), "! ");
    }
    send("bytes and a file", {empty.get()});
    send("", std::vector<int>(2, empty.get()));
    send("", std::vector<int>(253, empty.get()));
    EXPECT_EQ(drained(queue), "6: 7: 8: ");
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LogQueueTest, MoreThanTheInboxHoldsWaitsForItsTurn) {
  const LogSocket socket = listening();
  LogQueue queue = this->queue(socket);
  const std::string text(100 << 10, 'x');
  for (int i = 0; i < 3; ++i) send(text);
  ASSERT_TRUE(queue.collect());
  EXPECT_EQ(queue.count(), 2u);
  ASSERT_TRUE(queue.collect());
  EXPECT_EQ(queue.count(), 2u);
  queue.clear();
  ASSERT_TRUE(queue.collect());
  EXPECT_EQ(queue.count(), 1u);
  EXPECT_EQ(queue.at(0).bytes, text);
  EXPECT_EQ(queue.at(0).number, 3u);
}

}  // namespace
}  // namespace gatevisor::os
