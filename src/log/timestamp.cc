#include "log/timestamp.h"

#include <algorithm>

#include "config/time_span.h"

namespace gatevisor::log {
namespace {

using config::Parsed;
using config::refuse;

constexpr std::int64_t kUsec = 1'000'000;
constexpr const char* kForm =
    "expected a time as in systemd.time(7): today, -5min, '2012-11-23 11:12', @1700000000";

/// A number of exactly `digits` digits, or of up to two where 0; -1: there is none.
int take_number(std::string_view& text, std::size_t digits) {
  std::size_t n = 0;
  int number = 0;
  const std::size_t most = digits == 0 ? 2 : digits;
  while (n < most && n < text.size() && config::is_digit(text[n])) {
    number = number * 10 + (text[n++] - '0');
  }
  if (n == 0 || (digits != 0 && n != digits)) return -1;
  text.remove_prefix(n);
  return number;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text, CivilTime& time) {
  std::string_view rest = text;
  const std::size_t dash = rest.find('-');
  if (dash != 2 && dash != 4) return false;
  const int year = take_number(rest, dash);
  const bool first = take(rest, '-');
  const int month = take_number(rest, 0);
  const bool second = take(rest, '-');
  const int day = take_number(rest, 0);
  if (year < 0 || !first || !second || month < 1 || month > 12 || day < 1 || day > 31) return false;
  // strptime(3), %y
  time.year = dash == 4 ? year : year + (year < 69 ? 2000 : 1900);
  time.month = month;
  time.day = day;
  text = rest;
  return true;
}

bool take_time(std::string_view& text, CivilTime& time, std::int64_t& usec) {
  std::string_view rest = text;
  const int hour = take_number(rest, 0);
  if (hour < 0 || hour > 23 || !take(rest, ':')) return false;
  const int minute = take_number(rest, 0);
  if (minute < 0 || minute > 59) return false;
  int second = 0;
  if (take(rest, ':')) {
    second = take_number(rest, 0);
    if (second < 0 || second > 60) return false;
    if (take(rest, '.')) {
      if (rest.empty() || !config::is_digit(rest.front())) return false;
      std::int64_t unit = kUsec / 10;
      for (; !rest.empty() && config::is_digit(rest.front()); rest.remove_prefix(1), unit /= 10) {
        usec += (rest.front() - '0') * unit;
      }
    }
  }
  time.hour = hour;
  time.minute = minute;
  time.second = second;
  text = rest;
  return true;
}

/// 'Z', '+02:00', '-0530': seconds east of UTC.
std::optional<int> take_offset(std::string_view& text) {
  if (take(text, 'Z')) return 0;
  const bool west = text.starts_with('-');
  if (!west && !text.starts_with('+')) return std::nullopt;
  std::string_view rest = text.substr(1);
  const int hours = take_number(rest, 2);
  (void)take(rest, ':');
  const int minutes = rest.empty() ? 0 : take_number(rest, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  text = rest;
  return (hours * 3600 + minutes * 60) * (west ? -1 : 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

/// The short or the long name; -1: none is there.
int take_weekday(std::string_view& text) {
  constexpr std::string_view kLong[] = {"sunday",   "monday", "tuesday", "wednesday",
                                        "thursday", "friday", "saturday"};
  const std::string word = lower(text.substr(0, text.find(' ')));
  for (int day = 0; day < 7; ++day) {
    if (word != kLong[day] && word != kLong[day].substr(0, 3)) continue;
    text.remove_prefix(word.size());
    text = config::trim(text);
    return day;
  }
  return -1;
}

Parsed<std::uint64_t> positive(std::int64_t usec) {
  return usec < 0 ? refuse("that is before 1970")
                  : Parsed<std::uint64_t>(static_cast<std::uint64_t>(usec));
}

Parsed<std::uint64_t> at_distance(std::string_view span, std::uint64_t now, bool back) {
  const auto distance = config::parse_time_span(span);
  if (!distance || *distance == kForever) return refuse(kForm);
  const auto usec = static_cast<std::uint64_t>(distance->count());
  if (back) return usec > now ? 0 : now - usec;
  return now + std::min(usec, ~std::uint64_t{0} - now);
}

}  // namespace

Parsed<std::uint64_t> parse_timestamp(std::string_view text, const Calendar& calendar,
                                      std::uint64_t now_usec) {
  text = config::trim(text);
  if (text.empty()) return refuse(kForm);
  if (text == "now") return now_usec;
  if (text.front() == '@') {
    const auto since = config::parse_time_span(text.substr(1));
    if (!since || *since == kForever) return refuse(kForm);
    return static_cast<std::uint64_t>(since->count());
  }
  if (text.front() == '+' || text.front() == '-') {
    return at_distance(text.substr(1), now_usec, text.front() == '-');
  }
  if (text.ends_with(" ago")) return at_distance(text.substr(0, text.size() - 4), now_usec, true);
  if (text.ends_with(" left")) return at_distance(text.substr(0, text.size() - 5), now_usec, false);

  const int weekday = take_weekday(text);
  CivilTime time = calendar.civil(static_cast<std::int64_t>(now_usec / kUsec));
  time.hour = time.minute = time.second = 0;
  std::int64_t usec = 0;
  if (text.starts_with("today")) {
    text.remove_prefix(5);
  } else if (text.starts_with("yesterday")) {
    text.remove_prefix(9);
    --time.day;
  } else if (text.starts_with("tomorrow")) {
    text.remove_prefix(8);
    ++time.day;
  } else if (take_date(text, time)) {
    if (text.starts_with('T') || (text.size() > 1 && text[0] == ' ' && config::is_digit(text[1]))) {
      text.remove_prefix(1);
      if (!take_time(text, time, usec)) return refuse(kForm);
    }
    if (weekday >= 0 && weekday != weekday_of(time.year, time.month, time.day)) {
      return refuse("that date is another day of the week");
    }
  } else if (!take_time(text, time, usec)) {
    return refuse(kForm);
  }

  std::string_view zone;
  std::optional<int> offset;
  if (!text.empty()) {
    const bool space = text.front() == ' ';
    text = config::trim(text);
    offset = take_offset(text);
    if (offset) {
      zone = "UTC";
    } else if (space) {
      zone = text;
      if (lower(zone) == "utc") zone = "UTC";
      text = {};
    }
    if (!text.empty()) return refuse(kForm);
  }
  const auto seconds = calendar.seconds(time, zone);
  if (!seconds) return refuse("there is no time zone " + config::quoted(zone));
  return positive((*seconds - offset.value_or(0)) * kUsec + usec);
}

}  // namespace gatevisor::log
