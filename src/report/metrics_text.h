// `gatevisor metrics`: the state of units as text for Prometheus and its like.
//
// OpenMetrics (https://github.com/prometheus/OpenMetrics), or the format before it, which a textfile collector and
// promtool read: there the name of a counter's family ends with '_total' too, and there is neither a stateset, an
// info, a unit nor an end. Seconds and bytes. What this machine does not tell has no sample, never a zero.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "gatevisor/unit_status.h"
#include "log/calendar.h"

namespace gatevisor::report {

enum class MetricsFormat : std::uint8_t { OpenMetrics, Prometheus };

std::string metrics_text(const SupervisorStatus& supervisor, std::span<const ObservedUnit> units,
                         MetricsFormat format);

}  // namespace gatevisor::report
