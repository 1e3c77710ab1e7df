// The kernel's log, record by record, as /dev/kmsg gives it: what it says of killed processes.
//
// Only the kernel's own records count: whoever may write to /dev/kmsg can write any text, but not
// with the kernel's facility. Names of processes may hold anything, the text around them too: a
// line is read from its right end, and one that can be read in two ways is not read. Source: the
// kernel's Documentation/ABI/testing/dev-kmsg; mm/oom_kill.c; kernel/auditsc.c.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gatevisor/kernel_log.h"

namespace gatevisor::protocol {

/// What record follows record to: a kill and its group stand in several.
class KernelLogParser {
 public:
  /// One read(2): 'priority,sequence,usec,flags;text\n KEY=value\n'. What is none is passed over.
  void feed(std::string_view record, KernelLog& log);

 private:
  struct Choice {
    int pid;
    std::string constraint;
    std::string limit_cgroup;
    std::string cgroup;
  };
  void add_kill(std::string_view text, KernelLog& log);

  std::optional<Choice> choice_;  ///< 'oom-kill:…'; its 'Killed process …' is to follow
  std::string group_;             ///< whose processes are all being killed (memory.oom.group)
};

/// The text of a record of the kernel's own; nullopt: somebody else's, or none.
std::optional<std::string_view> kernel_text(std::string_view record);

}  // namespace gatevisor::protocol
