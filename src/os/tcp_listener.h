// A TCP port that connections are taken from. Never blocks.
#pragma once

#include <string>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class TcpListener {
 public:
  /// `address`: numeric, without brackets. Error: EADDRINUSE, EACCES, EADDRNOTAVAIL, …
  static Expected<TcpListener> listen(const std::string& address, std::uint16_t port);
  int fd() const { return fd_.get(); }
  /// Empty: nobody waits, or nobody can be taken now.
  UniqueFd accept();

 private:
  UniqueFd fd_;
};

}  // namespace gatevisor::os
