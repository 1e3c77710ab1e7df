// The compiled filters, in a process of their own: what they deny, and what they leave.

#include "exec/syscall_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>

namespace gatevisor::exec {
namespace {

constexpr int kFiltersRefused = 201;
constexpr int kDone = 200;  ///< in place of an errno: the call succeeded

int outcome(long result) { return result < 0 ? errno : kDone; }

/// How a child ends that installs the filters and exits with outcome(call): a wait status.
int status_of(const SyscallFilterSettings& settings, const std::function<long()>& call) {
  const auto filters = SyscallFilters::compile(settings);
  EXPECT_TRUE(filters) << (filters ? "" : to_string(filters.error()));
  if (!filters) return -1;
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!filters->install()) _exit(kFiltersRefused);
    // Not by _exit(): a sanitizer has work of its own to do there, with calls that are denied.
    syscall(SYS_exit_group, outcome(call()));
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

/// The errno that the call gets, kDone, or -SIGNAL.
int result_of(const SyscallFilterSettings& settings, const std::function<long()>& call) {
  const int status = status_of(settings, call);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

SyscallFilterSettings with_list(bool allow, std::map<std::string_view, int> calls, int error) {
  SyscallFilterSettings settings;
  settings.filter = SyscallList{allow, std::move(calls)};
  settings.error_number = error;
  return settings;
}

long get_sid() { return syscall(SYS_getsid, 0); }
long get_ppid() { return syscall(SYS_getppid); }

TEST(SyscallFilter, NothingSetIsNoProgram) {
  const auto filters = SyscallFilters::compile({});
  ASSERT_TRUE(filters);
  EXPECT_TRUE(filters->empty());
  EXPECT_FALSE(filters->denies_execve());
}

TEST(SyscallFilter, ADenyListKillsOrGivesTheErrorNumber) {
  const std::map<std::string_view, int> list = {{"getsid", kSyscallListed}};
  EXPECT_EQ(result_of(with_list(false, list, kSyscallKill), get_sid), -SIGSYS);
  EXPECT_EQ(result_of(with_list(false, list, EPERM), get_sid), EPERM);
  EXPECT_EQ(result_of(with_list(false, list, EPERM), get_ppid), kDone);
}

// What the C library makes a thread with (nptl/createthread), and what fork(3) is. The child of a
// clone that was let through ends at once.
TEST(SyscallFilter, ThreadsAloneAreLetThrough) {
  SyscallFilterSettings settings;
  settings.only_threads = true;
  constexpr unsigned long kThread =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD;
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), EPERM);
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  // No thread without CLONE_SIGHAND (clone(2)): the kernel's answer, not the filter's.
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0); }),
            EINVAL);
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_clone, kThread & ~CLONE_VM, 0, 0, 0, 0); }),
            EINVAL);
}

TEST(SyscallFilter, AnAllowListDeniesTheRest) {
  const std::map<std::string_view, int> list = {{"exit_group", kSyscallListed},
                                                {"getsid", kSyscallListed}};
  EXPECT_EQ(result_of(with_list(true, list, EACCES), get_sid), kDone);
  EXPECT_EQ(result_of(with_list(true, list, EACCES), get_ppid), EACCES);
  EXPECT_EQ(result_of(with_list(true, list, kSyscallKill), get_ppid), -SIGSYS);
}

TEST(SyscallFilter, AnErrorOfACallComesBeforeTheOthers) {
  EXPECT_EQ(result_of(with_list(false, {{"getsid", EILSEQ}}, EPERM), get_sid), EILSEQ);
  EXPECT_EQ(result_of(with_list(false, {{"getsid", EILSEQ}}, kSyscallKill), get_sid), EILSEQ);
  EXPECT_EQ(result_of(with_list(false, {{"getsid", kSyscallKill}}, EPERM), get_sid), -SIGSYS);
  EXPECT_EQ(result_of(with_list(true, {{"exit_group", kSyscallListed}, {"getsid", EILSEQ}}, EPERM),
                      get_sid),
            EILSEQ);
}

TEST(SyscallFilter, CallsOfOtherArchitecturesAreLeftOut) {
  const auto settings = with_list(
      false, {{"s390_sthyi", -1}, {"mmap2", -1}, {"osf_wait4", -1}, {"getsid", -1}}, EPERM);
  EXPECT_EQ(result_of(settings, get_sid), EPERM);
}

TEST(SyscallFilter, ADeniedExecveIsKnown) {
  const auto denies = [](const SyscallFilterSettings& settings) {
    return SyscallFilters::compile(settings)->denies_execve();
  };
  EXPECT_TRUE(denies(with_list(false, {{"execve", EPERM}}, kSyscallKill)));
  EXPECT_TRUE(denies(with_list(true, {{"read", kSyscallListed}}, EPERM)));
  EXPECT_TRUE(denies(with_list(true, {{"execve", EPERM}}, kSyscallKill)));
  EXPECT_FALSE(denies(with_list(true, {{"execve", kSyscallListed}}, kSyscallKill)));
  EXPECT_FALSE(denies(with_list(false, {{"read", kSyscallListed}}, kSyscallKill)));
}

TEST(SyscallFilter, ALogDeniesNothing) {
  SyscallFilterSettings settings;
  settings.log = SyscallList{true, {{"getsid", kSyscallListed}}};
  EXPECT_EQ(SyscallFilters::compile(settings)->programs().size(), 1u);
  EXPECT_EQ(result_of(settings, get_sid), kDone);
  settings.log->allow = false;
  EXPECT_EQ(result_of(settings, get_ppid), kDone);
}

TEST(SyscallFilter, TheListMayDenySeccompItself) {
  auto settings = with_list(false, {{"seccomp", -1}, {"prctl", -1}, {"getsid", -1}}, EPERM);
  settings.restrict_realtime = true;
  EXPECT_EQ(result_of(settings, get_sid), EPERM);
}

#ifdef __x86_64__
/// getpid(2) of x86: 20, by its own entry to the kernel.
long get_pid_of_x86() {
  long result = 20;
  asm volatile("int $0x80" : "+a"(result)::"memory", "r8", "r9", "r10", "r11");
  if (result < 0) errno = static_cast<int>(-result);
  return result < 0 ? -1 : result;
}

TEST(SyscallFilter, OtherArchitecturesEndTheProcess) {
  SyscallFilterSettings settings;
  settings.architectures = {0};
  EXPECT_EQ(result_of(settings, get_sid), kDone);
  // Where the kernel has no 32-bit programs it ends them by itself, with SIGSEGV.
  const int without = result_of({}, get_pid_of_x86);
  EXPECT_EQ(result_of(settings, get_pid_of_x86), without == kDone ? -SIGSYS : without);
  EXPECT_EQ(result_of(settings, [] { return syscall(0x40000000 + SYS_getsid, 0); }), -SIGSYS);
}

TEST(SyscallFilter, OtherArchitecturesAreFilteredToo) {
  // Where the kernel has no 32-bit programs there is nothing that could evade: SIGSEGV.
  const int without = result_of({}, get_pid_of_x86);
  EXPECT_EQ(result_of(with_list(false, {{"getpid", -1}}, EPERM), get_pid_of_x86),
            without == kDone ? EPERM : without);
  EXPECT_EQ(result_of(with_list(false, {{"getsid", -1}}, EPERM),
                      [] { return syscall(0x40000000 + SYS_getsid, 0); }),
            EPERM);
}

TEST(SyscallFilter, AnArchitectureOfOtherByteOrderIsAnError) {
  SyscallFilterSettings settings;
  settings.architectures = {AUDIT_ARCH_S390X};
  const auto filters = SyscallFilters::compile(settings);
  ASSERT_FALSE(filters);
  EXPECT_NE(to_string(filters.error()).find("SystemCallArchitectures="), std::string::npos);
}
#endif

long make_socket(std::uint64_t family) {
  return syscall(SYS_socket, family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

TEST(SyscallFilter, AddressFamilies) {
  SyscallFilterSettings settings;
  const auto unix_socket = [] { return make_socket(AF_UNIX); };
  const auto inet_socket = [] { return make_socket(AF_INET); };
  const auto evading = [] { return make_socket(std::uint64_t{1} << 32 | AF_INET); };
  settings.address_families = AddressFamilies{true, {AF_UNIX}, false};
  EXPECT_EQ(result_of(settings, unix_socket), kDone);
  for (const int family : {AF_UNSPEC, AF_INET, AF_NETLINK, AF_MCTP, AF_MAX, 0xffff}) {
    EXPECT_EQ(result_of(settings, [=] { return make_socket(static_cast<unsigned>(family)); }),
              EAFNOSUPPORT);
  }
  EXPECT_EQ(result_of(settings, evading), EAFNOSUPPORT);
  settings.address_families = AddressFamilies{false, {AF_INET, AF_PACKET}, false};
  EXPECT_EQ(result_of(settings, unix_socket), kDone);
  EXPECT_EQ(result_of(settings, inet_socket), EAFNOSUPPORT);
  EXPECT_EQ(result_of(settings, evading), EAFNOSUPPORT);
  settings.address_families = AddressFamilies{true, {}, true};
  EXPECT_EQ(result_of(settings, unix_socket), EAFNOSUPPORT);
  settings.address_families = AddressFamilies{};
  EXPECT_TRUE(SyscallFilters::compile(settings)->empty());
}

TEST(SyscallFilter, Namespaces) {
  // Flags that the kernel refuses with EINVAL tell what got as far as it.
  const auto unshares = [](long type) {
    return [=] { return syscall(SYS_unshare, type | CLONE_VFORK); };
  };
  const auto clones = [](long type) {
    return [=] { return syscall(SYS_clone, type | CLONE_SIGHAND, 0, 0, 0, 0); };
  };
  const auto enters = [](long type) { return [=] { return syscall(SYS_setns, -1, type); }; };
  SyscallFilterSettings settings;
  settings.namespaces = CLONE_NEWNET;
  EXPECT_EQ(result_of(settings, unshares(CLONE_NEWUSER)), EPERM);
  EXPECT_EQ(result_of(settings, unshares(CLONE_NEWTIME)), EPERM);
  EXPECT_EQ(result_of(settings, unshares(CLONE_NEWNET)), EINVAL);
  EXPECT_EQ(result_of(settings, clones(CLONE_NEWNS)), EPERM);
  EXPECT_EQ(result_of(settings, clones(CLONE_NEWNET)), EINVAL);
  EXPECT_EQ(result_of(settings, enters(CLONE_NEWPID)), EPERM);
  EXPECT_EQ(result_of(settings, enters(0)), EPERM);
  EXPECT_EQ(result_of(settings, enters(CLONE_NEWNET)), EBADF);
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  settings.namespaces = 0;
  EXPECT_EQ(result_of(settings, unshares(CLONE_NEWNET)), EPERM);
  EXPECT_EQ(result_of(settings, enters(CLONE_NEWNET)), EPERM);
  EXPECT_EQ(result_of(settings, clones(0)), EINVAL);
  settings.namespaces = ~std::uint64_t{0};
  EXPECT_EQ(result_of(settings, enters(0)), EBADF);
}

TEST(SyscallFilter, Personality) {
  SyscallFilterSettings settings;
  settings.lock_personality = true;
  EXPECT_EQ(result_of(settings, [] { return personality(ADDR_NO_RANDOMIZE); }), EPERM);
  EXPECT_EQ(result_of(settings, [] { return personality(PER_LINUX); }), kDone);
  settings.personality = PER_LINUX32;
  EXPECT_EQ(result_of(settings, [] { return personality(PER_LINUX); }), EPERM);
  EXPECT_EQ(result_of(settings, [] { return personality(PER_LINUX32); }), kDone);
}

TEST(SyscallFilter, MemoryThatIsWritableAndExecutable) {
  SyscallFilterSettings settings;
  settings.memory_deny_write_execute = true;
  const auto maps = [](int protection) {
    return [=] {
      return mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
                                                                                               : 0;
    };
  };
  EXPECT_EQ(result_of(settings, maps(PROT_READ | PROT_WRITE | PROT_EXEC)), EPERM);
  EXPECT_EQ(result_of(settings, maps(PROT_READ | PROT_WRITE)), kDone);
  EXPECT_EQ(result_of(settings, maps(PROT_READ | PROT_EXEC)), kDone);
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_mprotect, 0, 0, PROT_EXEC); }), EPERM);
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_mprotect, 0, 0, PROT_READ); }), kDone);
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_pkey_mprotect, 0, 0, PROT_EXEC, 0); }),
            EPERM);
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_shmat, -1, nullptr, SHM_EXEC); }), EPERM);
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_shmat, -1, nullptr, 0); }), EINVAL);
}

TEST(SyscallFilter, RealtimeScheduling) {
  SyscallFilterSettings settings;
  settings.restrict_realtime = true;
  // No parameters: EINVAL from the kernel for any policy.
  const auto schedules = [](std::uint64_t policy) {
    return [=] { return syscall(SYS_sched_setscheduler, 0, policy, nullptr); };
  };
  for (const int policy : {SCHED_FIFO, SCHED_RR, 6 /* deadline */, SCHED_RESET_ON_FORK}) {
    EXPECT_EQ(result_of(settings, schedules(static_cast<unsigned>(policy))), EPERM) << policy;
  }
  EXPECT_EQ(result_of(settings, schedules(std::uint64_t{1} << 32 | SCHED_FIFO)), EPERM);
  for (const int policy : {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE}) {
    EXPECT_EQ(result_of(settings, schedules(static_cast<unsigned>(policy))), EINVAL) << policy;
  }
}

TEST(SyscallFilter, SetUserIdAndSetGroupId) {
  SyscallFilterSettings settings;
  settings.restrict_suid_sgid = true;
  // Nothing is there: what the kernel sees is ENOENT or EBADF.
  const char* const none = "/proc/self/no/such";
  for (const unsigned bit : {S_ISUID, S_ISGID}) {
    const unsigned mode = bit | 0755;
    const auto denied = [&](const std::function<long()>& call) {
      EXPECT_EQ(result_of(settings, call), EPERM) << bit;
    };
    denied([=] { return syscall(SYS_fchmod, -1, mode); });
    denied([=] { return syscall(SYS_fchmodat, AT_FDCWD, none, mode); });
    denied([=] { return syscall(SYS_mkdirat, AT_FDCWD, none, mode); });
    denied([=] { return syscall(SYS_mknodat, AT_FDCWD, none, mode, 0); });
    denied([=] { return syscall(SYS_openat, AT_FDCWD, none, O_CREAT | O_WRONLY, mode); });
#ifdef __x86_64__
    denied([=] { return syscall(SYS_chmod, none, mode); });
    denied([=] { return syscall(SYS_mkdir, none, mode); });
    denied([=] { return syscall(SYS_mknod, none, mode, 0); });
    denied([=] { return syscall(SYS_creat, none, mode); });
    denied([=] { return syscall(SYS_open, none, O_CREAT | O_WRONLY, mode); });
    denied([=] { return syscall(452 /* fchmodat2 */, AT_FDCWD, none, mode, 0); });
#endif
  }
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_openat2, -1, nullptr, nullptr, 0); }),
            ENOSYS);
  EXPECT_EQ(result_of(settings, [] { return syscall(SYS_fchmod, -1, 0755); }), EBADF);
  EXPECT_EQ(result_of(settings, [=] { return open(none, O_RDONLY); }), ENOENT);
}

TEST(SyscallFilter, WhatTheProtectSettingsDeny) {
  const auto denied = [](bool SyscallFilterSettings::*field, std::initializer_list<long> calls) {
    SyscallFilterSettings settings;
    settings.*field = true;
    for (const long call : calls) {
      EXPECT_EQ(result_of(settings, [=] { return syscall(call, -1L, -1L, -1L, -1L); }), EPERM)
          << call;
    }
    EXPECT_EQ(result_of(settings, get_sid), kDone);
  };
  denied(&SyscallFilterSettings::protect_hostname, {SYS_sethostname, SYS_setdomainname});
  denied(&SyscallFilterSettings::protect_kernel_modules,
         {SYS_init_module, SYS_finit_module, SYS_delete_module});
  denied(&SyscallFilterSettings::protect_kernel_logs, {SYS_syslog});
  denied(&SyscallFilterSettings::protect_clock,
         {SYS_adjtimex, SYS_clock_adjtime, SYS_clock_settime, SYS_settimeofday});
#ifdef __x86_64__
  denied(&SyscallFilterSettings::protect_kernel_tunables, {SYS__sysctl});
  denied(&SyscallFilterSettings::private_devices, {SYS_ioperm, SYS_iopl});
#endif
}

}  // namespace
}  // namespace gatevisor::exec
