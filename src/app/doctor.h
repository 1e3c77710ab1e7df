// `gatevisor doctor`.
#pragma once

namespace gatevisor::app {

struct DoctorOptions;

/// Prints the report; kOk only where every verdict can be had.
int doctor(const DoctorOptions& options);

}  // namespace gatevisor::app
