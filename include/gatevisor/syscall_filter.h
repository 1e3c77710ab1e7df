// Which system calls a service may make: systemd.exec(5), 'System Call Filtering' and the other
// settings that are done by a seccomp filter.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace gatevisor {

/// What stands in a SyscallList beside the errno numbers (0-4095).
inline constexpr int kSyscallListed = -1;  ///< no more than that it is listed
inline constexpr int kSyscallKill = -2;    ///< ':kill': SIGSYS

/// All assignments of SystemCallFilter= or of SystemCallLog=, merged and without groups.
struct SyscallList {
  /// As the first assignment was written. True: what is not listed is denied (is not logged).
  /// False, a first '~': what is listed is denied (is not logged).
  bool allow = false;
  /// By name; the text is static (config/syscall_groups.h). In a list that allows, an errno or
  /// kSyscallKill denies that one call with it.
  std::map<std::string_view, int> calls;

  /// Not so for '~' alone.
  bool restricts() const { return allow || !calls.empty(); }
  /// Of SystemCallFilter=.
  bool denies(std::string_view call) const {
    const auto listed = calls.find(call);
    if (!allow) return listed != calls.end();
    return listed == calls.end() || listed->second != kSyscallListed;
  }
  bool operator==(const SyscallList&) const = default;
};

/// RestrictAddressFamilies=, by AF_* of sys/socket.h.
struct AddressFamilies {
  bool allow = false;  ///< true: only `families`; false: all but them
  std::set<int> families;
  bool none = false;  ///< the last assignment was 'none': the next one starts anew
  bool operator==(const AddressFamilies&) const = default;
};

/// Nothing set: nothing is filtered.
struct SyscallFilterSettings {
  std::optional<SyscallList> filter;  ///< SystemCallFilter=
  int error_number = kSyscallKill;    ///< SystemCallErrorNumber=: 1-4095 or kSyscallKill
  std::optional<SyscallList> log;     ///< SystemCallLog=
  /// SystemCallArchitectures=, AUDIT_ARCH_* of linux/audit.h beside the native one, which always
  /// stays; 0 is 'native', kX32 that of x32. Empty: all.
  std::set<std::uint32_t> architectures;
  static constexpr std::uint32_t kX32 = 0x4000003e;  ///< AUDIT_ARCH_X86_64, not of 64 bits
  std::optional<AddressFamilies> address_families;
  /// RestrictNamespaces=: CLONE_NEW* of linux/sched.h that are left to it. nullopt: all.
  std::optional<std::uint64_t> namespaces;
  bool lock_personality = false;
  std::optional<unsigned> personality;  ///< the one it is locked to; nullopt: gatevisor's own
  bool memory_deny_write_execute = false;
  bool restrict_realtime = false;
  bool restrict_suid_sgid = false;
  bool only_threads = false;  ///< of helpers of ours: clone(2) makes no process
  // The half of these settings that is a filter.
  bool protect_hostname = false;
  bool protect_kernel_tunables = false;
  bool private_devices = false;
  bool protect_kernel_modules = false;
  bool protect_kernel_logs = false;
  bool protect_clock = false;
  bool operator==(const SyscallFilterSettings&) const = default;
};

}  // namespace gatevisor
