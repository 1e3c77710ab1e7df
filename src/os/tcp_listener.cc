#include "os/tcp_listener.h"

#include <sys/socket.h>

#include <cerrno>

#include "os/inet_address.h"

namespace gatevisor::os {
namespace {

constexpr int kBacklog = 16;

}  // namespace

Expected<TcpListener> TcpListener::listen(const std::string& text, std::uint16_t port) {
  const std::string subject = text + ":" + std::to_string(port);
  const auto address = inet_address(text, port);
  if (!address) return fail("listen", subject, EINVAL, "expected a numeric address");
  TcpListener made;
  made.fd_ = UniqueFd(
      socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.fd_) return fail("socket", subject, errno);
  const int on = 1;  // a port of connections that are just over is free
  (void)setsockopt(made.fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(made.fd_.get(), address->get(), address->size) != 0) return fail("bind", subject, errno);
  if (::listen(made.fd_.get(), kBacklog) != 0) return fail("listen", subject, errno);
  return made;
}

UniqueFd TcpListener::accept() {
  return UniqueFd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

}  // namespace gatevisor::os
