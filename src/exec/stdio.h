// What standard input and output are connected to. In the child; allocates nothing.
#pragma once

#include <string>

#include "gatevisor/settings.h"

namespace gatevisor::exec {

/// Standard input: a descriptor, or -1 and errno. `both`: it is standard output as well.
int open_input_file(const std::string& path, bool both, unsigned umask);
/// A file in memory that cannot be changed, from its start.
int open_input_data(const std::string& data);

/// append:, file: and truncate:. Through no symbolic link, and no file with several names: an
/// attacker may have put it where a log file was, and it is written as root.
int open_output_file(const StandardOutput& output, unsigned umask);

}  // namespace gatevisor::exec
