// What a client of the control socket sees for itself of a unit: cgroup files and processes.
#pragma once

#include "gatevisor/unit_status.h"

namespace gatevisor::app {

ObservedUnit observe(UnitStatus status);

}  // namespace gatevisor::app
