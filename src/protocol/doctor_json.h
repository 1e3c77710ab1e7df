// What `gatevisor doctor --json` prints.
#pragma once

#include <string>

#include "gatevisor/rungs.h"

namespace gatevisor::protocol {

/// One object: "rungs", "verdicts" (cause, here, best, missing), "remedies", "complete".
std::string doctor_json(const Rungs& rungs);

}  // namespace gatevisor::protocol
