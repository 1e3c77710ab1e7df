// Signals by name, and ForwardSignals=.
#pragma once

#include <string_view>

#include "config/text.h"
#include "gatevisor/settings.h"

namespace gatevisor::config {

/// 'SIGTERM', 'TERM', 'RTMIN+2' or '15'; 1-64.
Parsed<int> parse_signal(std::string_view text);

/// Why a signal that gatevisor gets can never be forwarded; empty where it can.
std::string_view why_not_forwarded(int signal);

/// `HUP USR1:USR2 QUIT:ignore`: adds to the map, changes it, or takes out of it. The empty text
/// empties it.
Parsed<void> add_forwarded(SignalMap& map, std::string_view text);

/// What `gatevisor run` forwards: what a user may send to a container that has no init. Not TTIN
/// and TTOU, as in tini: they are about the terminal of whoever gets them.
SignalMap default_forwarded();

}  // namespace gatevisor::config
