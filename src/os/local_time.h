// The machine's time zones: localtime_r(3) and mktime(3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatevisor::os {

struct LocalTime {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int weekday = 4;
  int offset_seconds = 0;  ///< east of UTC
  std::string zone;
};

LocalTime local_time(std::int64_t seconds);
/// The fields may be out of their ranges. `zone`: 'UTC', a name under /usr/share/zoneinfo, or empty
/// for the machine's own. Nothing where there is no such zone. For one thread: it changes TZ.
std::optional<std::int64_t> seconds_of(const LocalTime& time, std::string_view zone);

}  // namespace gatevisor::os
