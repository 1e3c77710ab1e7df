// Runs in the child, in the copy of a process that has one thread: no lock can be held by another.
// Only system calls and reads of the plan, but for libcap-ng and for the mounts (mounts.h).
// The order is that of systemd's exec_child() and of what each step still needs the right to do.

#include "exec/child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "exec/attributes.h"
#include "exec/capabilities.h"
#include "exec/mounts.h"
#include "exec/stdio.h"
#include "exec/user_namespace.h"

namespace gatevisor::exec {
namespace {

/// Where a fallback has to walk the descriptors one by one.
constexpr int kMaxDescriptor = 65'536;

[[noreturn]] void fail_step(const ChildContext& context, ExecStep step, int code) {
  const ChildFailure failure{step, code};
  // A pipe takes a few bytes at once (PIPE_BUF); if the parent is gone nobody needs them.
  [[maybe_unused]] const ssize_t put = write(context.error_pipe, &failure, sizeof failure);
  _exit(systemd_exit_code(step));
}

void check(const ChildContext& context, ExecStep step, bool done) {
  if (!done) fail_step(context, step, errno);
}

void write_text(const ChildContext& context, ExecStep step, const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  check(context, step, fd >= 0);
  check(context, step, write(fd, text, strlen(text)) >= 0);
  close(fd);
}

void join_cgroup(const ChildContext& context) {
  // '0' is the writer itself (cgroups(7)).
  check(context, ExecStep::Cgroup, write(context.cgroup_procs, "0", 1) == 1);
}

void reset_signals(const ChildContext& context) {
  // Handlers do not survive execve, an empty mask has to be made (signal(7)).
  sigset_t none;
  sigemptyset(&none);
  check(context, ExecStep::Signals, sigprocmask(SIG_SETMASK, &none, nullptr) == 0);
  if (context.plan->ignore_sigpipe) {
    check(context, ExecStep::Signals, signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  }
}

void set_directories(const ChildContext& context) {
  const auto failure = make_directories(context.plan->directories);
  if (failure) fail_step(context, failure->step, failure->code);
  const int code = make_credentials(context.plan->credentials);
  if (code != 0) fail_step(context, ExecStep::Credentials, code);
}

/// `stream`: what leads to the journal; -1 where none is written.
void redirect(const ChildContext& context, const StandardOutput& output, int stream, int target) {
  int fd = -1;
  switch (output.kind) {
    case StandardOutput::Kind::Inherit: return;
    case StandardOutput::Kind::Journal:
      if (stream < 0) return;
      fd = stream;
      break;
    case StandardOutput::Kind::Null: fd = open("/dev/null", O_WRONLY | O_CLOEXEC); break;
    case StandardOutput::Kind::Append:
    case StandardOutput::Kind::File:
    case StandardOutput::Kind::Truncate: fd = open_output_file(output, context.plan->umask); break;
  }
  check(context, ExecStep::Stdio, fd >= 0);
  check(context, ExecStep::Stdio, dup2(fd, target) >= 0);
}

void set_input(const ChildContext& context) {
  const Plan& plan = *context.plan;
  int fd = -1;
  switch (plan.standard_input) {
    case StandardInput::Inherit: return;
    case StandardInput::Null: fd = open("/dev/null", O_RDONLY | O_CLOEXEC); break;
    case StandardInput::Data: fd = open_input_data(plan.input_data); break;
    case StandardInput::File:
      fd =
          open_input_file(plan.input_path, plan.input_is_output || plan.input_is_error, plan.umask);
      break;
  }
  check(context, ExecStep::Stdin, fd >= 0);
  check(context, ExecStep::Stdin, dup2(fd, STDIN_FILENO) >= 0);
}

void set_stdio(const ChildContext& context) {
  const Plan& plan = *context.plan;
  set_input(context);
  // systemd.exec(5), StandardOutput=: one file for input and output is opened once.
  if (plan.input_is_output) {
    check(context, ExecStep::Stdio, dup2(STDIN_FILENO, STDOUT_FILENO) >= 0);
  } else {
    redirect(context, plan.standard_output, context.output_stream, STDOUT_FILENO);
  }
  if (plan.input_is_error) {
    return check(context, ExecStep::Stdio, dup2(STDIN_FILENO, STDERR_FILENO) >= 0);
  }
  // systemd.exec(5), StandardError=: 'inherit' is the same as standard output. So is the same file.
  using Kind = StandardOutput::Kind;
  const bool same =
      plan.standard_output.kind != Kind::Inherit && plan.standard_output.kind != Kind::Journal &&
      (plan.standard_error.kind == Kind::Inherit ||
       (plan.standard_error.kind != Kind::Null && plan.standard_error == plan.standard_output));
  if (same) return check(context, ExecStep::Stdio, dup2(STDOUT_FILENO, STDERR_FILENO) >= 0);
  redirect(context, plan.standard_error, context.error_stream, STDERR_FILENO);
}

void close_descriptors(const ChildContext& context) {
  // Close-on-exec rather than closed: the error pipe lives until execve.
  if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  // Linux before 5.11, or a seccomp profile.
  check(context, ExecStep::Descriptors, errno == ENOSYS || errno == EINVAL || errno == EPERM);
  for (int fd = 3; fd < kMaxDescriptor; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/// To 3 and on, where it looks for them, and out of the way of each other first. The numbers are
/// this process's own copy.
void pass_descriptors(ChildContext& context) {
  const int beyond = 3 + static_cast<int>(context.passed.size());
  const auto lift = [&](int& fd) {
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, beyond);
    check(context, ExecStep::Descriptors, copy >= 0);
    fd = copy;
  };
  lift(context.error_pipe);
  for (int& fd : context.passed) lift(fd);
  int target = 3;
  for (const int fd : context.passed) {
    check(context, ExecStep::Descriptors, dup2(fd, target++) >= 0);
  }
}

/// systemd's setpriority_closest(): where the level may not be had, the nearest that may.
void set_nice(const ChildContext& context, int nice) {
  if (setpriority(PRIO_PROCESS, 0, nice) == 0) return;
  check(context, ExecStep::Nice, errno == EACCES || errno == EPERM);
  rlimit limit{};
  check(context, ExecStep::Nice, getrlimit(RLIMIT_NICE, &limit) == 0);
  // A limit of 1 is level 19, of 40 level -20 (getrlimit(2)).
  const int lowest = 20 - static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 40));
  if (lowest < getpriority(PRIO_PROCESS, 0)) setpriority(PRIO_PROCESS, 0, lowest);
}

/// While it may still raise itself; systemd does it in this order.
void set_scheduling(const ChildContext& context) {
  const SchedulingSettings& scheduling = context.plan->scheduling;
  if (scheduling.nice) set_nice(context, *scheduling.nice);
  if (scheduling.cpu_policy) {
    sched_param param{};
    param.sched_priority = scheduling.cpu_priority;
    const int flags = scheduling.reset_on_fork ? SCHED_RESET_ON_FORK : 0;
    check(context, ExecStep::Scheduler,
          sched_setscheduler(0, *scheduling.cpu_policy | flags, &param) == 0);
  }
  if (scheduling.processors.any()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
      if (scheduling.processors.test(i)) CPU_SET(i, &set);
    }
    check(context, ExecStep::Affinity, sched_setaffinity(0, sizeof set, &set) == 0);
  }
  if (scheduling.io_class || scheduling.io_priority) {
    // ioprio_set(2): the class in the upper bits. Best-effort and its middle where not said, or
    // said to be none.
    const int asked = scheduling.io_class.value_or(0);
    const int io_class = asked != 0 ? asked : 2;
    const int priority = scheduling.io_priority.value_or(4);
    check(context, ExecStep::IoPriority,
          syscall(SYS_ioprio_set, 1, 0, io_class << 13 | priority) == 0);
  }
}

/// As root, and before a limit on descriptors counts.
void separate(const ChildContext& context) {
  const MountPlan& namespaces = context.plan->namespaces;
  if (namespaces.unshare_flags == 0) return;
  const NamespaceFailure failure = enter_namespaces(namespaces);
  if (failure.code != 0) fail_step(context, failure.step, failure.code);
}

/// Nobody may have more descriptors than that (proc(5)); 0 where it cannot be read.
rlim_t most_descriptors() {
  const int fd = open("/proc/sys/fs/nr_open", O_RDONLY | O_CLOEXEC);
  char digits[24] = {};
  const ssize_t got = fd >= 0 ? read(fd, digits, sizeof digits - 1) : -1;
  if (fd >= 0) close(fd);
  return got > 0 ? strtoull(digits, nullptr, 10) : 0;
}

bool set_limit_below(__rlimit_resource resource, const rlimit& wanted, rlim_t most) {
  const rlimit limit{std::min(wanted.rlim_cur, most), std::min(wanted.rlim_max, most)};
  return setrlimit(resource, &limit) == 0;
}

/// As systemd's setrlimit_closest(): what may not be raised so far is raised as far as it may.
/// LimitNOFILE=infinity is refused even to root.
void set_limit(const ChildContext& context, __rlimit_resource resource, const rlimit& wanted) {
  if (setrlimit(resource, &wanted) == 0) return;
  check(context, ExecStep::Limits, errno == EPERM);
  const rlim_t descriptors = resource == RLIMIT_NOFILE ? most_descriptors() : 0;
  if (descriptors != 0 && set_limit_below(resource, wanted, descriptors)) return;
  rlimit own{};
  check(context, ExecStep::Limits, getrlimit(resource, &own) == 0);
  check(context, ExecStep::Limits, set_limit_below(resource, wanted, own.rlim_max));
}

void check_code(const ChildContext& context, ExecStep step, int code) {
  if (code != 0) fail_step(context, step, code);
}

void set_attributes(const ChildContext& context) {
  const Plan& plan = *context.plan;
  const ProcessSettings& process = plan.process;
  check_code(context, ExecStep::NumaPolicy, set_numa_policy(process));
  if (process.coredump_filter) {
    check_code(context, ExecStep::CoredumpFilter, set_coredump_filter(*process.coredump_filter));
  }
  if (process.timer_slack_nsec) {
    check_code(context, ExecStep::TimerSlack, set_timer_slack(*process.timer_slack_nsec));
  }
  if (process.personality) {
    check_code(context, ExecStep::Personality, set_personality(*process.personality));
  }
  const bool own_ids = plan.identity.has_value();
  check_code(context, ExecStep::Keyring,
             join_keyring(plan.keyring, own_ids ? plan.identity->uid : ~0U,
                          own_ids ? plan.identity->gid : ~0U, plan.invocation));
}

void set_limits(const ChildContext& context) {
  for (const auto& [resource, limit] : context.plan->rlimits) {
    set_limit(context, static_cast<__rlimit_resource>(resource), limit);
  }
}

void change_directory(const ChildContext& context) {
  const Plan& plan = *context.plan;
  if (plan.working_directory.empty()) return;
  if (chdir(plan.working_directory.c_str()) == 0 || plan.working_directory_optional) return;
  fail_step(context, ExecStep::WorkingDirectory, errno);
}

void set_groups(const ChildContext& context) {
  if (const auto& groups = context.plan->groups) {
    check(context, ExecStep::Groups, setgroups(groups->size(), groups->data()) == 0);
  }
  if (!context.plan->identity) return;
  const unsigned gid = context.plan->identity->gid;
  check(context, ExecStep::Groups, setresgid(gid, gid, gid) == 0);
}

/// The last of the namespaces: what follows is of the new one. In it nobody sets groups.
void separate_users(const ChildContext& context, gid_t own_gid) {
  const auto& identity = context.plan->identity;
  check_code(context, ExecStep::User,
             enter_user_namespace({geteuid(), identity ? identity->uid : geteuid()},
                                  {own_gid, identity ? identity->gid : own_gid}));
}

/// The bounding set before the uid changes (CAP_SETPCAP goes with it), groups before the user.
void drop_privileges(const ChildContext& context) {
  const Plan& plan = *context.plan;
  const gid_t own_gid = getegid();
  set_groups(context);
  if (plan.namespaces.users) separate_users(context, own_gid);
  if (plan.drop_bounding) {
    const int error = drop_bounding(*plan.drop_bounding);
    if (error != 0) fail_step(context, ExecStep::BoundingSet, error);
  }
  const unsigned secure_bits = plan.process.secure_bits;
  check_code(context, ExecStep::SecureBits, set_secure_bits(secure_bits, plan.ambient != 0));
  if (!plan.identity) {
    if (plan.ambient == 0) return;
    const int error = add_ambient(plan.ambient);
    if (error != 0) fail_step(context, ExecStep::Capabilities, error);
    return;
  }
  const Identity& identity = *plan.identity;
  if (plan.ambient != 0 && secure_bits == 0) {
    check(context, ExecStep::User, prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
  }
  check(context, ExecStep::User, setresuid(identity.uid, identity.uid, identity.uid) == 0);
  if (identity.uid == 0 && plan.ambient == 0) return;
  const int error = identity.uid == 0 ? add_ambient(plan.ambient) : keep_only(plan.ambient);
  if (error != 0) fail_step(context, ExecStep::Capabilities, error);
}

/// In this process's own copy of the environment, whose strings have room for it.
void write_pid(char* slot) {
  char digits[11];
  std::size_t count = 0;
  for (int pid = getpid(); pid > 0; pid /= 10) {
    digits[count++] = static_cast<char>('0' + pid % 10);
  }
  while (count > 0) *slot++ = digits[--count];
  *slot = '\0';
}

/// After the last change of ids, which clears it (prctl(2)). If gatevisor dies, so does the
/// gateway: nobody else would know of it.
void tie_to_parent(const ChildContext& context) {
  if (!context.plan->die_with_parent) return;
  check(context, ExecStep::ParentDeath, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0);
  if (getppid() != context.plan->parent_pid) fail_step(context, ExecStep::ParentDeath, ESRCH);
}

/// The last of all: what follows is filtered too.
void filter_syscalls(const ChildContext& context) {
  const Plan& plan = *context.plan;
  if (!plan.syscall_filters) return;
  // The filter itself would say so too late: by SIGSYS, or where nothing may be written any more.
  if (plan.syscall_filters->denies_execve()) fail_step(context, ExecStep::Exec, EPERM);
  // seccomp(2): one of the two is needed. systemd.exec(5), NoNewPrivileges=: implied.
  if (!plan.no_new_privileges && !may_filter_as_it_is()) {
    check(context, ExecStep::NoNewPrivileges, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  }
  check(context, ExecStep::Seccomp, plan.syscall_filters->install());
}

}  // namespace

void run_child(ChildContext context, bool joined) {
  const Plan& plan = *context.plan;
  if (!joined && context.cgroup_procs >= 0) join_cgroup(context);
  check(context, ExecStep::Session, setsid() >= 0);
  reset_signals(context);
  // A log file may be in one of them.
  set_directories(context);
  set_stdio(context);
  close_descriptors(context);
  if (!context.passed.empty()) pass_descriptors(context);
  if (!plan.oom_score_adj.empty()) {
    write_text(context, ExecStep::OomScore, "/proc/self/oom_score_adj", plan.oom_score_adj.c_str());
  }
  set_scheduling(context);
  set_attributes(context);
  separate(context);
  set_limits(context);
  umask(static_cast<mode_t>(plan.umask));
  drop_privileges(context);
  // As the user, as systemd does: a directory that only root may enter is refused, and one that
  // root may not (NFS) is not.
  change_directory(context);
  tie_to_parent(context);
  if (plan.no_new_privileges) {
    check(context, ExecStep::NoNewPrivileges, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  }
  for (char* slot : plan.pid_slots) write_pid(slot);
  filter_syscalls(context);
  execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  fail_step(context, ExecStep::Exec, errno);
}

}  // namespace gatevisor::exec
