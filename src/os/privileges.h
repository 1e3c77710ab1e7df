// gatevisor's own privileges.
#pragma once

#include <cstdint>
#include <optional>

#include "gatevisor/error.h"

namespace gatevisor::os {

/// /proc/self/oom_score_adj; nullopt where it cannot be read.
std::optional<int> own_oom_score_adj();

/// Below what it is, CAP_SYS_RESOURCE of the machine is needed.
Expected<void> set_own_oom_score_adj(int value);

/// From here on the kernel chooses gatevisor for no OOM kill, neither alone nor with the group of a
/// container whose memory.oom.group is 1. A score of -999 is not enough: the kernel calls the
/// memory of a victim given back a moment before it is (MMF_OOM_SKIP in exit_mmap), and whatever
/// asks for a page in that moment is the next to be chosen. Where nobody is left to be killed,
/// gatevisor's own calls fail with ENOMEM, and its page faults are tried again.
/// Without CAP_SYS_RESOURCE its score stays what it is.
void protect_from_oom();

/// The same of a helper, which can be started anew: it is chosen last, but not never.
void expect_oom_last();

}  // namespace gatevisor::os
