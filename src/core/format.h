// Numbers for people: sizes and time spans as systemd prints them.
#pragma once

#include <cstdint>
#include <string>

#include "gatevisor/time.h"

namespace gatevisor {

/// '512B', '64.0M', '1.5G': base 1024, one decimal.
std::string format_bytes(std::uint64_t bytes);

/// '2s', '200ms', '1min 30s', '1h 2min', 'infinity': the two largest units that are not zero.
std::string format_duration(Duration span);

}  // namespace gatevisor
