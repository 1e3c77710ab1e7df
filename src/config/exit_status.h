// Lists of exit codes and signals: SuccessExitStatus= and its relatives.
#pragma once

#include <string_view>

#include "config/text.h"
#include "gatevisor/settings.h"

namespace gatevisor::config {

/// Adds to `set`: codes 0-255, names of exit statuses (systemd.exec(5), 'Process Exit Codes':
/// CONFIG, also EX_CONFIG as sysexits.h spells it, NOTRUNNING, …) and signals by name. A number
/// is always a code. The empty text empties the set.
Parsed<void> add_exit_statuses(ExitStatusSet& set, std::string_view text);

}  // namespace gatevisor::config
