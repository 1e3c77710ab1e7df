// What the kernel's log says of the deaths of one unit.
//
// Owns the unit's place in the log and what was found there during the invocation.
#pragma once

#include "gatevisor/kernel_log.h"
#include "os/kernel_log.h"
#include "protocol/kernel_log.h"

namespace gatevisor::app {

class KernelLogReader {
 public:
  void open();
  explicit operator bool() const { return static_cast<bool>(file_); }
  int fd() const { return file_.fd(); }

  /// An invocation begins.
  void begin();
  /// What was logged since; with what was before, as far as it is kept. `pid`: the process that
  /// is dead and not yet reaped, or 0.
  const KernelLog& read(int pid);

 private:
  os::KernelLogFile file_;
  protocol::KernelLogParser parser_;
  KernelLog log_;
};

}  // namespace gatevisor::app
