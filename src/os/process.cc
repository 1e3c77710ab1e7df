#include "os/process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <string>
#include <string_view>

#include "os/file.h"

namespace gatevisor::os {
namespace {

long clone3(clone_args& arguments) { return syscall(SYS_clone3, &arguments, sizeof arguments); }

/// Not available here: an old kernel, or a seccomp profile (ENOSYS or EPERM by convention).
bool is_refusal(int error) {
  return error == ENOSYS || error == EPERM || error == E2BIG || error == EINVAL ||
         error == EOPNOTSUPP || error == EACCES;
}

bool clone3_available() {
  clone_args arguments{};
  // CLONE_THREAD without CLONE_SIGHAND is always EINVAL; a kernel that does not know the field
  // `cgroup` says E2BIG instead (clone(2)).
  arguments.flags = CLONE_THREAD | CLONE_INTO_CGROUP;
  arguments.cgroup = 1;
  return clone3(arguments) < 0 && errno == EINVAL;
}

}  // namespace

ProcessMaker ProcessMaker::probe() {
  ProcessMaker maker;
  UniqueFd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  maker.pidfd_open_ = static_cast<bool>(self);
  // clone(CLONE_PIDFD) cannot be tried without a child; spawn() steps down where it is refused.
  maker.spawn_ = clone3_available() ? SpawnRung::Clone3IntoCgroup : SpawnRung::ClonePidfd;
  // No descriptor -1: EBADF from a kernel that has the call and lets us make it.
  const bool sends = syscall(SYS_pidfd_send_signal, -1, 0, nullptr, 0) < 0 && errno == EBADF;
  maker.signal_ = sends ? SignalRung::PidfdSendSignal : SignalRung::KillUnreaped;
  return maker;
}

Expected<Child> ProcessMaker::spawn(int cgroup, const ChildMain& main) {
  Child child;
  if (spawn_ == SpawnRung::Clone3IntoCgroup) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0);
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = cgroup >= 0 ? static_cast<std::uint64_t>(cgroup) : 0;
    const long pid = clone3(arguments);
    if (pid == 0) main.run(main.argument, cgroup >= 0);
    if (pid > 0) {
      born_in_cgroup_ = cgroup >= 0;
      return Child{static_cast<int>(pid), UniqueFd(pidfd)};
    }
    // One that has worked is not refused for good.
    if (born_in_cgroup_ || !is_refusal(errno)) return fail("clone3", "", errno);
    spawn_ = SpawnRung::ClonePidfd;
  }
  if (spawn_ == SpawnRung::ClonePidfd) {
    int pidfd = -1;
    // The raw call: libc's wrapper insists on a stack of the child's own.
    const long pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
    if (pid == 0) main.run(main.argument, false);
    if (pid > 0 && pidfd >= 0) return Child{static_cast<int>(pid), UniqueFd(pidfd)};
    if (pid > 0) {  // Linux before 5.2 makes the child and ignores the flag
      spawn_ = SpawnRung::Fork;
      return Child{static_cast<int>(pid), UniqueFd()};
    }
    if (!is_refusal(errno)) return fail("clone", "", errno);
    spawn_ = pidfd_open_ ? SpawnRung::ForkPidfdOpen : SpawnRung::Fork;
  }
  const long pid = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) main.run(main.argument, false);
  if (pid < 0) return fail("fork", "", errno);
  child.pid = static_cast<int>(pid);
  if (spawn_ == SpawnRung::ForkPidfdOpen) {
    child.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0)));
  }
  return child;
}

Expected<void> ProcessMaker::signal(const Child& child, int signal) const {
  const bool by_pidfd = signal_ == SignalRung::PidfdSendSignal && child.pidfd;
  const long sent = by_pidfd ? syscall(SYS_pidfd_send_signal, child.pidfd.get(), signal, nullptr, 0)
                             : kill(child.pid, signal);
  if (sent != 0 && errno != ESRCH) {
    return fail("signal", std::to_string(child.pid), errno);
  }
  return {};
}

namespace {

std::optional<Exit> peek(idtype_t type, id_t id) {
  siginfo_t info{};
  if (waitid(type, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
    return std::nullopt;
  }
  switch (info.si_code) {
    case CLD_DUMPED: return Exit{info.si_pid, WaitStatus::dumped(info.si_status)};
    case CLD_KILLED: return Exit{info.si_pid, WaitStatus::killed(info.si_status)};
    default: return Exit{info.si_pid, WaitStatus::exited(info.si_status)};
  }
}

}  // namespace

std::optional<WaitStatus> peek_exit(int pid) {
  const auto exit = peek(P_PID, static_cast<id_t>(pid));
  if (!exit) return std::nullopt;
  return exit->status;
}

bool was_reaped_elsewhere(const Child& child) {
  if (!child.pidfd) return false;
  pollfd ended{child.pidfd.get(), POLLIN, 0};
  if (poll(&ended, 1, 0) != 1) return false;
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 &&
         errno == ECHILD;
}

Expected<Child> adopt(int pid) {
  Child child;
  child.pid = pid;
  child.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!child.pidfd) return fail("pidfd_open", std::to_string(pid), errno);
  return child;
}

std::optional<Exit> peek_any_exit() { return peek(P_ALL, 0); }

void reap(int pid) {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG);
}

void await_end(int pid) {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

namespace {

/// The number behind 'KEY:' in /proc/<pid>/status.
std::optional<int> status_number(int pid, std::string_view key) {
  const std::string path = "/proc/" + std::to_string(pid) + "/status";
  const auto status = read_at(AT_FDCWD, path.c_str());
  if (!status) return std::nullopt;
  const std::string start = "\n" + std::string(key) + ":\t";
  const std::size_t at = status->find(start);
  if (at == std::string::npos) return std::nullopt;
  int number = -1;
  std::from_chars(status->data() + at + start.size(), status->data() + status->size(), number);
  return number;
}

}  // namespace

int seccomp_mode(int pid) { return status_number(pid, "Seccomp").value_or(-1); }

Identity identity_of(int pid) {
  Identity identity;
  const std::string path = "/proc/" + std::to_string(pid) + "/comm";
  if (auto name = read_at(AT_FDCWD, path.c_str())) {
    if (name->ends_with('\n')) name->pop_back();
    identity.name = std::move(*name);
  }
  const auto uid = status_number(pid, "Uid");
  if (uid && *uid >= 0) identity.uid = static_cast<unsigned>(*uid);
  return identity;
}

}  // namespace gatevisor::os
