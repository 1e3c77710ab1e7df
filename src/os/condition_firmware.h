// ConditionFirmware=: systemd.unit(5).
#pragma once

#include <string>

namespace gatevisor::os {

/// 'uefi', 'device-tree', 'device-tree-compatible(NAME)', 'smbios-field(FIELD OPERATOR VALUE)'.
/// Whatever else it says does not hold. A container has none of its own, but sees the machine's.
bool has_firmware(const std::string& wanted);

}  // namespace gatevisor::os
