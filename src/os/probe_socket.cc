#include "os/probe_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "gatevisor/error.h"
#include "os/inet_address.h"

namespace gatevisor::os {
namespace {

/// An answer's head is wanted; what follows is taken off the connection, so that closing it is no
/// reset for the gateway, but not endlessly.
constexpr std::size_t kMostDiscarded = std::size_t{64} << 10;

/// What the gateway answers with, as tcp(7) and connect(2) have it. All else is this machine's.
bool says_something_of_the_gateway(int error) {
  return error == ECONNREFUSED || error == ECONNRESET || error == ETIMEDOUT || error == EPIPE;
}

ProbeResult refused(const char* operation, int error) {
  const auto outcome =
      says_something_of_the_gateway(error) ? ProbeOutcome::Failed : ProbeOutcome::CannotRun;
  return {outcome, to_string(Error{operation, "", error, ""})};
}

/// A port that nobody listens on, and that the kernel happened to give to us as our own.
bool is_connected_to_itself(int fd) {
  InetAddress own;
  InetAddress peer;
  own.size = peer.size = sizeof(sockaddr_storage);
  return getsockname(fd, reinterpret_cast<sockaddr*>(&own.storage), &own.size) == 0 &&
         getpeername(fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size) == 0 &&
         own.size == peer.size && memcmp(&own.storage, &peer.storage, own.size) == 0;
}

}  // namespace

std::expected<ProbeSocket, ProbeResult> ProbeSocket::connect(const ProbeTarget& target) {
  const auto address = inet_address(target.address, target.port);
  if (!address) {
    return std::unexpected(ProbeResult{ProbeOutcome::CannotRun, "no numeric address"});
  }
  ProbeSocket probe;
  probe.fd_.reset(socket(address->get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.fd_) return std::unexpected(refused("socket", errno));
  const int done = ::connect(probe.fd(), address->get(), address->size);
  if (done != 0 && errno != EINPROGRESS) return std::unexpected(refused("connect", errno));
  return probe;
}

std::optional<ProbeResult> ProbeSocket::finish_connecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return refused("connect", error);
  sockaddr_storage peer{};
  size = sizeof peer;
  if (getpeername(fd(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) return std::nullopt;
  if (is_connected_to_itself(fd())) return refused("connect", ECONNREFUSED);
  return ProbeResult{ProbeOutcome::Serving, "connected"};
}

std::expected<bool, ProbeResult> ProbeSocket::send(std::string_view request) {
  while (sent_ < request.size()) {
    const ssize_t put = ::send(fd(), request.data() + sent_, request.size() - sent_, MSG_NOSIGNAL);
    if (put >= 0) {
      sent_ += static_cast<std::size_t>(put);
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      return std::unexpected(refused("send", errno));
    }
  }
  return true;
}

std::expected<bool, ProbeResult> ProbeSocket::receive(std::size_t most) {
  std::array<char, 4096> bytes;
  std::size_t taken = 0;
  while (taken < kMostDiscarded) {
    const ssize_t got = recv(fd(), bytes.data(), bytes.size(), 0);
    if (got == 0) return true;
    if (got > 0) {
      taken += static_cast<std::size_t>(got);
      answer_.append(bytes.data(), std::min(static_cast<std::size_t>(got), most - answer_.size()));
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      // A reset behind a whole status line does not take it back.
      if (!answer_.empty() && errno == ECONNRESET) return true;
      return std::unexpected(refused("recv", errno));
    }
  }
  return false;
}

}  // namespace gatevisor::os
