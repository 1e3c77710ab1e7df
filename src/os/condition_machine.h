// The conditions on the machine and on gatevisor itself.
#pragma once

#include "gatevisor/settings.h"

namespace gatevisor::os {

/// Of a kind from Condition::Kind::Architecture on, without its negation. What cannot be told does
/// not hold.
bool machine_holds(const Condition& condition);

}  // namespace gatevisor::os
