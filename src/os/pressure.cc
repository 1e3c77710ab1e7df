#include "os/pressure.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "os/file.h"

namespace gatevisor::os {

Expected<UniqueFd> watch_memory_pressure(const CgroupDir& cgroup, unsigned percent) {
  auto fd = open_at(cgroup.fd(), "memory.pressure", O_RDWR | O_NONBLOCK);
  if (!fd) return fd;
  const std::string trigger = "full " + std::to_string(kPressureWindowUsec / 100 * percent) + " " +
                              std::to_string(kPressureWindowUsec);
  // The terminating zero belongs to it: the kernel reads a string.
  if (write(fd->get(), trigger.c_str(), trigger.size() + 1) < 0) {
    return fail("write", cgroup.path() + "/memory.pressure", errno);
  }
  return fd;
}

}  // namespace gatevisor::os
