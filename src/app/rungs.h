// The rungs in use, from what os and exec found.
#pragma once

#include "gatevisor/rungs.h"
#include "os/placement.h"
#include "os/process.h"

namespace gatevisor::app {

Rungs find_rungs(const os::Placement& placement, const os::ProcessMaker& maker);

}  // namespace gatevisor::app
