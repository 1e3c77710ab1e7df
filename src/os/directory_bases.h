// Where RuntimeDirectory= and its like, and credentials, are.
#pragma once

#include <string>

#include "gatevisor/directories.h"

namespace gatevisor::os {

/// systemd.exec(5), table 2: of the system manager where this process is root, else of the user's
/// manager: from $XDG_RUNTIME_DIR, $XDG_CONFIG_HOME, $XDG_CACHE_HOME and $HOME. Empty: not known.
DirectoryBases own_directory_bases();

/// An absolute path in a variable of the environment, without '/' at its end; else empty.
std::string path_in(const char* variable);

}  // namespace gatevisor::os
