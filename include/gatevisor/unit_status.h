// What gatevisor says of its units over the control socket: `gatevisor status` and its like.
//
// What takes reading of many files (memory, processes, log lines) is not in it: who asks reads that
// himself, at the places that are told here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gatevisor/time.h"

namespace gatevisor {

/// How the last invocation ended.
struct LastDeath {
  std::string invocation;
  std::string ended;  ///< RFC 3339
  std::string cause;  ///< as in a verdict, and below
  std::string confidence;
  std::string summary;
  int status = 0;  ///< 128+n for a signal
  bool operator==(const LastDeath&) const = default;
};

/// How often a unit died of one cause.
struct DeathCount {
  std::string cause;
  std::uint64_t count = 0;
  bool operator==(const DeathCount&) const = default;
};

/// Of one kind of probe.
struct ProbeStatus {
  std::string kind;      ///< 'startup', 'liveness', 'readiness'
  std::string target;    ///< as it was written
  bool serving = false;  ///< it was answered, and has not failed since
  unsigned failures = 0;  ///< in a row
  std::optional<Duration> latency;  ///< of the last one that was answered
  bool operator==(const ProbeStatus&) const = default;
};

struct UnitStatus {
  std::string name;  ///< 'gateway.service'
  bool main = false;
  std::string active;  ///< systemd's ActiveState: 'active', 'activating', 'failed', …
  std::string sub;     ///< systemd's SubState: 'running', 'auto-restart', 'stop-post', …
  std::string since;   ///< RFC 3339; empty: it has never been anything else
  std::string reason;  ///< why it is over; empty where it is not
  std::string job;     ///< 'start', 'stop', 'restart' that is under way; empty: none
  int main_pid = 0;
  int control_pid = 0;  ///< of ExecStartPre= and its like
  std::string invocation;
  std::string started;         ///< RFC 3339, of the invocation
  std::uint64_t launches = 0;  ///< invocations so far
  std::string next_start;      ///< RFC 3339; empty: none is planned
  unsigned exits = 0;          ///< in the last `window` (AlarmIntervalSec=)
  Duration window{0};
  std::string text;          ///< STATUS= of sd_notify(3)
  bool ready = false;        ///< active, and its ReadinessProbe= finds it so, where there is one
  std::vector<ProbeStatus> probes;
  std::vector<DeathCount> deaths;   ///< since gatevisor was started, where there were any
  std::string slice;         ///< its cgroup below the mount; empty: none of its own
  std::string leaf;          ///< likewise, of the invocation
  std::string cgroup;        ///< rungs in use, as `gatevisor doctor` names them
  std::string spawn;
  bool died = false;  ///< `last` is one
  LastDeath last;
  bool operator==(const UnitStatus&) const = default;
};

/// gatevisor itself.
struct SupervisorStatus {
  int pid = 0;
  std::string version;
  std::string started;  ///< RFC 3339
  std::string main;     ///< 'gateway.service'
  bool keep_running = false;
  bool ending = false;
  std::string journal;  ///< directory; empty: none
  std::uint64_t journal_entries = 0;  ///< kept since gatevisor was started
  std::uint64_t journal_bytes = 0;    ///< of the lines among them, without their fields
  std::uint64_t journal_dropped = 0;  ///< lines that were not (JournalFull=drop)
  std::string journal_trouble;  ///< why it cannot be written to now; empty: nothing is in the way
  bool operator==(const SupervisorStatus&) const = default;
};

/// One process of a unit, as /proc has it.
struct ObservedProcess {
  int pid = 0;
  int parent = 0;
  std::string command;             ///< its command line, printable; '[name]' where it has none
  std::uint64_t resident = 0;      ///< bytes
  std::uint64_t cpu_usec = 0;
  bool operator==(const ObservedProcess&) const = default;
};

/// What a client has seen for itself, at the places that the status names. nullopt: it is not there.
struct ObservedUnit {
  UnitStatus status;
  std::optional<std::uint64_t> memory;  ///< bytes; of the invocation, as all below
  std::optional<std::uint64_t> memory_peak;
  std::optional<std::uint64_t> memory_max;  ///< the unit's limits, of its slice
  std::optional<std::uint64_t> memory_high;
  std::optional<std::uint64_t> tasks;
  std::optional<std::uint64_t> tasks_max;
  std::optional<std::uint64_t> cpu_usec;
  /// For how long some of its tasks, and all of them at once, waited for it (PSI).
  struct Stalled {
    std::optional<std::uint64_t> some_usec;
    std::optional<std::uint64_t> full_usec;
  };
  Stalled memory_stalled;
  Stalled cpu_stalled;
  Stalled io_stalled;
  std::vector<ObservedProcess> processes;
};

}  // namespace gatevisor
