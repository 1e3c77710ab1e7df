// The socket of $NOTIFY_SOCKET.
//
// Owns an abstract datagram socket (unix(7)) with a random name: it needs no file system, so it
// works in a read-only container, and nothing is left when gatevisor is killed. Such names are those of
// one network namespace: for a service in another one it is a socket in a directory. Never blocks.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class NotifySocket {
 public:
  NotifySocket() = default;
  static Expected<NotifySocket> create();
  /// One with a path. What gatevisors that were killed have left there is removed.
  static Expected<NotifySocket> create_in(const std::string& directory);
  NotifySocket(NotifySocket&& other) noexcept { swap(other); }
  NotifySocket& operator=(NotifySocket&& other) noexcept {
    swap(other);
    return *this;
  }
  ~NotifySocket();

  explicit operator bool() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  /// '@gatevisor/…' or a path, for $NOTIFY_SOCKET.
  const std::string& address() const { return address_; }

  struct Datagram {
    int pid = 0;  ///< as the kernel says it (SCM_CREDENTIALS); never 0
    int uid = 0;
    std::string text;
    std::vector<UniqueFd> descriptors;  ///< close-on-exec; their end is what BARRIER=1 waits for
  };
  /// The next datagram of at most `most` bytes; nullopt where none waits. What has no sender in our
  /// pid namespace or is longer is dropped, with its descriptors.
  std::optional<Datagram> receive(std::size_t most);

 private:
  static Expected<NotifySocket> bound(std::string address);
  void swap(NotifySocket& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(address_, other.address_);
  }

  UniqueFd fd_;
  std::string address_;
};

/// A state to whoever started this process, as sd_notify(3): one datagram to $NOTIFY_SOCKET, a path or
/// '@' and an abstract name. Never waits.
Expected<void> notify(const std::string& address, std::string_view state);

}  // namespace gatevisor::os
