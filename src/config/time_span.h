// Time spans as systemd.time(7) writes them: '1min 30s', '200ms', '2', 'infinity'.
#pragma once

#include <string_view>

#include "config/text.h"
#include "gatevisor/time.h"

namespace gatevisor::config {

/// All of systemd.time(7), PARSING TIME SPANS: the terms add up, spaces between them may be left
/// out, a number without a unit counts in `unit`, 'infinity' is kForever. Digits below a
/// microsecond are dropped. Refuses what does not fit below kForever (292 000 years).
Parsed<Duration> parse_time_span(std::string_view text, Duration unit = std::chrono::seconds{1});

/// For time-outs: 0 means the same as 'infinity' there (systemd.service(5), TimeoutStopSec=).
Parsed<Duration> parse_timeout(std::string_view text);

}  // namespace gatevisor::config
