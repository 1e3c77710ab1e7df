// Which records of the kernel's log are of this death.
//
// They are evidence beside the counters, and never decide a cause. Where gatevisor's pids and
// cgroups are not the log's own, a record that another one on the machine might have left too is
// none: rather nothing than a guess.
#pragma once

#include "core/death.h"
#include "core/oom_finding.h"

namespace gatevisor::core {

/// Whether anything can be there of a process that ended so. Else nobody needs to read it.
bool may_be_in_kernel_log(const WaitStatus& status, int seccomp_mode, const CgroupSnapshot& after);

/// Of the call for which `pid` was killed; nullptr: none, or not surely.
const KernelDenial* find_denial(const KernelLog& log, int pid);

/// Of the last process of the invocation that was killed out of memory; nullptr: none, or not
/// surely.
const KernelKill* find_kill(const Death& death, const OomFinding& finding);

/// The numbers of the victim, and whose limit it was.
std::vector<Evidence> evidence_of(const KernelKill& kill);
std::vector<Evidence> evidence_of(const KernelDenial& denial);
/// 'ptrace(2)'
std::string call_words(const KernelDenial& denial);

}  // namespace gatevisor::core
