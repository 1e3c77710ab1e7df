// What a forked helper says with its exit status. Allocates nothing: also for a child before
// execve(2).
#pragma once

#include <sys/wait.h>

#include <cerrno>

namespace gatevisor::exec {

/// Its exit status, which is an errno or 0; EPERM where a signal ended it.
inline int result_of_child(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

}  // namespace gatevisor::exec
