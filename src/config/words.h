// One value into its words, with systemd's quoting.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "config/text.h"

namespace gatevisor::config {

/// systemd.service(5), 'Command lines', without its specifiers and variables: words are separated
/// by white space; single and double quotes hold it together, also in the middle of a word; C
/// escapes (\n, \x41, \101, \u00e9, \s for a space) work everywhere. At most kMaxEntries words.
///
/// What is no escape is refused, or kept as it is: systemd keeps it, with a warning, in command
/// lines alone.
enum class UnknownEscape : std::uint8_t { Refused, Kept };
Parsed<std::vector<std::string>> split_words(std::string_view text,
                                             UnknownEscape unknown = UnknownEscape::Refused);

/// The C escapes of one text, \x00 and \000 too; what is none is refused.
Parsed<std::string> unescape(std::string_view text);

/// Numbers in [low, high] and ranges of them, parted by white space: '200-299 401'. `high` is below
/// N. What is none of that is refused with `form`; no words are the empty set.
template <std::size_t N>
Parsed<std::bitset<N>> parse_ranges(std::string_view text, std::uint64_t low, std::uint64_t high,
                                    const char* form) {
  std::bitset<N> set;
  const auto words = split_words(text);
  if (!words) return refuse(words.error());
  for (const std::string_view word : *words) {
    const std::size_t dash = word.find('-');
    const auto first = parse_decimal(word.substr(0, dash), low, high);
    auto last = first;
    if (first && dash != std::string_view::npos) {
      last = parse_decimal(word.substr(dash + 1), *first, high);
    }
    if (!last) return refuse(form);
    for (std::uint64_t number = *first; number <= *last; ++number) set.set(number);
  }
  return set;
}

}  // namespace gatevisor::config
