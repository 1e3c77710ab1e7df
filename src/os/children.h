// Where there is no cgroup to kill: our own children, as the kernel lists them.
//
// gatevisor is a subreaper (prctl(2) PR_SET_CHILD_SUBREAPER) or PID 1: whatever outlives its parent
// becomes its child. Reads /proc; signals children only, none of which can be reaped meanwhile.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "gatevisor/error.h"

namespace gatevisor::os {

Expected<void> become_subreaper();

/// Live children of this process that were started at or after `since_ticks` (proc(5) stat, field
/// 22), except those in `but`. Empty where /proc cannot be read.
std::vector<int> own_children(std::uint64_t since_ticks, std::initializer_list<int> but);

/// Whether it is a live child of this process.
bool is_child(int pid);

/// 0 where it cannot be told.
int parent_of(int pid);

/// Start time of a process in clock ticks since boot; 0 where it cannot be read.
std::uint64_t start_ticks(int pid);

/// $INVOCATION_ID of a process, as it was started (proc(5) environ). Empty: it has none, or may not
/// be asked.
std::string invocation_of(int pid);

/// Whether own_children() can work here.
bool can_list_children();

}  // namespace gatevisor::os
