#include "config/size.h"

#include <algorithm>
#include <array>
#include <limits>

namespace gatevisor::config {
namespace {

constexpr std::string_view kSuffixes = "EPTGMKB";  // 'B', like no suffix, is 1024^0
constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
// Decimals that count. The eighteenth of an exabyte is a byte.
constexpr std::size_t kDecimals = 18;

constexpr const char* kForm =
    "expected a size such as 512M, 2G or 1.5G (K, M, G, T in capitals, base 1024)";
constexpr const char* kTooLarge = "this size does not fit 64 bits; write infinity for no limit";

std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

void skip_whitespace(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kWhitespace), text.size()));
}

/// False on overflow. Leading zeros are as good as none here, as in systemd.
bool to_number(std::string_view digits, std::uint64_t& number) {
  number = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (kMax - digit) / 10) return false;
    number = number * 10 + digit;
  }
  return true;
}

/// The bytes of '0.<digits>' of 1024^power, rounded down.
std::uint64_t fraction_of(std::string_view digits, std::uint64_t factor) {
  long double numerator = 0;
  long double denominator = 1;
  for (const char c : digits.substr(0, kDecimals)) {
    numerator = numerator * 10 + (c - '0');
    denominator *= 10;
  }
  return static_cast<std::uint64_t>(numerator * static_cast<long double>(factor) / denominator);
}

}  // namespace

Parsed<std::uint64_t> parse_size(std::string_view text, std::uint64_t base) {
  text = trim(text);
  std::uint64_t sum = 0;
  std::size_t next_suffix = 0;  // only smaller units may follow
  do {
    skip_whitespace(text);
    const std::string_view whole = take_digits(text);
    if (whole.empty()) return refuse(kForm);
    std::string_view decimals;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      decimals = take_digits(text);
    }
    skip_whitespace(text);
    std::size_t suffix = kSuffixes.size();  // none
    if (!text.empty() && !is_digit(text[0])) {
      suffix = kSuffixes.find(text[0]);
      if (suffix == std::string_view::npos) return refuse(kForm);
      text.remove_prefix(1);
    }
    if (suffix < next_suffix) return refuse(kForm);
    next_suffix = suffix + 1;

    const std::size_t power = suffix >= kSuffixes.size() - 1 ? 0 : kSuffixes.size() - 1 - suffix;
    std::uint64_t factor = 1;
    for (std::size_t i = 0; i < power; ++i) factor *= base;
    std::uint64_t number = 0;
    if (!to_number(whole, number) || number > kMax / factor) return refuse(kTooLarge);
    const std::uint64_t fraction = fraction_of(decimals, factor);
    if (fraction > kMax - number * factor || number * factor + fraction > kMax - sum) {
      return refuse(kTooLarge);
    }
    sum += number * factor + fraction;
  } while (!text.empty());
  return sum;
}

Parsed<std::uint64_t> parse_share(std::string_view text, std::uint64_t high) {
  struct Sign {
    std::string_view mark;
    std::size_t decimals;
    std::uint64_t hundredths;
  };
  constexpr std::array kSigns = {Sign{"%", 2, 100}, Sign{"\u2030", 1, 10}, Sign{"\u2031", 0, 1}};
  for (const Sign& sign : kSigns) {
    if (!text.ends_with(sign.mark)) continue;
    std::string_view number = text.substr(0, text.size() - sign.mark.size());
    std::string_view decimals;
    if (const std::size_t dot = number.find('.'); dot != std::string_view::npos) {
      decimals = number.substr(dot + 1);
      number = number.substr(0, dot);
      if (decimals.empty() || decimals.size() > sign.decimals) break;
    }
    const auto whole = parse_decimal(number);
    if (!whole || *whole > high / sign.hundredths) break;
    std::uint64_t share = *whole * sign.hundredths;
    std::uint64_t place = sign.hundredths;
    bool digits = true;
    for (const char c : decimals) {
      digits = digits && is_digit(c);
      place /= 10;
      share += static_cast<std::uint64_t>(c - '0') * place;
    }
    if (!digits || share > high) break;
    return share;
  }
  return refuse("expected a share such as 50% or 12.5%");
}

}  // namespace gatevisor::config
