#include "core/format.h"

#include <array>
#include <string_view>

namespace gatevisor {

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "BKMGTPE";
  std::size_t unit = 0;
  std::uint64_t scale = 1;
  while (bytes / scale >= 1024 && unit + 1 < kUnits.size()) {
    scale *= 1024;
    ++unit;
  }
  std::string text = std::to_string(bytes / scale);
  if (unit > 0) {
    // The first decimal, rounded down: a limit is never shown as more than it is.
    text += '.' + std::to_string((bytes % scale) * 10 / scale);
  }
  return text + kUnits[unit];
}

std::string format_duration(Duration span) {
  if (span == kForever) return "infinity";
  if (span <= Duration{0}) return "0s";
  struct Unit {
    Duration::rep usec;
    std::string_view suffix;
  };
  constexpr std::array kUnits = {Unit{86'400'000'000, "d"}, Unit{3'600'000'000, "h"},
                                 Unit{60'000'000, "min"},   Unit{1'000'000, "s"},
                                 Unit{1'000, "ms"},         Unit{1, "us"}};
  std::string text;
  int printed = 0;
  Duration::rep rest = span.count();
  for (const Unit& unit : kUnits) {
    const Duration::rep count = rest / unit.usec;
    rest %= unit.usec;
    if (count == 0) continue;
    if (!text.empty()) text += ' ';
    text += std::to_string(count) + std::string(unit.suffix);
    if (++printed == 2) break;
  }
  return text;
}

}  // namespace gatevisor
