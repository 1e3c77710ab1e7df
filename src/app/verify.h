// `gatevisor verify`: what a unit file would be here.
#pragma once

namespace gatevisor::app {

struct VerifyOptions;

/// Exit status 0 where every unit may be started.
int verify(const VerifyOptions& options);

}  // namespace gatevisor::app
