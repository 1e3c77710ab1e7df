#include "exec/mount_calls.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace gatevisor::exec {

// By number: the C library has wrappers for some of them since 2.36 only.
int open_below(int root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  return static_cast<int>(
      syscall(SYS_openat2, root, path.empty() ? "/" : path.c_str(), &how, sizeof how));
}

int clone_mount(int directory, const char* path, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_NO_AUTOMOUNT |
                         (recursive ? AT_RECURSIVE : 0U);
  return static_cast<int>(syscall(SYS_open_tree, directory, path, flags));
}

int attach_mount(int mount, int target) {
  return static_cast<int>(syscall(SYS_move_mount, mount, "", target, "",
                                  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

std::string path_of(int fd) {
  std::array<char, 32> link{};
  std::array<char, PATH_MAX> path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link.data(), path.data(), path.size());
  if (size <= 0 || path[0] != '/') return {};
  return {path.data(), static_cast<std::size_t>(size)};
}

bool is_mount_root(int fd) {
  struct statx info{};
  if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &info) != 0) return false;
  return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

MountinfoReader::MountinfoReader(int fd) : fd_(fd) {
  if (lseek(fd_, 0, SEEK_SET) != 0) error_ = errno;
}

bool MountinfoReader::next(std::string& path) {
  if (error_ != 0) return false;
  std::size_t end = text_.find('\n', at_);
  while (end == std::string::npos) {
    text_.erase(0, at_);
    at_ = 0;
    std::array<char, 8192> bytes{};
    const ssize_t got = read(fd_, bytes.data(), bytes.size());
    if (got < 0) error_ = errno;
    if (got <= 0) return false;
    text_.append(bytes.data(), static_cast<std::size_t>(got));
    end = text_.find('\n');
  }
  // The fifth field; blanks and backslashes in it are octal: '\040'.
  for (int field = 0; field < 4; ++field) at_ = std::min(text_.find(' ', at_), end - 1) + 1;
  path.clear();
  for (; at_ < end && text_[at_] != ' '; ++at_) {
    if (text_[at_] == '\\' && at_ + 3 < end) {
      path += static_cast<char>((text_[at_ + 1] - '0') * 64 + (text_[at_ + 2] - '0') * 8 +
                                (text_[at_ + 3] - '0'));
      at_ += 3;
    } else {
      path += text_[at_];
    }
  }
  at_ = end + 1;
  return true;
}

}  // namespace gatevisor::exec
