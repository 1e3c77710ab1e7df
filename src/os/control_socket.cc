#include "os/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "os/cgroup_dir.h"
#include "os/file.h"
#include "os/runtime_directory.h"
#include "os/unix_address.h"

namespace gatevisor::os {
namespace {

/// Clients that wait to be accepted; more of them are told to try again.
constexpr int kBacklog = 64;
constexpr int kMostGroups = 1024;
constexpr int kConnectSeconds = 5;
constexpr std::string_view kSuffix = ".sock";

Expected<UnixAddress> address_of(const std::string& path) {
  auto address = path_address(path);
  if (address) return address;
  return fail("control socket", path, address.error().code,
              "a socket's path has at most 107 bytes; give another with --socket");
}

Expected<UniqueFd> new_socket() {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail("socket", "for the control socket", errno);
  return fd;
}

int connect_to(const UniqueFd& fd, const UnixAddress& to) {
  return connect(fd.get(), to.get(), to.size) == 0 ? 0 : errno;
}

/// Whoever answers there lives. A socket that is left over of a gatevisor that was killed does not.
bool answers_or_is_removed(const std::string& path, const UnixAddress& address) {
  const auto probe = new_socket();
  const int answer = probe ? connect_to(*probe, address) : 0;
  if (answer == 0 || answer == EAGAIN) return true;
  struct stat left {};
  if (answer == ECONNREFUSED && lstat(path.c_str(), &left) == 0 && S_ISSOCK(left.st_mode)) {
    unlink(path.c_str());
  }
  return false;
}

/// 'gateway.57.sock', of a process that is not there any more. It may live in another pid namespace.
bool may_be_left(const std::string& name) {
  if (!name.ends_with(kSuffix)) return false;
  const std::string_view stem = std::string_view(name).substr(0, name.size() - kSuffix.size());
  const std::size_t dot = stem.rfind('.');
  if (dot == stem.npos) return false;
  const auto pid = number_of(stem.substr(dot + 1));
  return pid && *pid > 0 && *pid < INT32_MAX && kill(static_cast<pid_t>(*pid), 0) != 0 &&
         errno == ESRCH;
}

/// What has no pid in its name is replaced by the next one of its name.
void remove_left(const std::string& directory) {
  for (const std::string& name : names_at(AT_FDCWD, directory.c_str())) {
    if (!may_be_left(name)) continue;
    const std::string path = directory + "/" + name;
    if (const auto address = path_address(path)) (void)answers_or_is_removed(path, *address);
  }
}

}  // namespace

// ---- streams ---------------------------------------------------------------------------------

Expected<ControlStream> ControlStream::connect(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail("socket", "for the control socket", errno);
  // unix(7): where many wait to be accepted, so does this one.
  const timeval patience{kConnectSeconds, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (const int code = connect_to(fd, *address); code != 0) return fail("connect", path, code);
  return ControlStream(std::move(fd));
}

ControlStream::Result ControlStream::receive(std::string& bytes, std::size_t most) {
  const std::size_t before = bytes.size();
  bytes.resize(before + most);
  ssize_t got = -1;
  do {
    got = recv(fd(), bytes.data() + before, most, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  const bool later = got < 0 && errno == EAGAIN;
  bytes.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
  if (got > 0) return Result::Some;
  return later ? Result::Nothing : Result::End;
}

ControlStream::Result ControlStream::send(std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t now =
        ::send(fd(), bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0 && errno != EAGAIN) return Result::End;
    if (now < 0) break;
    sent += static_cast<std::size_t>(now);
  }
  bytes.erase(0, sent);
  return sent > 0 ? Result::Some : Result::Nothing;
}

bool ControlStream::wait(int timeout_ms) const {
  pollfd ready{fd(), POLLIN, 0};
  return poll(&ready, 1, timeout_ms) == 1;
}

// ---- the listening end -----------------------------------------------------------------------

ControlSocket::~ControlSocket() {
  if (!fd_) return;
  struct stat info {};
  const bool ours = lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ &&
                    info.st_ino == inode_;
  if (ours) unlink(path_.c_str());
}

Expected<ControlSocket> ControlSocket::listen_at(const std::string& path,
                                                 std::optional<unsigned> gid) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  if (answers_or_is_removed(path, *address)) {
    return fail("control socket", path, EADDRINUSE, "another gatevisor listens there");
  }
  auto fd = new_socket();
  if (!fd) return std::unexpected(std::move(fd.error()));
  ControlSocket made;
  // unix(7): the file gets the mode that the socket has.
  fchmod(fd->get(), 0600);
  if (bind(fd->get(), address->get(), address->size) != 0) {
    return fail("bind", path, errno);
  }
  made.fd_ = std::move(*fd);
  made.path_ = path;
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return fail("lstat", path, errno);
  made.device_ = info.st_dev;
  made.inode_ = info.st_ino;
  if (gid && (lchown(path.c_str(), static_cast<uid_t>(-1), *gid) != 0 ||
              chmod(path.c_str(), 0660) != 0)) {
    return fail("control socket", path, errno, "the group cannot be let in");
  }
  if (::listen(made.fd_.get(), kBacklog) != 0) return fail("listen", path, errno);
  return made;
}

Expected<ControlSocket> ControlSocket::listen(const Wanted& wanted) {
  if (!wanted.path.empty()) return listen_at(wanted.path, wanted.gid);
  Error first;
  for (const std::string& directory : runtime_directories()) {
    const auto locked = enter_runtime_directory(directory, wanted.gid.has_value());
    if (!locked) {
      if (first.code == 0) first = locked.error();
      continue;
    }
    // Of two that come at once, one looks whether the other lives before it listens.
    const bool alone = flock(locked->get(), LOCK_EX | LOCK_NB) == 0;
    if (alone) remove_left(directory);
    const std::string stem = directory + "/" + wanted.name;
    auto made = alone ? listen_at(stem + std::string(kSuffix), wanted.gid)
                      : fail("control socket", stem, EADDRINUSE);
    if (!made && made.error().code == EADDRINUSE) {
      const std::string own = stem + "." + std::to_string(getpid());
      made = listen_at(own + std::string(kSuffix), wanted.gid);
    }
    if (made) return made;
    if (first.code == 0) first = made.error();
  }
  return std::unexpected(std::move(first));
}

ControlSocket::Outcome ControlSocket::accept(Accepted& accepted) {
  UniqueFd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) {
    const bool full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return full ? Outcome::NoRoom : Outcome::None;
  }
  ucred sender{};
  socklen_t size = sizeof sender;
  if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &sender, &size) != 0) return Outcome::None;
  Peer peer{static_cast<int>(sender.pid), sender.uid, {sender.gid}};
  std::array<gid_t, kMostGroups> groups{};
  size = sizeof groups;
  if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
    const std::size_t count = std::min<std::size_t>(size / sizeof(gid_t), groups.size());
    peer.groups.insert(peer.groups.end(), groups.begin(), groups.begin() + count);
  }
  accepted = {ControlStream(std::move(fd)), std::move(peer)};
  return Outcome::Taken;
}

std::vector<std::string> control_sockets() {
  std::vector<std::string> all;
  for (const std::string& directory : runtime_directories()) {
    if (!is_runtime_directory(directory)) continue;
    for (const std::string& name : names_at(AT_FDCWD, directory.c_str())) {
      if (name.ends_with(kSuffix)) all.push_back(directory + "/" + name);
    }
  }
  return all;
}

std::string command_line_of(int pid, std::size_t most) {
  if (pid <= 0) return {};
  const std::string path = "/proc/" + std::to_string(pid) + "/cmdline";
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return {};
  std::string text(most, '\0');
  const ssize_t got = read(fd.get(), text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (text.ends_with('\0')) text.pop_back();
  for (char& byte : text) {
    if (byte == '\0') byte = ' ';
    if (byte < ' ' || byte > '~') byte = '?';
  }
  return text;
}

}  // namespace gatevisor::os
