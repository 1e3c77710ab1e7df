// What a process has of this machine and of whoever started it, where no setting says otherwise.
#pragma once

#include <cstdint>
#include <map>

#include "gatevisor/settings.h"

namespace gatevisor::os {

/// Bytes that MemoryMax=N% is of.
std::uint64_t physical_memory();

/// What systemd's TasksMax=N% is of: the smaller one of the kernel's two limits.
std::uint64_t most_tasks();

std::uint64_t page_size();

/// All that the kernel knows, bit n for capability n (/proc/sys/kernel/cap_last_cap).
std::uint64_t known_capabilities();

/// Each RLIMIT_ by its number.
std::map<int, Rlimit> own_rlimits();

int own_nice();
std::uint64_t own_timer_slack_nsec();
/// /proc/self/coredump_filter; the kernel's default, 0x33, where it cannot be read.
std::uint64_t own_coredump_filter();

}  // namespace gatevisor::os
