#include "os/descriptor.h"

#include <linux/kcmp.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gatevisor::os {

bool is_same_file(const UniqueFd& a, const UniqueFd& b) {
  const pid_t self = getpid();
  return syscall(SYS_kcmp, self, self, KCMP_FILE, a.get(), b.get()) == 0;
}

bool has_hung_up(const UniqueFd& fd) {
  pollfd one{fd.get(), 0, 0};
  return poll(&one, 1, 0) == 1 && (one.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace gatevisor::os
