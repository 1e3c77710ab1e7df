// `gatevisor why`: one death for a person who was woken by it.
#pragma once

#include <cstdint>
#include <string>

#include "gatevisor/death_report.h"
#include "log/calendar.h"

namespace gatevisor::report {

struct WhyView {
  const log::Calendar& calendar;
  std::uint64_t now_usec = 0;
  bool bar = false;  ///< draws memory: on a terminal
};

/// Several lines, each with its newline. What was recorded is made printable.
std::string why_text(const DeathReport& report, const WhyView& view);

}  // namespace gatevisor::report
