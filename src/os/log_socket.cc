#include "os/log_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/unix_address.h"

namespace gatevisor::os {
namespace {

Expected<UniqueFd> make_socket() {
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail("socket", "for logs", errno);
  return fd;
}

Expected<void> make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1); end != path.npos; end = path.find('/', end + 1)) {
    const std::string directory = path.substr(0, end);
    if (mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) continue;
    const int error = errno;
    // A file system that is read-only says that first, whether it is there or not.
    if (access(directory.c_str(), F_OK) != 0) return fail("mkdir", directory, error);
  }
  return {};
}

/// connect(2) says whether somebody listens there, and sends nothing.
Expected<void> make_way(const std::string& path, const UnixAddress& address) {
  struct stat there {};
  if (lstat(path.c_str(), &there) != 0) {
    return errno == ENOENT ? Expected<void>{} : fail("stat", path, errno);
  }
  if (!S_ISSOCK(there.st_mode)) return fail("bind", path, EEXIST, "it is no socket");
  const auto asking = make_socket();
  if (!asking) return std::unexpected(asking.error());
  if (connect(asking->get(), address.get(), address.size) == 0 || errno == EPROTOTYPE) {
    return fail("bind", path, EADDRINUSE, "somebody listens there");
  }
  if (errno == ENOENT) return {};
  if (errno != ECONNREFUSED) return fail("connect", path, errno);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail("unlink", path, errno);
  return {};
}

}  // namespace

Expected<LogSocket> LogSocket::listen(const std::string& path) {
  if (!path.starts_with('/')) return fail("bind", path, EINVAL, "expected a path from /");
  const auto address = path_address(path);
  if (!address) return std::unexpected(address.error());
  if (auto made = make_directories(path); !made) return std::unexpected(std::move(made.error()));
  if (auto free = make_way(path, *address); !free) return std::unexpected(std::move(free.error()));
  LogSocket made;
  auto fd = make_socket();
  if (!fd) return std::unexpected(std::move(fd.error()));
  made.fd_ = std::move(*fd);
  // Before anybody can send: what came before would have no sender.
  for (const int option : {SO_PASSCRED, SO_TIMESTAMP}) {
    const int on = 1;
    if (setsockopt(made.fd(), SOL_SOCKET, option, &on, sizeof on) != 0) {
      return fail("setsockopt", path, errno);
    }
  }
  if (bind(made.fd(), address->get(), address->size) != 0) return fail("bind", path, errno);
  struct stat there {};
  if (lstat(path.c_str(), &there) != 0) return fail("stat", path, errno);
  made.path_ = path;
  made.device_ = there.st_dev;
  made.inode_ = there.st_ino;
  if (chmod(path.c_str(), 0666) != 0) return fail("chmod", path, errno);
  return made;
}

void LogSocket::remove() {
  struct stat there {};
  if (path_.empty()) return;
  const bool ours =
      lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_;
  if (ours) unlink(path_.c_str());
  path_.clear();
}

}  // namespace gatevisor::os
