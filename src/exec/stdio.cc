#include "exec/stdio.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gatevisor::exec {
namespace {

/// systemd.exec(5), StandardInput=: a socket in the file system is connected to.
int connect_to(const std::string& path, int unused_half) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  if (unused_half >= 0 && shutdown(fd, unused_half) != 0) return -1;
  return fd;
}

/// open(2) of a socket.
bool is_socket_error() { return errno == ENXIO; }

bool is_fit(int fd, bool only_regular) {
  struct stat info{};
  if (fstat(fd, &info) != 0) return false;
  if (S_ISREG(info.st_mode) ? info.st_nlink == 1 : !only_regular) return true;
  errno = S_ISREG(info.st_mode) ? EMLINK : ENXIO;
  return false;
}

int open_log(const std::string& path) {
  const int fd =
      open(path.c_str(),
           O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
  if (fd < 0 || !is_fit(fd, true)) return -1;
  // Non-blocking was for a FIFO in its place; a file's own writes are as they always are.
  if (fcntl(fd, F_SETFL, O_APPEND) != 0) return -1;
  return fd;
}

/// With systemd's mode: what the service's own umask leaves of 0666.
int create(const std::string& path, int flags, unsigned mask) {
  const mode_t before = umask(static_cast<mode_t>(mask));
  const int fd = open(path.c_str(), flags | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0666);
  const int code = errno;
  umask(before);
  errno = code;
  return fd;
}

}  // namespace

int open_input_file(const std::string& path, bool both, unsigned umask) {
  const int fd =
      both ? create(path, O_RDWR, umask) : open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 && is_socket_error()) return connect_to(path, both ? -1 : SHUT_WR);
  if (fd < 0 || (both && !is_fit(fd, false))) return -1;
  return fd;
}

namespace {

bool write_all(int fd, const std::string& data) {
  const char* at = data.data();
  for (std::size_t left = data.size(); left > 0;) {
    const ssize_t put = write(fd, at, left);
    if (put < 0) return false;
    at += put;
    left -= static_cast<std::size_t>(put);
  }
  return true;
}

/// Where a sandbox knows no memfd_create(2): as much as a pipe holds while nobody reads.
int open_input_pipe(const std::string& data) {
  constexpr std::size_t kMost = 65'536;  // pipe(7)
  int ends[2];
  if (data.size() > kMost || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
  const bool whole = write_all(ends[1], data);
  (void)close(ends[1]);
  return whole && fcntl(ends[0], F_SETFL, 0) == 0 ? ends[0] : -1;
}

}  // namespace

int open_input_data(const std::string& data) {
  const int fd = memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return open_input_pipe(data);
  if (!write_all(fd, data)) return -1;
  // Where there are no seals the copy is this service's own all the same.
  (void)fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  return lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
}

int open_output_file(const StandardOutput& output, unsigned umask) {
  if (output.kind == StandardOutput::Kind::Append) return open_log(output.path);
  const int fd = create(output.path, O_WRONLY, umask);
  if (fd < 0 && is_socket_error()) return connect_to(output.path, SHUT_RD);
  if (fd < 0 || !is_fit(fd, false)) return -1;
  // Not before it is known what it is. What is no regular file has no length.
  const bool truncate = output.kind == StandardOutput::Kind::Truncate;
  if (truncate && ftruncate(fd, 0) != 0 && errno != EINVAL) return -1;
  return fd;
}

}  // namespace gatevisor::exec
