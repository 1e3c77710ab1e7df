// What gatevisor tells whoever runs it: sd_notify(3) to podman or systemd, and why it ended to
// Kubernetes (its terminationMessagePath).
//
// Owns nothing but what it is still to say. Never waits; what cannot be told is left, since nobody
// would hear of that either.
#pragma once

#include <optional>
#include <string>

#include "gatevisor/record.h"

namespace gatevisor::app {

class Upstream {
 public:
  /// What Kubernetes shows of it.
  static constexpr std::size_t kMostMessage = 4096;
  static constexpr const char* kTerminationLog = "/dev/termination-log";

  Upstream() = default;
  /// $NOTIFY_SOCKET and its like, which go no further: the gateway has a socket of its own.
  /// `termination_log`: a file that is there; empty: kTerminationLog, if it is. Error: it cannot be
  /// written.
  static Expected<Upstream> from_environment(std::string termination_log);

  /// A record of the main unit.
  void told(const Record& record);
  /// The main unit is active.
  void ready();
  /// gatevisor ends.
  void end();

 private:
  void notify(const std::string& text) const;

  std::string notify_socket_;
  std::string termination_log_;
  std::optional<Verdict> last_;  ///< of the main unit
  bool ready_told_ = false;
};

}  // namespace gatevisor::app
