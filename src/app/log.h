// `gatevisor log`: what is in journal files, as journalctl shows it.
#pragma once

#include "app/log_options.h"

namespace gatevisor::app {

/// Reads files only: no supervisor need be there.
int log(const LogOptions& options);

}  // namespace gatevisor::app
