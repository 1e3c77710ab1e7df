// Sizes and spans of time as systemd prints them.
#pragma once

#include <cstdint>
#include <string>

namespace gatevisor::log {

/// '12B', '1.2K', '8.0M': to the base 1024, one digit behind the point, cut off.
std::string format_bytes(std::uint64_t bytes);

/// '35min 26.630s': to the millisecond, cut off.
std::string format_span(std::uint64_t usec);

/// Decimal digits, at least `width` of them.
void append_number(std::string& out, std::uint64_t number, int width = 1);

}  // namespace gatevisor::log
