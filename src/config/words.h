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
Parsed<std::vector<std::string>> split_words(std::string_view text);

}  // namespace gatevisor::config
