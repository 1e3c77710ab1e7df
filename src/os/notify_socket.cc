#include "os/notify_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "os/channel.h"
#include "os/file.h"
#include "os/invocation.h"
#include "os/unix_address.h"

namespace gatevisor::os {
namespace {

/// SCM_MAX_FD of the kernel's net/scm.h: no datagram carries more.
constexpr std::size_t kMaxDescriptors = 253;
constexpr const char* kPrefix = "notify-";

/// The sender, or pid 0 where it is not told.
ucred take_control(msghdr& header, std::vector<UniqueFd>& descriptors) {
  ucred sender{};
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS) {
      std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
    } else {
      for (UniqueFd& fd : descriptors_in(*part)) descriptors.push_back(std::move(fd));
    }
  }
  return sender;
}

/// A path, or '@' and an abstract name.
Expected<UnixAddress> address_of(std::string_view name) {
  return name.starts_with('@') ? abstract_address(name.substr(1)) : path_address(name);
}

}  // namespace

Expected<NotifySocket> NotifySocket::create() {
  return bound("@gatevisor/notify/" + new_invocation_id());
}

Expected<NotifySocket> NotifySocket::create_in(const std::string& directory) {
  for (const std::string& name : names_at(AT_FDCWD, directory.c_str())) {
    if (!name.starts_with(kPrefix)) continue;
    const std::string path = directory + "/" + name;
    const auto sent = notify(path, "");
    if (!sent && sent.error().code == ECONNREFUSED) unlink(path.c_str());
  }
  auto made = bound(directory + "/" + kPrefix + new_invocation_id());
  // Whom its credentials do not show to be the service's is not heard.
  if (made && chmod(made->address_.c_str(), 0666) != 0) {
    return fail("chmod", made->address_, errno);
  }
  return made;
}

NotifySocket::~NotifySocket() {
  if (address_.starts_with('/')) unlink(address_.c_str());
}

Expected<NotifySocket> NotifySocket::bound(std::string name) {
  NotifySocket made;
  made.fd_ = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.fd_) return fail("socket", "for sd_notify", errno);
  const auto address = address_of(name);
  if (!address) return std::unexpected(address.error());
  if (bind(made.fd_.get(), address->get(), address->size) != 0) return fail("bind", name, errno);
  made.address_ = std::move(name);
  const int on = 1;
  if (setsockopt(made.fd_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return fail("setsockopt", "SO_PASSCRED", errno);
  }
  return made;
}

Expected<void> notify(const std::string& address, std::string_view state) {
  if (address.size() < 2 || (address[0] != '/' && address[0] != '@')) {
    return fail("notify", address, EAFNOSUPPORT);
  }
  const auto to = address_of(address);
  if (!to) return std::unexpected(to.error());
  const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail("socket", "for sd_notify", errno);
  if (sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL, to->get(), to->size) < 0) {
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
    const ucred sender = take_control(header, datagram.descriptors);
    if (sender.pid <= 0 || (header.msg_flags & MSG_TRUNC) != 0) continue;
    datagram.pid = sender.pid;
    datagram.uid = static_cast<int>(sender.uid);
    datagram.text.resize(static_cast<std::size_t>(got));
    return datagram;
  }
}

}  // namespace gatevisor::os
