// A datagram socket with a path where processes log: sd_journal_send(3), syslog(3).
//
// Owns the socket, and its name as long as it is still the one that was made. What is sent to it
// waits in the kernel until somebody reads it (os/log_queue.h): here it is not read.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class LogSocket {
 public:
  /// Makes it, with the directories that lead to it; everybody may send to it. One at which nobody
  /// listens any more is replaced. EADDRINUSE: somebody does. EEXIST: there is something else.
  static Expected<LogSocket> listen(const std::string& path);
  LogSocket(LogSocket&& other) noexcept { swap(other); }
  LogSocket& operator=(LogSocket&& other) noexcept {
    swap(other);
    return *this;
  }
  ~LogSocket() { remove(); }

  int fd() const { return fd_.get(); }
  /// Nobody finds it any more; who has found it goes on sending.
  void remove();

 private:
  LogSocket() = default;
  void swap(LogSocket& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
  }

  UniqueFd fd_;
  std::string path_;  ///< empty: it has none
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

}  // namespace gatevisor::os
