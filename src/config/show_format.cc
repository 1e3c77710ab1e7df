// How systemctl 252 writes values.

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "config/capability_set.h"
#include "config/show_rows.h"
#include "gatevisor/wait_status.h"

namespace gatevisor::config {
namespace {

struct Unit {
  std::uint64_t ticks;  ///< microseconds
  std::size_t decimals;
  std::string_view name;
};

// systemd.time(7): a month has 30.44 days, a year 365.25.
constexpr std::array kUnits = {
    Unit{31'557'600'000'000, 0, "y"},
    Unit{2'629'800'000'000, 0, "month"},
    Unit{604'800'000'000, 0, "w"},
    Unit{86'400'000'000, 0, "d"},
    Unit{3'600'000'000, 0, "h"},
    Unit{60'000'000, 0, "min"},
    Unit{1'000'000, 6, "s"},
    Unit{1'000, 3, "ms"},
    Unit{1, 0, "us"},
};

std::string padded(std::string number, std::size_t length) {
  if (number.size() < length) number.insert(0, length - number.size(), '0');
  return number;
}

/// What is written of a control character, as cescape() has it.
std::string escaped(char c) {
  switch (c) {
    case '\a': return "\\a";
    case '\b': return "\\b";
    case '\f': return "\\f";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    case '\v': return "\\v";
    default: break;
  }
  return "\\" + padded(digits(static_cast<unsigned char>(c), 8), 3);
}

bool is_control(char c) { return (c > 0 && c < ' ') || c == 0x7f; }

}  // namespace

ShownValue shown_text(std::string_view text) { return {ShownForm::Text, {std::string(text)}}; }
ShownValue shown_words(std::vector<std::string> words) {
  return {ShownForm::Words, std::move(words)};
}
ShownValue shown_lines(std::vector<std::string> lines) {
  return {ShownForm::Lines, std::move(lines)};
}
ShownValue shown_number(std::uint64_t number) { return shown_text(std::to_string(number)); }
ShownValue shown_int(int number) { return shown_text(std::to_string(number)); }
ShownValue shown_yes_no(bool yes) { return shown_text(yes ? "yes" : "no"); }
ShownValue shown_span(Duration span) { return shown_text(time_span_text(span)); }

ShownValue shown_mode(unsigned mode) { return shown_text(padded(digits(mode, 8), 4)); }

std::string digits(std::uint64_t number, int base) {
  char text[64];
  return {text, std::to_chars(text, std::end(text), number, base).ptr};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (&word != &words.front()) text += ' ';
    text += word;
  }
  return text;
}

std::string time_span_text(Duration span) {
  if (span == kForever) return "infinity";
  if (span <= Duration{0}) return "0";
  std::uint64_t left = static_cast<std::uint64_t>(span.count());
  std::string text;
  for (const Unit& unit : kUnits) {
    if (left < unit.ticks) continue;
    if (!text.empty()) text += ' ';
    text += std::to_string(left / unit.ticks);
    left %= unit.ticks;
    // Below a minute it is one number.
    if (left > 0 && unit.decimals > 0) {
      text += "." + padded(std::to_string(left), unit.decimals);
      left = 0;
    }
    text += unit.name;
    if (left == 0) break;
  }
  return text;
}

std::string ranges_text(const std::bitset<1024>& set) {
  std::string text;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (!set.test(i)) continue;
    const std::size_t first = i;
    while (i + 1 < set.size() && set.test(i + 1)) ++i;
    text += (text.empty() ? "" : " ") + std::to_string(first);
    if (i > first) text += "-" + std::to_string(i);
  }
  return text;
}

std::string capabilities_text(std::uint64_t set) {
  std::string text;
  for (int number = 0; number < 64; ++number) {
    if ((set >> number & 1) == 0) continue;
    if (!text.empty()) text += ' ';
    const std::string_view name = capability_name(number);
    if (name.empty()) text += "cap_" + std::to_string(number);
    for (const char c : name) text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

std::string short_signal(int signal) {
  std::string name(signal_name(signal));
  if (name.starts_with("SIG")) name.erase(0, 3);
  return name;
}

std::string shell_quoted(std::string_view text) {
  constexpr std::string_view kEscape = "\"\\`$";
  constexpr std::string_view kQuote = "\"\\`$*?['()<>|&;! \t\n\r";
  const bool plain = std::ranges::none_of(
      text, [&](char c) { return is_control(c) || kQuote.find(c) != std::string_view::npos; });
  if (plain) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (is_control(c)) {
      quoted += escaped(c);
      continue;
    }
    if (kEscape.find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace gatevisor::config
