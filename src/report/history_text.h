// `gatevisor history`: one line an invocation.
#pragma once

#include <string>

#include "gatevisor/death_report.h"
#include "log/calendar.h"

namespace gatevisor::report {

/// The columns' titles, and a line of them; each with its newline. `with_unit`: of several units.
std::string history_title(bool with_unit);
/// A report without an end (`ended_usec` 0) is one of which no end is recorded.
std::string history_line(const DeathReport& report, const log::Calendar& calendar, bool with_unit);

}  // namespace gatevisor::report
