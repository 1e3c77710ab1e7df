// gatevisor's own privileges.
#pragma once

#include <cstdint>
#include <optional>

#include "gatevisor/error.h"

namespace gatevisor::os {

/// /proc/self/oom_score_adj; nullopt where it cannot be read.
std::optional<int> own_oom_score_adj();

/// Makes a container-wide OOM choose the gateway before gatevisor. Needs CAP_SYS_RESOURCE.
Expected<void> set_own_oom_score_adj(int value);

}  // namespace gatevisor::os
