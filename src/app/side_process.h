// A process that runs beside a unit's life: the command of a probe, or a hook.
//
// Owns the child until it is reaped. Neither it nor what it starts counts as the service's.
#pragma once

#include <optional>
#include <string>

#include "gatevisor/wait_status.h"
#include "os/process.h"
#include "os/unique_fd.h"

namespace gatevisor::app {

class SideProcess {
 public:
  SideProcess() = default;
  /// `exec_pipe`: where execve(2) says what it failed with.
  SideProcess(os::Child child, os::UniqueFd exec_pipe)
      : child_(std::move(child)), exec_pipe_(std::move(exec_pipe)) {}

  explicit operator bool() const { return child_.pid != 0; }
  int pid() const { return child_.pid; }

  struct End {
    WaitStatus status;
    std::string problem;  ///< why execve(2) did not come about; empty: it did
  };
  /// It is a zombie: reaps it, and it is none any more.
  End collect(WaitStatus status);
  /// Ends it and its process group at once. It is still to be collected.
  void kill(const os::ProcessMaker& maker) const;

 private:
  os::Child child_;
  os::UniqueFd exec_pipe_;
};

}  // namespace gatevisor::app
