// The only place where a clock is read.
#pragma once

#include <cstdint>
#include <string>

#include "gatevisor/time.h"

namespace gatevisor::os {

/// CLOCK_BOOTTIME: monotonic, and goes on while the machine is suspended (clock_gettime(2)).
Instant now();

/// What the wall clock says of an instant, by today's offset: RFC 3339 in UTC with microseconds.
std::string wall_time(Instant instant);

/// Now, as a journal entry has it: CLOCK_REALTIME and CLOCK_MONOTONIC.
struct JournalTimes {
  std::uint64_t realtime_usec;
  std::uint64_t monotonic_usec;
};
JournalTimes journal_times();

}  // namespace gatevisor::os
