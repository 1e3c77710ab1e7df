// Condition…= and Assert…= of a unit, looked at.
#pragma once

#include <vector>

#include "gatevisor/event.h"
#include "gatevisor/settings.h"

namespace gatevisor::app {

/// Conditions first: where one is not met, assertions are not looked at (systemd.unit(5)).
event::ConditionsChecked check_conditions(const std::vector<Condition>& conditions);

}  // namespace gatevisor::app
