#include "exec/user_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "exec/child_result.h"

namespace gatevisor::exec {
namespace {

constexpr std::size_t kText = 64;  // two ids of ten digits each, twice

struct Maps {
  char uids[kText];
  char gids[kText];
};

void write_map(char* text, const OwnIds& ids) {
  if (ids.first == ids.second) {
    snprintf(text, kText, "%u %u 1\n", ids.first, ids.first);
  } else {
    snprintf(text, kText, "%u %u 1\n%u %u 1\n", ids.first, ids.first, ids.second, ids.second);
  }
}

int write_file(pid_t pid, const char* name, const char* text) {
  char path[kText];
  snprintf(path, sizeof path, "/proc/%d/%s", static_cast<int>(pid), name);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = write(fd, text, strlen(text)) < 0 ? errno : 0;
  close(fd);
  return error;
}

/// More than one's own id may only be given from outside (user_namespaces(7)).
int give_maps(pid_t pid, const Maps& maps) {
  // Linux before 3.19 has no such file.
  int error = write_file(pid, "setgroups", "deny");
  if (error != 0 && error != ENOENT) return error;
  error = write_file(pid, "gid_map", maps.gids);
  return error != 0 ? error : write_file(pid, "uid_map", maps.uids);
}

}  // namespace

int enter_user_namespace(OwnIds uids, OwnIds gids) {
  Maps maps{};
  write_map(maps.uids, uids);
  write_map(maps.gids, gids);
  int go[2];
  if (pipe2(go, O_CLOEXEC) != 0) return errno;
  const pid_t self = getpid();
  const auto helper =
      static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (helper == 0) {
    close(go[1]);
    char entered = 0;
    // Its end without a byte: it was not entered.
    _exit(read(go[0], &entered, 1) == 1 ? give_maps(self, maps) : 0);
  }
  int error = helper < 0 ? errno : 0;
  close(go[0]);
  if (error == 0 && unshare(CLONE_NEWUSER) != 0) error = errno;
  if (error == 0 && write(go[1], "", 1) != 1) error = errno;
  close(go[1]);
  if (helper < 0) return error;
  const int given = result_of_child(helper);
  return error != 0 ? error : given;
}

int try_user_namespace() {
  const pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) _exit(enter_user_namespace({geteuid(), geteuid()}, {getegid(), getegid()}));
  return result_of_child(child);
}

}  // namespace gatevisor::exec
