// What every parser of this room is made of: its result, its bounds, the simplest values.
//
// Owns: how a refusal is worded and quoted. Never knows a setting's name, never touches a file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace gatevisor::config {

/// A value, or the advice that goes into Error::advice: 'expected yes or no'.
template <typename T>
using Parsed = std::expected<T, std::string>;

inline std::unexpected<std::string> refuse(std::string advice) {
  return std::unexpected(std::move(advice));
}

/// Longest value of one setting. systemd's bound for one line of a unit file.
inline constexpr std::size_t kMaxValue = std::size_t{1} << 20;
/// Most entries that any list holds, however many assignments made it.
inline constexpr std::size_t kMaxEntries = 4096;
/// PATH_MAX of limits.h without its terminating NUL.
inline constexpr std::size_t kMaxPath = 4095;

/// systemd's WHITESPACE.
inline constexpr std::string_view kWhitespace = " \t\n\r";

std::string_view trim(std::string_view text);
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Text for a message: in quotes, cut after 80 bytes, '?' for every control character.
std::string quoted(std::string_view text);
/// The same without quotes.
std::string printable(std::string_view text);

/// Valid UTF-8 (RFC 3629) without NUL.
bool is_utf8(std::string_view text);

/// Digits only. No sign, no space; no leading zero either, which systemd reads as octal.
std::optional<std::uint64_t> parse_decimal(std::string_view text);
/// A decimal in [low, high].
Parsed<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t low, std::uint64_t high);

/// 1 yes y true t on, 0 no n false f off, in any case.
Parsed<bool> parse_boolean(std::string_view text);

/// Absolute, at most kMaxPath bytes, no control characters, no component that is "..".
Parsed<std::string> parse_absolute_path(std::string_view text);

template <typename T>
struct Choice {
  std::string_view name;
  T value;
};

/// One of a few words, spelt exactly.
template <typename T, std::size_t N>
Parsed<T> choose(std::string_view text, const std::array<Choice<T>, N>& choices) {
  std::string expected = "expected ";
  for (std::size_t i = 0; i < N; ++i) {
    if (choices[i].name == text) return choices[i].value;
    if (i > 0) expected += i + 1 == N ? " or " : ", ";
    expected += choices[i].name;
  }
  return refuse(std::move(expected));
}

/// Puts a parsed value where it belongs; a refusal leaves `field` as it was.
template <typename Field, typename Value>
Parsed<void> store(Field& field, Parsed<Value> value) {
  if (!value) return refuse(std::move(value.error()));
  field = static_cast<Field>(std::move(*value));
  return {};
}

}  // namespace gatevisor::config
