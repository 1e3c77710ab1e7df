// What the flight recorder saw of a life, for a person: the curve of its memory, how fast it grew,
// and who it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gatevisor/death_report.h"
#include "log/calendar.h"

namespace gatevisor::report {

/// Lines of a plot, its scale in front and its times below: from the first look to the death. Its
/// height is the limit, or what was the most. Empty where there are not at least two looks.
std::vector<std::string> memory_plot(const DeathReport& report, const log::Calendar& calendar);

/// 'from 120.0M to 480.0M in the last 1min 2s (5.8M a second): anonymous 470.0M, file 8.0M'.
/// Empty without a look.
std::string memory_trend(const DeathReport& report);

/// 'node (pid 12) 470.0M, 350.0M more; python3 (pid 40) 20.0M'. Empty where none is known.
std::string biggest_processes(const std::vector<Sample>& samples);

/// '1.02 processors busy, 12 tasks, 34 % of the time stalled for memory'. Empty without two looks.
std::string load(const std::vector<Sample>& samples);

}  // namespace gatevisor::report
