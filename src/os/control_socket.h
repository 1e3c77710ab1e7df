// The control socket: where it is, who is at its other end, and bytes in and out.
//
// A stream socket in a directory that only its users can enter. The first of these that can be had:
// /run/gatevisor, $XDG_RUNTIME_DIR/gatevisor, $TMPDIR/gatevisor-UID. Its name is the main unit's;
// where another gatevisor has that, the pid comes behind it. One that nobody listens at is replaced.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// Who is at the other end, as the kernel says it (SO_PEERCRED, SO_PEERGROUPS), when it connected.
struct Peer {
  int pid = 0;  ///< 0: outside our pid namespace
  unsigned uid = 0;
  std::vector<unsigned> groups;
};

/// One end of a connection. Never blocks, but for connect() and wait(), which are a client's.
class ControlStream {
 public:
  ControlStream() = default;
  explicit ControlStream(UniqueFd fd) : fd_(std::move(fd)) {}
  /// Error: nobody listens there (ECONNREFUSED, ENOENT), or it may not be asked (EACCES).
  static Expected<ControlStream> connect(const std::string& path);

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }

  enum class Result : std::uint8_t { Some, Nothing, End };
  /// Appends at most `most` bytes.
  Result receive(std::string& bytes, std::size_t most);
  /// Sends what can be sent, and takes it from `bytes`. End: nobody reads any more.
  Result send(std::string& bytes);
  /// For a client: until there is something to receive; false when `timeout_ms` have passed first.
  /// A negative one is for ever.
  bool wait(int timeout_ms) const;

 private:
  UniqueFd fd_;
};

class ControlSocket {
 public:
  ControlSocket() = default;
  ControlSocket(ControlSocket&&) = default;
  ControlSocket& operator=(ControlSocket&&) = default;
  /// Removes the socket's file, if it is still the one that was made.
  ~ControlSocket();

  struct Wanted {
    std::string path;             ///< empty: the first place that can be had
    std::string name;             ///< 'gateway'
    std::optional<unsigned> gid;  ///< who else may connect
  };
  static Expected<ControlSocket> listen(const Wanted& wanted);

  explicit operator bool() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

  struct Accepted {
    ControlStream stream;
    Peer peer;
  };
  enum class Outcome : std::uint8_t { Taken, None, NoRoom };
  /// NoRoom: no descriptor or memory is left; it would be told again at once.
  Outcome accept(Accepted& accepted);

 private:
  static Expected<ControlSocket> listen_at(const std::string& path, std::optional<unsigned> gid);

  UniqueFd fd_;
  std::string path_;
  unsigned long device_ = 0;
  unsigned long inode_ = 0;
};

/// Sockets of gatevisors that this process may find: all in the directories above.
std::vector<std::string> control_sockets();

/// The command line of a process: printable, at most `most` bytes. Empty where it cannot be read.
std::string command_line_of(int pid, std::size_t most);

}  // namespace gatevisor::os
