// Where gatevisor's own run-time files are: the control socket, and a journal that need not last.
#pragma once

#include <string>
#include <vector>

#include "gatevisor/error.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// Where they may be, the best first: /run/gatevisor, $XDG_RUNTIME_DIR/gatevisor,
/// $TMPDIR/gatevisor-UID.
std::vector<std::string> runtime_directories();

/// The one of them at `path` is there, and nobody else can have put something there.
bool is_runtime_directory(const std::string& path);

/// One of them, made (0700) where it is not there. `for_others`: they may come in as far as the modes
/// of what is in it let them. EPERM: somebody else could have put something there.
Expected<UniqueFd> enter_runtime_directory(const std::string& path, bool for_others);

}  // namespace gatevisor::os
