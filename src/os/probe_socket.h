// One connection of a liveness probe. Never blocks: its user waits for the descriptor.
//
// Owns the socket until it is destroyed. Speaks no protocol: it sends bytes and collects an answer.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "gatevisor/probe.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class ProbeSocket {
 public:
  /// Begins to connect. A failure is the probe's result: what this machine refuses (descriptors,
  /// memory, permission, a route) is CannotRun, what the gateway refuses is Failed.
  static std::expected<ProbeSocket, ProbeResult> connect(const ProbeTarget& target);

  int fd() const { return fd_.get(); }

  /// After the descriptor was ready: whether the connection stands. nullopt: not yet.
  std::optional<ProbeResult> finish_connecting();
  /// Sends what fits of the rest of `request`; true when all of it is out.
  std::expected<bool, ProbeResult> send(std::string_view request);
  /// Collects up to `most` bytes; true when no more will come.
  std::expected<bool, ProbeResult> receive(std::size_t most);
  const std::string& answer() const { return answer_; }

 private:
  UniqueFd fd_;
  std::size_t sent_ = 0;
  std::string answer_;
};

}  // namespace gatevisor::os
