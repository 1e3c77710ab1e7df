// ConditionMemoryPressure= and its like: systemd.unit(5), and the kernel's
// Documentation/accounting/psi.rst.
#pragma once

#include "gatevisor/settings.h"

namespace gatevisor::os {

/// One of the three. Its parameter is 'CGROUP|LIMIT|TIME', as config/check_condition.h writes it.
/// Without PSI in this kernel, or where a cgroup is not there, it holds, as for systemd.
bool pressure_holds(const Condition& condition);

}  // namespace gatevisor::os
