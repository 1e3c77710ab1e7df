// A Varlink client that is not gatevisor's: bytes on a socket, and JSON as a library reads it.
#pragma once

#include <optional>
#include <string>

#include "record.h"

namespace gatevisor::testing {

class VarlinkSocket {
 public:
  /// Connects; retries while nobody listens there yet, within patience(). `quick`: one try.
  explicit VarlinkSocket(const std::string& path, bool quick = false);
  ~VarlinkSocket();
  VarlinkSocket(const VarlinkSocket&) = delete;
  VarlinkSocket& operator=(const VarlinkSocket&) = delete;
  VarlinkSocket(VarlinkSocket&& other) noexcept;

  bool connected() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  /// As many bytes as are taken; false: the other end does not take them all.
  bool send(const std::string& bytes);
  /// A whole call, with its NUL.
  bool call(const std::string& json) { return send(json + '\0'); }
  /// The next reply; nullopt: it was closed, or nothing came in time.
  std::optional<Record> reply();
  /// Until the other end has closed; false: it has not in time.
  bool wait_closed();

 private:
  int fd_ = -1;
  std::string in_;
};

}  // namespace gatevisor::testing
