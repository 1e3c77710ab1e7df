// `gatevisor run`.
#pragma once

namespace gatevisor::app {

struct RunOptions;

/// Everything that can be refused is refused before anything is made: no cgroup, no child. Then the
/// runtime, until the gateway's end is the container's.
int run(const RunOptions& options);

}  // namespace gatevisor::app
