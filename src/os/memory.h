// gatevisor's own memory.
#pragma once

namespace gatevisor::os {

/// Gives back what start-up needed and the years after it do not: free heap, and the pages of the
/// program that only start-up executed. They are clean file pages; what is needed again is mapped
/// again.
void release_startup_memory();

/// From now on up to `most` bytes of freed memory are kept at hand, however large each of them was:
/// for a process that needs the same again and again, where the kernel's work for new pages would
/// be most of it.
void keep_freed_memory(int most);
/// Gives back what is kept.
void release_freed_memory();

}  // namespace gatevisor::os
