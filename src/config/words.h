// One value into its words, with systemd's quoting.
#pragma once

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

}  // namespace gatevisor::config
