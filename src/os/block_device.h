// Which disk a path means, as systemd.resource-control(5), IODeviceWeight= has it.
#pragma once

#include <string>

#include "gatevisor/error.h"

namespace gatevisor::os {

/// 'MAJOR:MINOR' of a block device, or of the one that a file's file system is on; of a partition,
/// and of an encrypted one, the disk below it. Error: there is none (overlay, tmpfs), the path.
Expected<std::string> find_block_device(const std::string& path);

}  // namespace gatevisor::os
