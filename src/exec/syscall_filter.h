// Seccomp filters, by libseccomp: compiled in the parent, once; installed in the child.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "gatevisor/error.h"
#include "gatevisor/syscall_filter.h"

namespace gatevisor::exec {

class SyscallFilters {
 public:
  using Program = std::vector<sock_filter>;

  /// One program for each setting that asks for one, for every architecture that this kernel may
  /// run beside the native one (x86 and x32 on x86-64). A call that an architecture does not have
  /// is left out there. Error: an architecture that cannot be filtered here, a program that the
  /// kernel would not take, no memory.
  static Expected<SyscallFilters> compile(const SyscallFilterSettings& settings);

  bool empty() const { return programs_.empty(); }
  /// execve(2) itself is denied: nothing could be started.
  bool denies_execve() const { return denies_execve_; }
  const std::vector<Program>& programs() const { return programs_; }

  /// In the child; allocates nothing. False with errno: seccomp(2).
  bool install() const;

 private:
  std::vector<Program> programs_;  ///< in the order in which they are installed
  bool denies_execve_ = false;
};

/// In the child: it has CAP_SYS_ADMIN, without which a filter needs no_new_privs (seccomp(2)).
bool may_filter_as_it_is();

}  // namespace gatevisor::exec
