#include "os/notify_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "os/unix_address.h"

namespace gatevisor::os {
namespace {

/// As sd_notify(3) sends it, with a descriptor if one is given.
void send_to(const std::string& name, const std::string& text, int fd = -1) {
  UniqueFd socket_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
  iovec part{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_name = &address;
  header.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  ASSERT_EQ(sendmsg(socket_fd.get(), &header, 0), static_cast<ssize_t>(text.size()));
}

TEST(NotifySocket, TellsWhoSentWhat) {
  auto notify = NotifySocket::create();
  ASSERT_TRUE(notify);
  EXPECT_FALSE(notify->receive(100));
  send_to(notify->address(), "READY=1");
  const auto datagram = notify->receive(100);
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->text, "READY=1");
  EXPECT_EQ(datagram->pid, getpid());
  EXPECT_EQ(datagram->uid, static_cast<int>(getuid()));
}

TEST(NotifySocket, InADirectoryIsAPathAndLeavesNothing) {
  char name[] = "/tmp/gatevisor-notify-XXXXXX";
  const std::string directory = mkdtemp(name);
  const std::string left = directory + "/notify-left";
  {
    // As one that was killed leaves it.
    const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM, 0));
    const auto address = path_address(left);
    ASSERT_EQ(bind(fd.get(), address->get(), address->size), 0);
  }
  std::string path;
  {
    auto notify = NotifySocket::create_in(directory);
    ASSERT_TRUE(notify);
    path = notify->address();
    EXPECT_TRUE(path.starts_with(directory + "/notify-")) << path;
    EXPECT_NE(access(left.c_str(), F_OK), 0);
    ASSERT_TRUE(os::notify(path, "READY=1"));
    const auto datagram = notify->receive(100);
    ASSERT_TRUE(datagram);
    EXPECT_EQ(datagram->text, "READY=1");
    EXPECT_EQ(datagram->pid, getpid());
    // Another one does not take it for one that was left.
    EXPECT_TRUE(NotifySocket::create_in(directory));
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
  }
  EXPECT_EQ(rmdir(directory.c_str()), 0);
}

TEST(NotifySocket, LongOnesAreDroppedAndTheNextIsRead) {
  auto notify = NotifySocket::create();
  ASSERT_TRUE(notify);
  send_to(notify->address(), std::string(200, 'x'));
  send_to(notify->address(), "STOPPING=1");
  EXPECT_EQ(notify->receive(100)->text, "STOPPING=1");
}

TEST(NotifySocket, DescriptorIsClosedWhichEndsABarrier) {
  auto notify = NotifySocket::create();
  ASSERT_TRUE(notify);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd read_end(ends[0]);
  send_to(notify->address(), "BARRIER=1", ends[1]);
  close(ends[1]);
  pollfd closed{read_end.get(), POLLIN, 0};
  EXPECT_EQ(poll(&closed, 1, 0), 0);
  ASSERT_TRUE(notify->receive(100));
  EXPECT_EQ(poll(&closed, 1, 0), 1);
  EXPECT_NE(closed.revents & POLLHUP, 0);
}

}  // namespace
}  // namespace gatevisor::os
