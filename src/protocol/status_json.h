// The state of units and of gatevisor as org.gatevisor.Manager has it.
#pragma once

#include "gatevisor/unit_status.h"
#include "protocol/json.h"

namespace gatevisor::protocol {

ordered_json to_json(const UnitStatus& unit);
ordered_json to_json(const SupervisorStatus& supervisor);
/// What is missing, or is none, stays as it is in an empty one.
UnitStatus read_unit(const ordered_json& json);
SupervisorStatus read_supervisor(const ordered_json& json);

}  // namespace gatevisor::protocol
