// The steps between clone(2) and execve(2), each of which can fail.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatevisor {

/// In the order in which they are done (src/exec/child.cc). A failure is {step, errno}.
enum class ExecStep : std::uint8_t {
  Clone,             ///< no process was made
  Cgroup,            ///< making or joining the invocation's cgroup
  Session,           ///< setsid(2)
  Signals,           ///< signal mask and dispositions
  RuntimeDirectory,  ///< RuntimeDirectory=, and so on
  StateDirectory,
  CacheDirectory,
  LogsDirectory,
  ConfigurationDirectory,
  Credentials,     ///< $CREDENTIALS_DIRECTORY
  Stdin,           ///< standard input
  Stdio,           ///< standard output and error
  Descriptors,     ///< close_range(2)
  OomScore,        ///< /proc/self/oom_score_adj
  Nice,            ///< setpriority(2)
  Scheduler,       ///< sched_setscheduler(2)
  Affinity,        ///< sched_setaffinity(2)
  IoPriority,      ///< ioprio_set(2)
  NumaPolicy,      ///< set_mempolicy(2)
  CoredumpFilter,  ///< /proc/self/coredump_filter
  TimerSlack,      ///< prctl(2) PR_SET_TIMERSLACK
  Personality,     ///< personality(2)
  Keyring,         ///< keyctl(2) KEYCTL_JOIN_SESSION_KEYRING
  Network,         ///< a network namespace, with 'lo' up
  Namespace,       ///< the mounts, and the other namespaces
  Limits,          ///< setrlimit(2)
  WorkingDirectory,
  BoundingSet,   ///< capability bounding set
  SecureBits,    ///< prctl(2) PR_SET_SECUREBITS
  Groups,        ///< setgroups(2), setresgid(2)
  User,          ///< setresuid(2)
  Capabilities,  ///< permitted, inheritable and ambient set
  ParentDeath,   ///< prctl(2) PR_SET_PDEATHSIG
  NoNewPrivileges,
  Seccomp,  ///< seccomp(2)
  Exec,     ///< execve(2)
};

/// 'clone', 'cgroup', 'working-directory', …
std::string_view to_string(ExecStep step);

/// systemd.exec(5), 'Process Exit Codes': 203 for exec, 216 for groups, 217 for the user, …
/// It is the child's exit code and, where gatevisor gives up, its own.
int systemd_exit_code(ExecStep step);

}  // namespace gatevisor
