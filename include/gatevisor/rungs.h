// The ladders: how well this machine lets gatevisor do each part of its work.
//
// The best rung is the first. os/probe.h finds them once at start; core/rung_table.h says which
// verdicts each one costs; `gatevisor doctor` prints both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatevisor {

/// cgroup v2, as far as the gateway's own slice is concerned.
enum class CgroupRung : std::uint8_t {
  MemoryController,  ///< writable, with memory.events of the gateway's own
  NoMemory,          ///< writable, but without the memory controller: kill and populated only
  ReadOnly,          ///< the container's own counters can be read, nothing can be made
  Hidden,            ///< no cgroup v2 to be seen
};

/// How the gateway gets from fork to its cgroup, and how gatevisor gets its pidfd.
enum class SpawnRung : std::uint8_t {
  Clone3IntoCgroup,  ///< clone3(2) CLONE_PIDFD | CLONE_INTO_CGROUP (Linux 5.7)
  ClonePidfd,        ///< clone(2) CLONE_PIDFD; the child joins its cgroup before exec (5.2)
  ForkPidfdOpen,     ///< fork(2), then pidfd_open(2) (5.3)
  Fork,              ///< fork(2) and SIGCHLD
};

/// How a signal reaches exactly the process that was started.
enum class SignalRung : std::uint8_t {
  PidfdSendSignal,  ///< pidfd_send_signal(2)
  KillUnreaped,     ///< kill(2) on the child that is not yet reaped: its pid cannot be reused
};

/// How everything that the gateway left behind is ended.
enum class KillRung : std::uint8_t {
  CgroupKill,       ///< cgroup.kill (5.14)
  FreezeKillThaw,   ///< cgroup.freeze, a signal to each, thaw
  SubreaperRounds,  ///< what outlives the main process becomes our child; killed round by round
  MainOnly,         ///< neither a cgroup nor /proc: only the main process can be ended
};

struct Rungs {
  CgroupRung cgroup = CgroupRung::Hidden;
  SpawnRung spawn = SpawnRung::Fork;
  SignalRung signal = SignalRung::KillUnreaped;
  KillRung kill = KillRung::SubreaperRounds;
  bool root = false;                   ///< effective uid 0
  bool pid1 = false;                   ///< PID 1 of its pid namespace
  bool can_set_ids = false;            ///< CAP_SETUID and CAP_SETGID
  bool can_drop_bounding_set = false;  ///< CAP_SETPCAP
  bool can_lower_oom_score = false;    ///< CAP_SYS_RESOURCE
  bool pids_controller = false;        ///< pids.events of the gateway's own, TasksMax=
  bool cpu_controller = false;         ///< CPUQuota=, CPUWeight=
  bool pressure = false;               ///< memory.pressure can be watched (PSI)
  bool kernel_log = false;             ///< /dev/kmsg can be read
  std::string why_cgroup;              ///< why no better cgroup rung; one clause
  std::string why_kernel_log;          ///< why it cannot be read; one clause

  bool operator==(const Rungs&) const = default;
};

std::string_view to_string(CgroupRung rung);
std::string_view to_string(SpawnRung rung);
std::string_view to_string(SignalRung rung);
std::string_view to_string(KillRung rung);

}  // namespace gatevisor
