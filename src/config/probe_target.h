// What a probe asks, and what it accepts: LivenessProbe=, LivenessProbeStatus=.
#pragma once

#include <string_view>

#include "config/text.h"
#include "gatevisor/probe.h"

namespace gatevisor::config {

/// 'http://ADDRESS:PORT/PATH' or 'tcp://ADDRESS:PORT'. ADDRESS is numeric, IPv6 in brackets, or
/// 'localhost', which is 127.0.0.1. Without :PORT, http means 80; without /PATH, '/'. Or
/// 'exec:COMMAND', as in ExecStart=, or 'log:TEXT', which is in one line.
Parsed<ProbeTarget> parse_probe_target(std::string_view text);

/// '200-399 401': codes and ranges, 100 to 599.
Parsed<HttpStatusSet> parse_http_statuses(std::string_view text);

}  // namespace gatevisor::config
