// gatevisor's own memory.
#pragma once

namespace gatevisor::os {

/// Gives back what start-up needed and the years after it do not: free heap, and the pages of the
/// program that only start-up executed. They are clean file pages; what is needed again is mapped
/// again.
void release_startup_memory();

}  // namespace gatevisor::os
