// What there is to tell of a unit to a client of the control socket.
#pragma once

#include "app/unit_runtime.h"
#include "core/manager.h"
#include "gatevisor/unit_status.h"

namespace gatevisor::app {

/// Reads no file: what takes that is the client's to do.
UnitStatus describe(const core::Manager& manager, std::size_t unit, const UnitRuntime& runtime,
                    bool main, SpawnRung spawn, Instant now);

}  // namespace gatevisor::app
