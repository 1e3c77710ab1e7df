#include "os/shared_memory.h"

#include <sys/mman.h>

#include <cerrno>

namespace gatevisor::os {

Expected<SharedMemory> SharedMemory::make(std::size_t size) {
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return fail("mmap", "", errno);
  SharedMemory memory;
  memory.bytes_ = {static_cast<std::byte*>(at), size};
  return memory;
}

SharedMemory::~SharedMemory() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

}  // namespace gatevisor::os
