#include "config/text.h"

#include <algorithm>
#include <charconv>

namespace gatevisor::config {
namespace {

constexpr std::size_t kExcerpt = 80;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

/// Length of the UTF-8 sequence at the start of `text`; 0 where there is none.
/// RFC 3629, section 4: no overlong form, no surrogate, nothing above U+10FFFF.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(at(i))) return 0;
  }
  const unsigned char second = at(1);
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second > 0x9f) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second > 0x8f) return 0;
  return length;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhitespace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhitespace) - first + 1);
}

std::string printable(std::string_view text) {
  std::size_t length = text.size();
  if (length > kExcerpt) {
    length = kExcerpt;
    // Not in the middle of a character: where a message goes may insist on UTF-8.
    while (length > kExcerpt - 3 && is_continuation(static_cast<unsigned char>(text[length]))) {
      --length;
    }
  }
  std::string out(text.substr(0, length));
  if (is_utf8(out)) {
    std::ranges::replace_if(out, is_control, '?');
  } else {
    std::ranges::replace_if(
        out, [](char c) { return is_control(c) || static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  if (length < text.size()) out += "...";
  return out;
}

std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

Parsed<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t low, std::uint64_t high) {
  const auto value = parse_decimal(text);
  if (value && *value >= low && *value <= high) return *value;
  return refuse("expected a number from " + std::to_string(low) + " to " + std::to_string(high));
}

Parsed<bool> parse_boolean(std::string_view text) {
  for (const std::string_view word : {"1", "yes", "y", "true", "t", "on"}) {
    if (equal_ignoring_case(text, word)) return true;
  }
  for (const std::string_view word : {"0", "no", "n", "false", "f", "off"}) {
    if (equal_ignoring_case(text, word)) return false;
  }
  return refuse("expected yes or no");
}

Parsed<std::string> parse_absolute_path(std::string_view text) {
  if (!text.starts_with('/')) return refuse("expected an absolute path");
  if (text.size() > kMaxPath) {
    return refuse("expected a path of at most " + std::to_string(kMaxPath) + " bytes");
  }
  if (std::ranges::any_of(text, is_control)) {
    return refuse("expected a path without control characters");
  }
  // systemd's path_is_normalized(): where such a path leads is not to be seen.
  if ((std::string(text) + "/").find("/../") != std::string::npos) {
    return refuse("expected a path without '..'");
  }
  return std::string(text);
}

}  // namespace gatevisor::config
