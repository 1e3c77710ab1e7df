// Points in time as systemd.time(7) writes them, 'PARSING TIMESTAMPS'.
#pragma once

#include "config/text.h"
#include "log/calendar.h"

namespace gatevisor::log {

/// Microseconds since 1970. 'now', 'today', 'yesterday', 'tomorrow', '@1700000000.5', '-5min',
/// '+1h', '5min ago', '1h left', 'Fri 2012-11-23 23:02:15 UTC' and its shorter forms, and RFC 3339
/// ('2012-11-23T23:02:15.250Z').
config::Parsed<std::uint64_t> parse_timestamp(std::string_view text, const Calendar& calendar,
                                              std::uint64_t now_usec);

}  // namespace gatevisor::log
