// Signals as a descriptor: signalfd(2).
//
// Owns gatevisor's signal mask. Every signal is blocked but the ones that a fault raises, so none
// can end PID 1; the child's mask is emptied again between clone and execve.
#pragma once

#include <optional>

#include "gatevisor/error.h"
#include "gatevisor/event.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

class Signals {
 public:
  /// Resets dispositions that were inherited as ignored, blocks, and opens the descriptor.
  static Expected<Signals> take();

  int fd() const { return fd_.get(); }

  /// The next pending signal, or nullopt. SIGCHLD too: one may stand for many exits.
  std::optional<event::SignalReceived> next();

 private:
  UniqueFd fd_;
};

}  // namespace gatevisor::os
