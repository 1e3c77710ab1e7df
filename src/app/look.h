// What the clients of the control socket see of units: told by gatevisor, and seen for themselves.
#pragma once

#include <string>
#include <vector>

#include "app/control_commands.h"
#include "app/exit_code.h"
#include "app/refusal.h"
#include "gatevisor/unit_status.h"

namespace gatevisor::app {

struct Look {
  SupervisorStatus supervisor;
  std::vector<ObservedUnit> units;
  int status = kOk;  ///< of the command; what is wrong was said
};

/// `command`: 'status', for complaints. All units, where none is named.
OrRefusal<Look> look(const ControlTarget& target, const std::string& command);

}  // namespace gatevisor::app
