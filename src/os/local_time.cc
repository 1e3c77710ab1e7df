#include "os/local_time.h"

#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace gatevisor::os {
namespace {

bool is_zone(const std::string& name) {
  return !name.empty() && name.front() != '/' && name.find("..") == name.npos &&
         access(("/usr/share/zoneinfo/" + name).c_str(), R_OK) == 0;
}

std::int64_t make_time(const LocalTime& time) {
  struct tm fields {};
  fields.tm_year = static_cast<int>(time.year - 1900);
  fields.tm_mon = time.month - 1;
  fields.tm_mday = time.day;
  fields.tm_hour = time.hour;
  fields.tm_min = time.minute;
  fields.tm_sec = time.second;
  fields.tm_isdst = -1;
  return mktime(&fields);
}

}  // namespace

LocalTime local_time(std::int64_t seconds) {
  const auto time = static_cast<time_t>(seconds);
  struct tm fields {};
  LocalTime local;
  if (localtime_r(&time, &fields) == nullptr) return local;
  local.year = std::int64_t{fields.tm_year} + 1900;
  local.month = fields.tm_mon + 1;
  local.day = fields.tm_mday;
  local.hour = fields.tm_hour;
  local.minute = fields.tm_min;
  local.second = fields.tm_sec;
  local.weekday = fields.tm_wday;
  local.offset_seconds = static_cast<int>(fields.tm_gmtoff);
  local.zone = fields.tm_zone == nullptr ? "" : fields.tm_zone;
  return local;
}

std::optional<std::int64_t> seconds_of(const LocalTime& time, std::string_view zone) {
  tzset();
  const std::string name(zone);
  if (zone.empty() || name == tzname[0] || name == tzname[1]) return make_time(time);
  if (zone != "UTC" && !is_zone(name)) return std::nullopt;
  const char* const before = std::getenv("TZ");
  const std::optional<std::string> kept =
      before == nullptr ? std::nullopt : std::optional<std::string>(before);
  setenv("TZ", name.c_str(), 1);
  tzset();
  const std::int64_t seconds = make_time(time);
  if (kept) {
    setenv("TZ", kept->c_str(), 1);
  } else {
    unsetenv("TZ");
  }
  tzset();
  return seconds;
}

}  // namespace gatevisor::os
