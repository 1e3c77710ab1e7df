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

}  // namespace gatevisor::log
