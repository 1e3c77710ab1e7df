#include "exec/mount_sources.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "exec/mount_calls.h"

namespace gatevisor::exec {

int make_hidden(std::vector<Hidden>& wanted) {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (mount("tmpfs", "/proc", "tmpfs", kFlags, "mode=0755,size=4k") != 0) return errno;
  int error = 0;
  if (mkdir("/proc/directory", 0) != 0 || mknod("/proc/file", S_IFREG, 0) != 0 ||
      mknod("/proc/socket", S_IFSOCK, 0) != 0) {
    error = errno;
  }
  for (Hidden& each : wanted) {
    if (error != 0) break;
    // A socket stands for a device too: opening it is an error, whoever does it.
    const char* source = S_ISDIR(each.mode)   ? "/proc/directory"
                         : S_ISREG(each.mode) ? "/proc/file"
                                              : "/proc/socket";
    each.source = clone_mount(AT_FDCWD, source, false);
    if (each.source < 0) error = errno;
  }
  if (umount2("/proc", MNT_DETACH) != 0 && error == 0) error = errno;
  return error;
}

int PseudoDevices::take() {
  constexpr std::array kNames = {"null",  "zero",   "full",   "random", "urandom",   "tty",
                                 "ptmx",  "pts",    "shm",    "mqueue", "hugepages", "log",
                                 "stdin", "stdout", "stderr", "fd",     "core"};
  for (const char* name : kNames) {
    const std::string path = std::string("/dev/") + name;
    Device device{name, {}, -1, {}};
    if (lstat(path.c_str(), &device.info) != 0) continue;
    if (S_ISLNK(device.info.st_mode)) {
      std::array<char, 4096> link{};
      const ssize_t size = readlink(path.c_str(), link.data(), link.size());
      if (size <= 0) continue;
      device.link.assign(link.data(), static_cast<std::size_t>(size));
    } else {
      device.source = clone_mount(AT_FDCWD, path.c_str(), true);
      if (device.source < 0) return errno;
    }
    devices_.push_back(std::move(device));
  }
  return 0;
}

int PseudoDevices::mount_at(const std::string& path) const {
  if (mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NOEXEC | MS_STRICTATIME,
            "mode=0755,size=4m,nr_inodes=1k") != 0) {
    return errno;
  }
  const int directory = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno;
  for (const Device& device : devices_) {
    if (!device.link.empty()) {
      if (symlinkat(device.link.c_str(), directory, device.name) != 0) return errno;
      continue;
    }
    const mode_t mode = device.info.st_mode & 07777;
    const int made = S_ISDIR(device.info.st_mode)
                         ? mkdirat(directory, device.name, mode)
                         : mknodat(directory, device.name, S_IFREG | mode, 0);
    if (made != 0) return errno;
    const int place = openat(directory, device.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0 || attach_mount(device.source, place) != 0) return errno;
    close(place);
  }
  close(directory);
  return 0;
}

int ProcMasks::take(int mountinfo) {
  return each_mount(mountinfo, [this](const std::string& path) {
    if (!path.starts_with("/proc/")) return 0;
    const int copy = clone_mount(AT_FDCWD, path.c_str(), false);
    // One that another covers is not to be seen, nor to be had.
    if (copy < 0) return errno == ENOENT || errno == EINVAL ? 0 : errno;
    masks_.push_back({path.substr(std::strlen("/proc")), copy});
    return 0;
  });
}

int ProcMasks::put(const std::string& path) const {
  if (masks_.empty()) return 0;
  const int proc = open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return errno;
  for (const Mask& mask : masks_) {
    const int place = open_below(proc, mask.below);
    if (place < 0 && errno == ENOENT) continue;
    if (place < 0 || attach_mount(mask.source, place) != 0) return errno;
    close(place);
  }
  close(proc);
  return 0;
}

}  // namespace gatevisor::exec
