#include "log/calendar.h"

#include <chrono>

#include "journal/format.h"
#include "log/bytes.h"

namespace gatevisor::log {
namespace {

constexpr std::int64_t kDay = 86400;

std::chrono::sys_days days_of(std::int64_t year, int month, int day) {
  const std::chrono::year_month first(std::chrono::year(static_cast<int>(year)),
                                      std::chrono::month(1));
  return std::chrono::sys_days((first + std::chrono::months(month - 1)) / 1) +
         std::chrono::days(day - 1);
}

}  // namespace

int weekday_of(std::int64_t year, int month, int day) {
  return static_cast<int>(std::chrono::weekday(days_of(year, month, day)).c_encoding());
}

CivilTime UtcCalendar::civil(std::int64_t seconds) const {
  std::int64_t days = seconds / kDay;
  std::int64_t rest = seconds % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  const std::chrono::sys_days date{std::chrono::days(days)};
  const std::chrono::year_month_day day(date);
  CivilTime time;
  time.year = int{day.year()};
  time.month = static_cast<int>(unsigned{day.month()});
  time.day = static_cast<int>(unsigned{day.day()});
  time.hour = static_cast<int>(rest / 3600);
  time.minute = static_cast<int>(rest / 60 % 60);
  time.second = static_cast<int>(rest % 60);
  time.weekday = static_cast<int>(std::chrono::weekday(date).c_encoding());
  return time;
}

std::optional<std::int64_t> UtcCalendar::seconds(const CivilTime& time,
                                                 std::string_view zone) const {
  if (!zone.empty() && zone != "UTC") return std::nullopt;
  const auto days = days_of(time.year, time.month, time.day).time_since_epoch().count();
  return days * kDay + time.hour * 3600 + time.minute * 60 + time.second;
}

std::string format_timestamp(const Calendar& calendar, std::uint64_t usec, bool microseconds) {
  if (usec >= journal::kTimeEnd) return "-";  // a damaged header's
  const CivilTime time = calendar.civil(static_cast<std::int64_t>(usec / 1'000'000));
  std::string text(kWeekdays[time.weekday]);
  const auto add = [&text](char before, std::int64_t number, int width) {
    text += before;
    append_number(text, static_cast<std::uint64_t>(number), width);
  };
  add(' ', time.year, 4);
  add('-', time.month, 2);
  add('-', time.day, 2);
  add(' ', time.hour, 2);
  add(':', time.minute, 2);
  add(':', time.second, 2);
  if (microseconds) add('.', static_cast<std::int64_t>(usec % 1'000'000), 6);
  return text + ' ' + time.zone;
}

}  // namespace gatevisor::log
