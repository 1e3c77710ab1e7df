// The pid file: who the main process is, for tools that look for a file.
#pragma once

#include <string>

#include "gatevisor/error.h"

namespace gatevisor::os {

/// '<pid> <start time, field 22 of proc(5) stat>\n', written beside and renamed: a reader sees the
/// old one or the new one, whole. A link that stands there is replaced, not followed.
Expected<void> write_pid_file(const std::string& path, int pid);

/// A file that is gone already is no error.
Expected<void> remove_pid_file(const std::string& path);

}  // namespace gatevisor::os
