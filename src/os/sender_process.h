// What /proc says of any process, without a look into its memory: that may be a file of a
// stranger's making, for which a reader waits as long as he likes (userfaultfd(2), FUSE).
// /proc/PID/cmdline and environ are read from there.
#pragma once

#include <string>

namespace gatevisor::os {

/// Empty where it cannot be told: the process is gone, or /proc is hidden.
struct SenderProcess {
  std::string comm;
  std::string cgroup;  ///< of cgroup v2: from '/'
};
SenderProcess sender_process(int pid);

}  // namespace gatevisor::os
