// What has to be so before a unit is started, asked of the kernel once.
#pragma once

#include "gatevisor/settings.h"

namespace gatevisor::os {

/// Whether it is met, '!' included. What cannot be looked at is as if it were not there.
bool is_met(const Condition& condition);

}  // namespace gatevisor::os
