#include "log/bytes.h"

#include <array>

namespace gatevisor::log {

void append_number(std::string& out, std::uint64_t number, int width) {
  std::array<char, 20> digits;
  std::size_t at = digits.size();
  for (; number != 0 || width > 0; --width, number /= 10) {
    digits[--at] = static_cast<char>('0' + number % 10);
  }
  out.append(digits.data() + at, digits.size() - at);
}

std::string format_bytes(std::uint64_t bytes) {
  std::string text;
  constexpr std::string_view kUnits = "EPTGMK";
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const std::size_t shift = 10 * (kUnits.size() - i);
    const std::uint64_t whole = bytes >> shift;
    if (whole == 0) continue;
    append_number(text, whole);
    text += '.';
    append_number(text, (bytes >> (shift - 10)) * 10 / 1024 % 10);
    text += kUnits[i];
    return text;
  }
  append_number(text, bytes);
  return text + 'B';
}

std::string format_span(std::uint64_t usec) {
  struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
  };
  // systemd.time(7): a month has 30.44 days, a year 365.25.
  constexpr std::array kUnits = {Unit{"y", 31'557'600'000}, Unit{"month", 2'629'800'000},
                                 Unit{"w", 604'800'000},    Unit{"d", 86'400'000},
                                 Unit{"h", 3'600'000},      Unit{"min", 60'000}};
  std::uint64_t left = usec / 1000;
  std::string text;
  const auto add = [&text](std::uint64_t number, std::string_view behind) {
    if (!text.empty()) text += ' ';
    append_number(text, number);
    text += behind;
  };
  for (const Unit& unit : kUnits) {
    if (left < unit.milliseconds) continue;
    add(left / unit.milliseconds, unit.name);
    left %= unit.milliseconds;
  }
  if (left >= 1000) {
    add(left / 1000, left % 1000 == 0 ? "s" : ".");
    if (left % 1000 != 0) {
      append_number(text, left % 1000, 3);
      text += 's';
    }
  } else if (left > 0) {
    add(left, "ms");
  }
  return text.empty() ? "0" : text;
}

}  // namespace gatevisor::log
