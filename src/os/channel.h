// A helper process of gatevisor's own, and the datagrams between the two.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

struct cmsghdr;

namespace gatevisor::os {

/// One end of a SOCK_SEQPACKET pair. Close-on-exec.
class Channel {
 public:
  struct Pair;
  static constexpr std::size_t kMostDescriptors = 2;
  static Expected<Pair> make();

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  void close() { fd_.reset(); }
  /// No more will be sent; what was is still read at the other end.
  void finish_sending();

  enum class Sent : std::uint8_t { Done, Full, Gone };
  /// Never blocks. Copies of `fds` go with it (unix(7), SCM_RIGHTS); at most kMostDescriptors.
  Sent send(std::string_view datagram, std::span<const int> fds = {});

  enum class Received : std::uint8_t { Datagram, Nothing, End };
  /// Never blocks. A datagram longer than `most` is cut. Descriptors that came with it go to `fds`,
  /// close-on-exec, or are closed.
  Received receive(std::string& datagram, std::size_t most, std::vector<UniqueFd>* fds = nullptr);

  /// Waits until there is something to receive; false when `timeout_ms` have passed first. For the
  /// helper, and for gatevisor when nothing else is left to be done.
  bool wait(int timeout_ms) const;
  /// The same until the other end is closed or sends no more.
  bool wait_gone(int timeout_ms) const;

 private:
  UniqueFd fd_;
};

struct Channel::Pair {
  Channel ours;
  Channel theirs;
};

/// Those that came with a message, close-on-exec as it was received. `part`: of any kind.
std::vector<UniqueFd> descriptors_in(const cmsghdr& part);

/// Forks. The child runs `main` with nothing of gatevisor's but `keep`, standard error and
/// standard output, and ends with what it returns. Signals stay blocked in it as they are. The pid.
Expected<int> start_helper(int keep, const char* name, int (*main)(void*), void* argument);

}  // namespace gatevisor::os
