// Variables: what a name may be, Environment= and the text of an EnvironmentFile=.
//
// Never opens a file, and never repeats a value in an error: values may be secrets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/text.h"
#include "gatevisor/error.h"

namespace gatevisor::config {

/// Longest NAME=VALUE. execve(2), MAX_ARG_STRLEN: 128 KiB with the terminating NUL.
inline constexpr std::size_t kMaxAssignment = 128 * 1024 - 1;

/// Letters, digits and '_', no digit first.
bool is_variable_name(std::string_view name);

/// Puts NAME=VALUE where that name was, or behind the others.
void set_variable(std::vector<std::string>& environment, std::string assignment);

/// NAME=VALUE with a valid name, in UTF-8 and short enough for execve(2).
Parsed<void> check_assignment(std::string_view assignment);

/// systemd.exec(5), EnvironmentFile=: '#' and ';' start a comment line, quotes and backslashes as
/// in a shell but nothing is expanded, a backslash at the end of a line goes on with the next. A
/// line without '=' is ignored. A name given twice keeps the later value. Beyond systemd, which
/// takes the rest of the file or drops the line with a warning, an open quote and a bad name are
/// errors, 'parse /path:7; …'. `path` is only for them.
Expected<std::vector<std::string>> parse_environment_file(std::string_view text,
                                                          std::string_view path);

}  // namespace gatevisor::config
