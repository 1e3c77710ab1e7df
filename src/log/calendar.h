// The wall clock's reading: a port to the machine's time zone, and UTC, which needs none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatevisor::log {

struct CivilTime {
  std::int64_t year = 1970;
  int month = 1;  ///< from 1
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int weekday = 4;         ///< 0: Sunday. Not read by Calendar::seconds()
  int offset_seconds = 0;  ///< east of UTC. Not read by Calendar::seconds()
  std::string zone = "UTC";
};

class Calendar {
 public:
  Calendar() = default;
  Calendar(const Calendar&) = delete;
  Calendar& operator=(const Calendar&) = delete;
  virtual ~Calendar() = default;

  virtual CivilTime civil(std::int64_t seconds) const = 0;
  /// The fields may be out of their ranges, as for mktime(3). `zone`: 'UTC', a name as
  /// 'Europe/Berlin', or empty for the one of this calendar. Nothing: there is no such zone or
  /// time.
  virtual std::optional<std::int64_t> seconds(const CivilTime& time,
                                              std::string_view zone) const = 0;
};

/// Knows no other zone.
class UtcCalendar final : public Calendar {
 public:
  CivilTime civil(std::int64_t seconds) const override;
  std::optional<std::int64_t> seconds(const CivilTime& time, std::string_view zone) const override;
};

/// How far that day is from the Sunday before it.
int weekday_of(std::int64_t year, int month, int day);

inline constexpr std::string_view kWeekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
inline constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// 'Tue 2023-11-14 22:13:20 UTC', with `.123456` where `microseconds`. '-': no time of a journal.
std::string format_timestamp(const Calendar& calendar, std::uint64_t usec, bool microseconds);

}  // namespace gatevisor::log
