#include "exec/syscall_filter.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <memory>
#include <string>

namespace gatevisor::exec {
namespace {

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

std::unexpected<Error> failed(const char* setting, int code) {
  return fail("compile", std::string("the filter of ") + setting, code,
              "check that the kernel has seccomp filters (CONFIG_SECCOMP_FILTER)");
}

/// The architectures whose programs this kernel may run, the native one among them.
std::vector<std::uint32_t> local_architectures() {
  const std::uint32_t native = seccomp_arch_native();
  switch (native) {
    case SCMP_ARCH_X86_64: return {SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_X86_64};
    case SCMP_ARCH_AARCH64: return {SCMP_ARCH_ARM, SCMP_ARCH_AARCH64};
    case SCMP_ARCH_PPC64: return {SCMP_ARCH_PPC, SCMP_ARCH_PPC64};
    case SCMP_ARCH_S390X: return {SCMP_ARCH_S390, SCMP_ARCH_S390X};
    default: return {native};
  }
}

/// Rules for one architecture.
class Rules {
 public:
  Rules(scmp_filter_ctx context, std::uint32_t architecture)
      : context_(context), architecture_(architecture) {}

  std::uint32_t architecture() const { return architecture_; }
  int error() const { return error_; }

  /// `call` as SCMP_SYS has it. One that this architecture does not have, or has only as a part of
  /// another (socketcall(2), ipc(2)) and so without arguments to look at, needs no rule.
  void add(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> where = {}) {
    // Where the list's own action is the filter's: libseccomp refuses what has no effect.
    if (action == default_action_) return;
    const int result = seccomp_rule_add_exact_array(
        context_, action, call, static_cast<unsigned>(where.size()), where.begin());
    const bool not_here = result == -EDOM || (result == -EINVAL && where.size() > 0);
    if (result < 0 && !not_here && error_ == 0) error_ = -result;
  }
  void deny(int call, std::initializer_list<scmp_arg_cmp> where = {}, int error = EPERM) {
    add(SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), call, where);
  }
  void deny_all(std::initializer_list<int> calls) {
    for (const int call : calls) deny(call);
  }
  void set_default(std::uint32_t action) { default_action_ = action; }

 private:
  scmp_filter_ctx context_;
  std::uint32_t architecture_;
  std::uint32_t default_action_ = SCMP_ACT_ALLOW;
  int error_ = 0;
};

// The kernel takes 32 bits of these arguments; what stands above them must not evade a rule.
constexpr std::uint64_t kLow = 0xffffffff;

scmp_arg_cmp equal(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, kLow, value};
}
scmp_arg_cmp has_bits(unsigned argument, std::uint64_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, bits};
}
scmp_arg_cmp above(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_GT, value, 0};
}
scmp_arg_cmp differs(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_NE, value, 0};
}

void rule_families(Rules& rules, const AddressFamilies& families) {
  // There socket(2) is a part of socketcall(2), whose arguments lie in memory.
  if (rules.architecture() == SCMP_ARCH_X86 || rules.architecture() == SCMP_ARCH_S390 ||
      rules.architecture() == SCMP_ARCH_S390X) {
    return;
  }
  const int call = SCMP_SYS(socket);
  if (!families.allow) {
    for (const int family : families.families) rules.deny(call, {equal(0, family)}, EAFNOSUPPORT);
    return;
  }
  if (families.families.empty()) return rules.deny(call, {}, EAFNOSUPPORT);
  const int last = *families.families.rbegin();
  for (int family = 0; family < last; ++family) {
    if (!families.families.contains(family)) rules.deny(call, {equal(0, family)}, EAFNOSUPPORT);
  }
  rules.deny(call, {above(0, last)}, EAFNOSUPPORT);
}

/// Its flags lie in memory; who calls it falls back to clone(2) where it is not there.
void deny_clone3(Rules& rules) { rules.deny(SCMP_SYS(clone3), {}, ENOSYS); }

/// Which argument they are: clone(2), 'C library/kernel differences', the stack comes first there.
unsigned clone_flags(const Rules& rules) {
  return rules.architecture() == SCMP_ARCH_S390 || rules.architecture() == SCMP_ARCH_S390X ? 1 : 0;
}

void rule_namespaces(Rules& rules, std::uint64_t allowed) {
  constexpr std::uint64_t kTypes[] = {CLONE_NEWCGROUP, CLONE_NEWIPC,  CLONE_NEWNET, CLONE_NEWNS,
                                      CLONE_NEWPID,    CLONE_NEWUSER, CLONE_NEWUTS, CLONE_NEWTIME};
  std::uint64_t denied = 0;
  for (const std::uint64_t type : kTypes) denied |= type & ~allowed;
  if (denied == 0) return;
  deny_clone3(rules);
  const bool every = allowed == 0;
  if (every) {
    rules.deny(SCMP_SYS(setns));
  } else {
    rules.deny(SCMP_SYS(setns), {equal(1, 0)});  // setns(2): any type
  }
  for (const std::uint64_t type : kTypes) {
    if ((denied & type) == 0) continue;
    rules.deny(SCMP_SYS(unshare), {has_bits(0, type)});
    // In clone(2) that bit is of the signal's number.
    if (type != CLONE_NEWTIME) {
      rules.deny(SCMP_SYS(clone), {has_bits(clone_flags(rules), type)});
    }
    if (!every) rules.deny(SCMP_SYS(setns), {has_bits(1, type)});
  }
}

void rule_threads(Rules& rules) {
  deny_clone3(rules);
  rules.deny(SCMP_SYS(clone), {{clone_flags(rules), SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0}});
}

void rule_memory(Rules& rules) {
  const bool old_mmap =
      rules.architecture() == SCMP_ARCH_X86 || rules.architecture() == SCMP_ARCH_S390;
  // The old mmap(2) takes a pointer to its arguments.
  if (old_mmap) rules.deny(SCMP_SYS(mmap));
  const bool second = old_mmap || rules.architecture() == SCMP_ARCH_ARM;
  rules.deny(second ? SCMP_SYS(mmap2) : SCMP_SYS(mmap), {has_bits(2, PROT_EXEC | PROT_WRITE)});
  rules.deny(SCMP_SYS(mprotect), {has_bits(2, PROT_EXEC)});
  rules.deny(SCMP_SYS(pkey_mprotect), {has_bits(2, PROT_EXEC)});
  // Where it is a part of ipc(2) there is no rule for it (systemd.exec(5)).
  if (!old_mmap) rules.deny(SCMP_SYS(shmat), {has_bits(2, SHM_EXEC)});
}

void rule_realtime(Rules& rules) {
  constexpr int kSchedIso = 4;  // sched.h of the kernel: reserved
  for (const int policy : {SCHED_FIFO, SCHED_RR, kSchedIso}) {
    rules.deny(SCMP_SYS(sched_setscheduler), {equal(1, policy)});
  }
  rules.deny(SCMP_SYS(sched_setscheduler), {above(1, SCHED_IDLE)});
}

void rule_file_modes(Rules& rules) {
  // By name: younger than the kernel's headers of Debian 12 (Linux 6.6).
  const int fchmodat2 = seccomp_syscall_resolve_name("fchmodat2");
  for (const std::uint64_t bit : {S_ISUID, S_ISGID}) {
    rules.deny(SCMP_SYS(chmod), {has_bits(1, bit)});
    rules.deny(SCMP_SYS(fchmod), {has_bits(1, bit)});
    rules.deny(SCMP_SYS(fchmodat), {has_bits(2, bit)});
    if (fchmodat2 != __NR_SCMP_ERROR) rules.deny(fchmodat2, {has_bits(2, bit)});
    rules.deny(SCMP_SYS(mkdir), {has_bits(1, bit)});
    rules.deny(SCMP_SYS(mkdirat), {has_bits(2, bit)});
    rules.deny(SCMP_SYS(mknod), {has_bits(1, bit)});
    rules.deny(SCMP_SYS(mknodat), {has_bits(2, bit)});
    rules.deny(SCMP_SYS(creat), {has_bits(1, bit)});
    rules.deny(SCMP_SYS(open), {has_bits(1, O_CREAT), has_bits(2, bit)});
    rules.deny(SCMP_SYS(openat), {has_bits(2, O_CREAT), has_bits(3, bit)});
  }
  // Its mode lies in memory; who calls it has to do without it on an older kernel too.
  rules.deny(SCMP_SYS(openat2), {}, ENOSYS);
}

void rule_personality(Rules& rules, std::optional<unsigned> asked) {
  const int current = personality(0xffffffff);
  const bool own = current >= 0 && (current & PER_MASK) == PER_LINUX32;
  const bool linux32 = asked ? *asked == PER_LINUX32 : own;
  rules.deny(SCMP_SYS(personality), {differs(0, linux32 ? PER_LINUX32 : PER_LINUX)});
}

std::uint32_t action_of(int value, std::uint32_t listed) {
  if (value == kSyscallListed) return listed;
  if (value == kSyscallKill) return SCMP_ACT_KILL_PROCESS;
  return SCMP_ACT_ERRNO(static_cast<std::uint16_t>(value));
}

/// What is listed gets an action of its own or `listed`.
void rule_list(Rules& rules, const SyscallList& list, std::uint32_t listed) {
  for (const auto& [name, value] : list.calls) {
    // systemd too leaves out what its libseccomp has no number for.
    const int call = seccomp_syscall_resolve_name(std::string(name).c_str());
    if (call != __NR_SCMP_ERROR) rules.add(action_of(value, listed), call);
  }
}

Expected<SyscallFilters::Program> exported(scmp_filter_ctx context, const char* setting) {
  const int fd = memfd_create("filter", MFD_CLOEXEC);
  if (fd < 0) return failed(setting, errno);
  int error = -seccomp_export_bpf(context, fd);
  struct stat info{};
  if (error == 0 && fstat(fd, &info) != 0) error = errno;
  SyscallFilters::Program program(static_cast<std::size_t>(info.st_size) / sizeof(sock_filter));
  if (error == 0 && program.size() > BPF_MAXINSNS) error = E2BIG;
  if (error == 0 && pread(fd, program.data(), static_cast<std::size_t>(info.st_size), 0) !=
                        static_cast<ssize_t>(info.st_size)) {
    error = EIO;
  }
  close(fd);
  if (error != 0) return failed(setting, error);
  return program;
}

/// One program with the rules of every architecture: each has its own calls, so each is filled on
/// its own before they are put together.
template <typename Fill>
Expected<SyscallFilters::Program> build(const char* setting,
                                        const std::vector<std::uint32_t>& architectures,
                                        std::uint32_t default_action, Fill fill) {
  Context whole;
  for (const std::uint32_t architecture : architectures) {
    Context part(seccomp_init(default_action));
    if (part == nullptr) return failed(setting, ENOMEM);
    if (architecture != seccomp_arch_native()) {
      int error = seccomp_arch_add(part.get(), architecture);
      if (error == 0) error = seccomp_arch_remove(part.get(), seccomp_arch_native());
      if (error != 0) return failed(setting, -error);
    }
    // What is let through of other architectures is SystemCallArchitectures='s matter.
    if (const int error = seccomp_attr_set(part.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW)) {
      return failed(setting, -error);
    }
    Rules rules(part.get(), architecture);
    rules.set_default(default_action);
    fill(rules);
    if (rules.error() != 0) return failed(setting, rules.error());
    if (whole == nullptr) {
      whole = std::move(part);
    } else if (const int error = seccomp_merge(whole.get(), part.get())) {
      return failed(setting, -error);
    } else {
      (void)part.release();  // seccomp_merge(3): it is the other's now
    }
  }
  return exported(whole.get(), setting);
}

/// No rules: what is of another architecture ends the process. systemd's filter ends the thread
/// alone, after which a service with more of them would live on, damaged and unnoticed.
Expected<SyscallFilters::Program> build_architectures(const std::set<std::uint32_t>& allowed) {
  constexpr const char* kSetting = "SystemCallArchitectures=";
  const Context context(seccomp_init(SCMP_ACT_ALLOW));
  if (context == nullptr) return failed(kSetting, ENOMEM);
  const auto add = [&context](std::uint32_t architecture) {
    const int error = seccomp_arch_add(context.get(), architecture);
    return error == -EEXIST ? 0 : -error;
  };
  for (const std::uint32_t architecture : allowed) {
    if (const int error = add(architecture)) return failed(kSetting, error);
    // systemd.exec(5): x32's vDSO makes system calls of x86-64.
    if (architecture != SCMP_ARCH_X32) continue;
    if (const int error = add(SCMP_ARCH_X86_64)) return failed(kSetting, error);
  }
  if (const int error =
          seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)) {
    return failed(kSetting, -error);
  }
  return exported(context.get(), kSetting);
}

/// The local ones that are left: the calls of the others end the process anyhow.
std::vector<std::uint32_t> filtered_architectures(const std::set<std::uint32_t>& allowed) {
  std::vector<std::uint32_t> all = local_architectures();
  if (allowed.empty()) return all;
  std::erase_if(all, [&allowed](std::uint32_t architecture) {
    return architecture != seccomp_arch_native() && !allowed.contains(architecture);
  });
  return all;
}

}  // namespace

Expected<SyscallFilters> SyscallFilters::compile(const SyscallFilterSettings& settings) {
  SyscallFilters filters;
  const auto architectures = filtered_architectures(settings.architectures);
  std::optional<Error> problem;
  const auto take = [&](Expected<Program> program) {
    if (program) {
      filters.programs_.push_back(std::move(*program));
    } else if (!problem) {
      problem = std::move(program.error());
    }
  };
  const auto add = [&](bool asked, const char* setting, auto fill) {
    if (asked) take(build(setting, architectures, SCMP_ACT_ALLOW, fill));
  };
  // systemd's order. SystemCallFilter= comes last: it may deny seccomp(2) itself.
  add(settings.protect_hostname, "ProtectHostname=", [](Rules& rules) {
    rules.deny(SCMP_SYS(sethostname));
    rules.deny(SCMP_SYS(setdomainname));
  });
  if (!settings.architectures.empty()) take(build_architectures(settings.architectures));
  const auto& families = settings.address_families;
  add(families && (families->allow || !families->families.empty()),
      "RestrictAddressFamilies=", [&](Rules& rules) { rule_families(rules, *families); });
  add(settings.memory_deny_write_execute, "MemoryDenyWriteExecute=", rule_memory);
  add(settings.restrict_realtime, "RestrictRealtime=", rule_realtime);
  add(settings.restrict_suid_sgid, "RestrictSUIDSGID=", rule_file_modes);
  add(settings.namespaces.has_value(),
      "RestrictNamespaces=", [&](Rules& rules) { rule_namespaces(rules, *settings.namespaces); });
  add(settings.only_threads, "threads", rule_threads);
  add(settings.protect_kernel_tunables,
      "ProtectKernelTunables=", [](Rules& rules) { rules.deny(SCMP_SYS(_sysctl)); });
  // @module
  add(settings.protect_kernel_modules, "ProtectKernelModules=", [](Rules& rules) {
    rules.deny_all({SCMP_SYS(delete_module), SCMP_SYS(finit_module), SCMP_SYS(init_module)});
  });
  add(settings.protect_kernel_logs,
      "ProtectKernelLogs=", [](Rules& rules) { rules.deny(SCMP_SYS(syslog)); });
  // @clock
  add(settings.protect_clock, "ProtectClock=", [](Rules& rules) {
    rules.deny_all({SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime), SCMP_SYS(clock_adjtime64),
                    SCMP_SYS(clock_settime), SCMP_SYS(clock_settime64), SCMP_SYS(settimeofday)});
  });
  // @raw-io
  add(settings.private_devices, "PrivateDevices=", [](Rules& rules) {
    rules.deny_all({SCMP_SYS(ioperm), SCMP_SYS(iopl), SCMP_SYS(pciconfig_iobase),
                    SCMP_SYS(pciconfig_read), SCMP_SYS(pciconfig_write),
                    SCMP_SYS(s390_pci_mmio_read), SCMP_SYS(s390_pci_mmio_write)});
  });
  add(settings.lock_personality,
      "LockPersonality=", [&](Rules& rules) { rule_personality(rules, settings.personality); });
  if (settings.log && settings.log->restricts()) {
    const SyscallList& log = *settings.log;
    const std::uint32_t listed = log.allow ? SCMP_ACT_LOG : SCMP_ACT_ALLOW;
    const std::uint32_t others = log.allow ? SCMP_ACT_ALLOW : SCMP_ACT_LOG;
    take(build("SystemCallLog=", architectures, others,
               [&](Rules& rules) { rule_list(rules, log, listed); }));
  }
  if (settings.filter && settings.filter->restricts()) {
    const SyscallList& list = *settings.filter;
    const std::uint32_t denied = action_of(settings.error_number, 0);
    const std::uint32_t listed = list.allow ? SCMP_ACT_ALLOW : denied;
    const std::uint32_t others = list.allow ? denied : SCMP_ACT_ALLOW;
    take(build("SystemCallFilter=", architectures, others,
               [&](Rules& rules) { rule_list(rules, list, listed); }));
    filters.denies_execve_ = list.denies("execve");
  }
  if (problem) return std::unexpected(std::move(*problem));
  return filters;
}

bool SyscallFilters::install() const {
  for (const Program& program : programs_) {
    const sock_fprog loaded{static_cast<unsigned short>(program.size()),
                            const_cast<sock_filter*>(program.data())};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &loaded) != 0) return false;
  }
  return true;
}

bool may_filter_as_it_is() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return false;
  return (sets[0].effective >> CAP_SYS_ADMIN & 1) != 0;
}

}  // namespace gatevisor::exec
