// Records as one line for a person.
//
// The beginnings '[gateway] pid P exited (rc=R); respawning (#N in 60s window) in 2s',
// '[gateway] respawned (pid P)', '[gateway] CRITICAL: N respawns in 60s window' and
// '[gateway] received signal, forwarding to children...' are an interface: scripts look for them.
#pragma once

#include <string>

#include "gatevisor/record.h"

namespace gatevisor::app {

/// Debug: for the journal alone.
enum class Level : std::uint8_t { Debug, Info, Notice, Warning, Error, Critical };
std::string_view to_string(Level level);

Level level_of(const Record& record);

/// Without the unit, time or level.
std::string message_of(const Record& record);

/// With the unit in brackets in front.
std::string to_text(const Record& record, const std::string& unit);

}  // namespace gatevisor::app
