// What the kernel's log says of deaths: read at /dev/kmsg, where it may be read.
//
// Evidence and nothing else: counters decide. Its pids are those of the first pid namespace, its
// paths those of the whole machine. Text of the log is kept as /dev/kmsg gives it: printable ASCII,
// with '\xNN' for any other byte.
// Source: the kernel's Documentation/ABI/testing/dev-kmsg; mm/oom_kill.c; kernel/auditsc.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gatevisor {

/// A process that the kernel killed out of memory: 'Killed process …', and the line 'oom-kill:…'
/// that stands before it.
struct KernelKill {
  std::string line;  ///< 'Memory cgroup out of memory: Killed process …', cut
  std::string name;  ///< of the process; it may hold anything
  int pid = 0;
  std::optional<std::uint64_t> total_vm{};  ///< bytes, as all sizes here
  std::optional<std::uint64_t> anon_rss{};
  std::optional<std::uint64_t> file_rss{};
  std::optional<std::uint64_t> shmem_rss{};
  std::optional<std::uint64_t> pgtables{};
  std::optional<int> oom_score_adj{};
  std::string constraint{};    ///< 'CONSTRAINT_MEMCG'; empty: the line that has it is not there
  std::string limit_cgroup{};  ///< whose limit was hit: '/a'; empty: the whole system's
  std::string cgroup{};        ///< of the process: '/a/b'; empty: not known
  bool operator==(const KernelKill&) const = default;
};

/// A system call for which a seccomp filter killed: 'audit: type=1326 …'.
struct KernelDenial {
  std::string line;
  std::string name{};  ///< of the thread, as proc(5) comm has it
  int pid = 0;         ///< of the process
  std::optional<unsigned> uid{};
  std::uint64_t at_usec = 0;       ///< wall clock, since 1970
  std::uint32_t architecture = 0;  ///< AUDIT_ARCH_… of linux/audit.h
  int number = -1;                 ///< of the call, on that architecture
  std::string call{};              ///< 'ptrace'; empty: its number has no name here
  std::string group{};             ///< '@debug': a group of systemd's that has it; may be empty
  bool operator==(const KernelDenial&) const = default;
};

/// What was logged during one invocation, of all processes of the machine, oldest first.
struct KernelLog {
  static constexpr std::size_t kMost = 16;       ///< of each kind, the newest
  static constexpr std::size_t kMostLine = 400;  ///< bytes

  std::vector<KernelKill> kills;
  std::vector<KernelDenial> denials;
  bool overwritten = false;      ///< records went before they were read
  bool unread = false;           ///< there was more than is read at once
  bool initial_pids = false;     ///< gatevisor's pids are those of the log
  bool initial_cgroups = false;  ///< and what it sees as the root of cgroups is the root
  std::uint64_t at_usec = 0;     ///< when it was read; wall clock, since 1970
  // of the main process, where pids are others
  std::string main_name{};  ///< proc(5) comm
  std::optional<unsigned> main_uid{};
  bool operator==(const KernelLog&) const = default;
};

}  // namespace gatevisor
