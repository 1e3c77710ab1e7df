#include "os/kernel_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "gatevisor/error.h"

namespace gatevisor::os {
namespace {

constexpr const char* kDevice = "/dev/kmsg";
// CONSOLE_EXT_LOG_MAX of kernel/printk: no record is longer. A limit around gatevisor may be
// exhausted when it is read, so it is there from the start.
std::array<char, 8192> buffer;

}  // namespace

KernelLogFile KernelLogFile::open() {
  KernelLogFile log;
  log.fd_.reset(::open(kDevice, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!log.fd_) {
    log.why_ = std::string(kDevice) + ": " + std::strerror(errno);
    return log;
  }
  // Some put /dev/null in its place. Its number is in devices.txt of the kernel.
  struct stat status {};
  if (fstat(log.fd_.get(), &status) != 0 || !S_ISCHR(status.st_mode) ||
      status.st_rdev != makedev(1, 11) || lseek(log.fd_.get(), 0, SEEK_END) < 0) {
    log.why_ = std::string(kDevice) + " is not the kernel's log";
    log.fd_.reset();
    return log;
  }
  buffer.fill('\0');
  return log;
}

void KernelLogFile::skip() {
  if (fd_) (void)lseek(fd_.get(), 0, SEEK_END);
}

KernelLogFile::Reading KernelLogFile::read_new(const std::function<void(std::string_view)>& take) {
  Reading reading;
  if (!fd_) return reading;
  std::size_t bytes = 0;
  for (std::size_t records = 0; records < kMostRecords && bytes < kMostBytes; ++records) {
    const ssize_t size = read(fd_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EPIPE) {
      reading.overwritten = true;  // the next read(2) goes on with the oldest that is there
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return reading;
    bytes += static_cast<std::size_t>(size);
    take(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
  }
  reading.unread = true;
  return reading;
}

// The first ones have fixed inode numbers (PROC_PID_INIT_INO and PROC_CGROUP_INIT_INO of
// linux/proc_ns.h), which namespaces(7) shows in the names of the links.
bool in_initial_namespace(const char* kind) {
  const std::string name = kind;
  const char* first = name == "pid" ? "4026531836" : name == "cgroup" ? "4026531835" : nullptr;
  if (first == nullptr) return false;
  std::array<char, 64> target{};
  const ssize_t size = readlink(("/proc/self/ns/" + name).c_str(), target.data(), target.size());
  return size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) ==
                         name + ":[" + first + "]";
}

}  // namespace gatevisor::os
