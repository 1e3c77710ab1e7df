#include "os/notify_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "os/invocation.h"

namespace gatevisor::os {
namespace {

/// SCM_MAX_FD of the kernel's net/scm.h: no datagram carries more.
constexpr std::size_t kMaxDescriptors = 253;

/// Closes the descriptors; the sender, or pid 0 where it is not told.
ucred take_control(msghdr& header) {
  ucred sender{};
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_CREDENTIALS) {
      std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
    } else if (part->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
        UniqueFd close_it(fd);
      }
    }
  }
  return sender;
}

}  // namespace

Expected<NotifySocket> NotifySocket::create() {
  NotifySocket made;
  made.fd_ = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.fd_) return fail("socket", "for sd_notify", errno);
  made.address_ = "@gatevisor/notify/" + new_invocation_id();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // An abstract name begins with NUL and has no end but its length (unix(7)).
  std::memcpy(address.sun_path + 1, made.address_.data() + 1, made.address_.size() - 1);
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + made.address_.size());
  if (bind(made.fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return fail("bind", made.address_, errno);
  }
  const int on = 1;
  if (setsockopt(made.fd_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return fail("setsockopt", "SO_PASSCRED", errno);
  }
  return made;
}

Expected<void> notify(const std::string& address, std::string_view state) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.size() < 2 || (address[0] != '/' && address[0] != '@')) {
    return fail("notify", address, EAFNOSUPPORT);
  }
  if (address.size() >= sizeof to.sun_path) return fail("notify", address, ENAMETOOLONG);
  std::memcpy(to.sun_path, address.data(), address.size());
  if (address[0] == '@') to.sun_path[0] = 0;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail("socket", "for sd_notify", errno);
  if (sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&to), length) < 0) {
    return fail("notify", address, errno);
  }
  return {};
}

std::optional<NotifySocket::Datagram> NotifySocket::receive(std::size_t most) {
  for (;;) {
    Datagram datagram;
    datagram.text.resize(most);
    iovec part{datagram.text.data(), most};
    alignas(cmsghdr) char
        control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(kMaxDescriptors * sizeof(int))];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0) {
      if (errno == EINTR) continue;
      return std::nullopt;
    }
    const ucred sender = take_control(header);
    if (sender.pid <= 0 || (header.msg_flags & MSG_TRUNC) != 0) continue;
    datagram.pid = sender.pid;
    datagram.uid = static_cast<int>(sender.uid);
    datagram.text.resize(static_cast<std::size_t>(got));
    return datagram;
  }
}

}  // namespace gatevisor::os
