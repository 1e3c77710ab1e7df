#include "os/channel.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <iterator>

#include "os/privileges.h"

namespace gatevisor::os {
namespace {

/// Where close_range(2) is refused it takes as long as there may be descriptors.
void close_all_but(int keep) {
  const auto from = [](unsigned first, unsigned last) {
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
    for (unsigned fd = first; fd <= std::min(last, 65'536U); ++fd) close(static_cast<int>(fd));
  };
  from(3, static_cast<unsigned>(keep) - 1);
  from(static_cast<unsigned>(keep) + 1, ~0U);
}

}  // namespace

Expected<Channel::Pair> Channel::make() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return fail("socketpair", "", errno);
  }
  Pair pair;
  pair.ours.fd_.reset(ends[0]);
  pair.theirs.fd_.reset(ends[1]);
  return pair;
}

void Channel::finish_sending() { shutdown(fd(), SHUT_WR); }

Channel::Sent Channel::send(std::string_view datagram, std::span<const int> fds) {
  iovec bytes{const_cast<char*>(datagram.data()), datagram.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)] = {};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return Sent::Done;
    // ETOOMANYREFS: too many descriptors are on their way (unix(7)).
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS) {
      return Sent::Full;
    }
    if (errno != EINTR) return Sent::Gone;
  }
}

Channel::Received Channel::receive(std::string& datagram, std::size_t most,
                                   std::vector<UniqueFd>* fds) {
  if (datagram.size() < most) datagram.resize(most);
  iovec bytes{datagram.data(), most};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)];
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  ssize_t got = -1;
  do {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    got = recvmsg(fd(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  datagram.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (got <= 0) return got < 0 && errno == EAGAIN ? Received::Nothing : Received::End;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    auto received = descriptors_in(*header);
    if (fds != nullptr) std::ranges::move(received, std::back_inserter(*fds));
  }
  return Received::Datagram;
}

bool Channel::wait(int timeout_ms) const {
  pollfd ready{fd(), POLLIN, 0};
  return poll(&ready, 1, timeout_ms) == 1;
}

bool Channel::wait_gone(int timeout_ms) const {
  pollfd gone{fd(), POLLRDHUP, 0};
  return poll(&gone, 1, timeout_ms) == 1;
}

std::vector<UniqueFd> descriptors_in(const cmsghdr& part) {
  std::vector<UniqueFd> fds;
  if (part.cmsg_level != SOL_SOCKET || part.cmsg_type != SCM_RIGHTS) return fds;
  const std::size_t count = (part.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; ++i) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(&part) + i * sizeof number, sizeof number);
    fds.emplace_back(number);
  }
  return fds;
}

Expected<int> start_helper(int keep, const char* name, int (*main)(void*), void* argument) {
  const pid_t pid = fork();
  if (pid < 0) return fail("fork", name, errno);
  if (pid != 0) return static_cast<int>(pid);
  prctl(PR_SET_NAME, name, 0, 0, 0);
  expect_oom_last();
  close_all_but(keep);
  int status = 1;
  try {
    status = main(argument);
  } catch (const std::exception&) {
    // Out of memory: gatevisor starts another one.
  }
  _exit(status);
}

}  // namespace gatevisor::os
