// epoll(7) for what is no part of the event loop: a helper's descriptors, and the control clients.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gatevisor/error.h"
#include "gatevisor/time.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class Poller {
 public:
  /// `most`: how many are told at a time.
  static Expected<Poller> create(std::size_t most);
  /// Readable when one of its descriptors is ready: a poller can be waited for itself.
  int fd() const { return epoll_.get(); }

  /// Level-triggered. `events`: kReadable and kWritable of os/invocation.h; 0: only when the other end
  /// is gone. `key` comes back.
  Expected<void> watch(int fd, std::uint32_t events, std::uint64_t key);
  void change(int fd, std::uint32_t events, std::uint64_t key);
  void unwatch(int fd);

  struct Ready {
    std::uint64_t key;
    bool readable;
    bool writable;
    bool gone;  ///< the other end is closed
  };
  /// None when `timeout` has passed first. nullopt: no time-out. Good until the next call.
  std::span<const Ready> wait(std::optional<Duration> timeout);

 private:
  UniqueFd epoll_;
  std::vector<Ready> ready_;
  std::size_t most_ = 0;
};

}  // namespace gatevisor::os
