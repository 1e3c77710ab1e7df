// A file's mode, as systemd.exec(5) writes it.
#pragma once

#include "config/text.h"

namespace gatevisor::config {

/// Octal, at most 07777.
Parsed<unsigned> parse_mode(std::string_view text);

}  // namespace gatevisor::config
