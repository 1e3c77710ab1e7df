// epoll(7) for a helper: what is ready, by the numbers that its descriptors were given.
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
  static Expected<Poller> create(std::size_t most);

  /// Level-triggered. To write where `writable`, else to read; a pipe's end counts as both.
  Expected<void> watch(int fd, std::uint64_t number, bool writable = false);
  void unwatch(int fd);

  /// The numbers of all that is ready; none when `timeout` has passed first. nullopt: no time-out.
  std::span<const std::uint64_t> wait(std::optional<Duration> timeout);

 private:
  UniqueFd epoll_;
  std::vector<std::uint64_t> ready_;
  std::size_t most_ = 0;
};

}  // namespace gatevisor::os
