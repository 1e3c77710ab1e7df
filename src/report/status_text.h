// `gatevisor status`, as text for a person: systemctl's layout.
#pragma once

#include <string>

#include "gatevisor/unit_status.h"
#include "log/calendar.h"

namespace gatevisor::report {

struct StatusView {
  const log::Calendar& calendar;
  std::uint64_t now_usec = 0;
  bool colors = false;
};

/// Ends with a newline. Times that cannot be read are left out.
std::string status_text(const ObservedUnit& unit, const StatusView& view);
/// One line on gatevisor itself.
std::string supervisor_text(const SupervisorStatus& supervisor, const StatusView& view);

}  // namespace gatevisor::report
