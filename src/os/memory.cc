#include "os/memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

// The linker's own marks (ld(1), the default script).
extern "C" const char __executable_start;
extern "C" const char etext;

namespace gatevisor::os {

void release_startup_memory() {
  malloc_trim(0);
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(&__executable_start) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(&etext) / page * page;
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void keep_freed_memory(int most) {
  mallopt(M_MMAP_THRESHOLD, most);
  mallopt(M_TRIM_THRESHOLD, most);
}

void release_freed_memory() { malloc_trim(0); }

}  // namespace gatevisor::os
