#include "varlink.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "gatevisor.h"

namespace gatevisor::testing {
namespace {

using Clock = std::chrono::steady_clock;

int connect_to(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

VarlinkSocket::VarlinkSocket(const std::string& path, bool quick) {
  fd_ = connect_to(path);
  if (fd_ >= 0 || quick) return;
  const int watch = inotify_init1(IN_CLOEXEC);
  inotify_add_watch(watch, path.substr(0, path.rfind('/')).c_str(), IN_CREATE | IN_ATTRIB);
  const auto deadline = Clock::now() + patience();
  while ((fd_ = connect_to(path)) < 0 && Clock::now() < deadline) {
    pollfd ready{watch, POLLIN, 0};
    // It listens a moment after the file is there, which nothing tells.
    if (poll(&ready, 1, 20) != 1) continue;
    char events[4096];
    [[maybe_unused]] const ssize_t got = read(watch, events, sizeof events);
  }
  close(watch);
}

VarlinkSocket::VarlinkSocket(VarlinkSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)) {}

VarlinkSocket::~VarlinkSocket() {
  if (fd_ >= 0) close(fd_);
}

bool VarlinkSocket::send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    pollfd ready{fd_, POLLOUT, 0};
    if (poll(&ready, 1, static_cast<int>(patience().count())) != 1) return false;
    const ssize_t now = ::send(fd_, bytes.data() + sent, bytes.size() - sent,
                               MSG_NOSIGNAL | MSG_DONTWAIT);
    if (now < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (now < 0) return false;
    sent += static_cast<std::size_t>(now);
  }
  return true;
}

std::optional<Record> VarlinkSocket::reply() {
  const auto deadline = Clock::now() + patience();
  for (;;) {
    const std::size_t end = in_.find('\0');
    if (end != std::string::npos) {
      const std::string line = in_.substr(0, end);
      in_.erase(0, end + 1);
      return Record::parse(line);
    }
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - Clock::now());
    pollfd ready{fd_, POLLIN, 0};
    if (left <= 0ms || poll(&ready, 1, static_cast<int>(left.count())) != 1) return std::nullopt;
    char bytes[65536];
    const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return std::nullopt;
    in_.append(bytes, static_cast<std::size_t>(got));
  }
}

bool VarlinkSocket::wait_closed() {
  const auto deadline = Clock::now() + patience(60s);
  for (;;) {
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - Clock::now());
    pollfd ready{fd_, POLLIN | POLLRDHUP, 0};
    if (left <= 0ms || poll(&ready, 1, static_cast<int>(left.count())) != 1) return false;
    char bytes[4096];
    if (recv(fd_, bytes, sizeof bytes, 0) <= 0) return true;
  }
}

}  // namespace gatevisor::testing
