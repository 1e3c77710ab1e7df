#include "config/time_span.h"

#include <algorithm>
#include <array>

namespace gatevisor::config {
namespace {

using Ticks = std::uint64_t;  // microseconds

struct Unit {
  std::string_view name;
  Ticks ticks;
};

constexpr Ticks kSecond = 1'000'000;
constexpr Ticks kMinute = 60 * kSecond;
constexpr Ticks kHour = 60 * kMinute;
constexpr Ticks kDay = 24 * kHour;
// systemd.time(7): a month has 30.44 days, a year 365.25.
constexpr Ticks kMonth = 2'629'800 * kSecond;
constexpr Ticks kYear = 31'557'600 * kSecond;

constexpr std::array kUnits = {
    Unit{"usec", 1},          Unit{"us", 1},           Unit{"\u03bcs", 1},
    Unit{"\u00b5s", 1},  // Greek mu, and the micro sign
    Unit{"msec", 1000},       Unit{"ms", 1000},        Unit{"seconds", kSecond},
    Unit{"second", kSecond},  Unit{"sec", kSecond},    Unit{"s", kSecond},
    Unit{"minutes", kMinute}, Unit{"minute", kMinute}, Unit{"min", kMinute},
    Unit{"m", kMinute},       Unit{"hours", kHour},    Unit{"hour", kHour},
    Unit{"hr", kHour},        Unit{"h", kHour},        Unit{"days", kDay},
    Unit{"day", kDay},        Unit{"d", kDay},         Unit{"weeks", 7 * kDay},
    Unit{"week", 7 * kDay},   Unit{"w", 7 * kDay},     Unit{"months", kMonth},
    Unit{"month", kMonth},    Unit{"M", kMonth},       Unit{"years", kYear},
    Unit{"year", kYear},      Unit{"y", kYear},
};

constexpr Ticks kLimit = static_cast<Ticks>(kForever.count());

constexpr const char* kForm = "expected a time such as 200ms, 8s, 1min 30s or infinity";
constexpr const char* kTooLong = "this time is too long to count; write infinity for no limit";

std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

std::string_view take_unit(std::string_view& text) {
  std::size_t n = 0;
  const auto part_of_unit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  while (n < text.size() && part_of_unit(text[n])) ++n;
  const std::string_view name = text.substr(0, n);
  text.remove_prefix(n);
  return name;
}

bool skip_whitespace(std::string_view& text) {
  const std::size_t before = text.size();
  text.remove_prefix(std::min(text.find_first_not_of(kWhitespace), before));
  return text.size() != before;
}

/// `digits` times `ticks` is added to `sum`; false where that reaches kForever.
bool add_whole(Ticks& sum, std::string_view digits, Ticks ticks) {
  Ticks number = 0;
  for (const char c : digits) {
    const auto digit = static_cast<Ticks>(c - '0');
    if (number > (kLimit - digit) / 10) return false;
    number = number * 10 + digit;
  }
  if (number > kLimit / ticks) return false;
  if (number * ticks >= kLimit - sum) return false;
  sum += number * ticks;
  return true;
}

bool add_fraction(Ticks& sum, std::string_view digits, Ticks ticks) {
  for (const char c : digits) {
    ticks /= 10;
    const Ticks part = static_cast<Ticks>(c - '0') * ticks;
    if (part >= kLimit - sum) return false;
    sum += part;
  }
  return true;
}

/// One term such as '1.5 min'; `text` moves behind it.
Parsed<void> add_term(Ticks& sum, std::string_view& text, Ticks default_ticks) {
  if (text.size() > 1 && text[0] == '+' && is_digit(text[1])) text.remove_prefix(1);
  const std::string_view whole = take_digits(text);
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (fraction.empty()) return refuse(kForm);
  } else if (whole.empty()) {
    return refuse(kForm);
  }

  const bool space = skip_whitespace(text);
  const std::string_view name = take_unit(text);
  Ticks ticks = default_ticks;
  if (!name.empty()) {
    ticks = 0;
    for (const Unit& unit : kUnits) {
      if (unit.name == name) ticks = unit.ticks;
    }
    if (ticks == 0) {
      return refuse("there is no unit of time " + quoted(name) +
                    "; write us, ms, s, min, h, d, w, month or y");
    }
  } else if (!space && !text.empty()) {
    return refuse(kForm);  // '1.2.3', '5-'
  }
  if (!add_whole(sum, whole, ticks) || !add_fraction(sum, fraction, ticks)) return refuse(kTooLong);
  return {};
}

}  // namespace

Parsed<Duration> parse_time_span(std::string_view text, Duration unit) {
  text = trim(text);
  if (text == "infinity") return kForever;
  if (text.empty()) return refuse(kForm);
  Ticks sum = 0;
  while (!text.empty()) {
    if (auto term = add_term(sum, text, static_cast<Ticks>(unit.count())); !term) {
      return refuse(std::move(term.error()));
    }
    skip_whitespace(text);
  }
  return Duration(static_cast<Duration::rep>(sum));
}

Parsed<Duration> parse_timeout(std::string_view text) {
  auto span = parse_time_span(text);
  if (span && *span == Duration{0}) return kForever;
  return span;
}

}  // namespace gatevisor::config
