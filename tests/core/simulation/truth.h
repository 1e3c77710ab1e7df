// What a death really was: the simulation's own table, which shares nothing with the core's.
#pragma once

#include <bitset>
#include <csignal>
#include <optional>

#include "fake_cgroups.h"
#include "gatevisor/settings.h"
#include "gatevisor/verdict.h"

namespace gatevisor::core {

/// Why the core was ending a main process.
enum class Reason : std::uint8_t {
  None,
  Request,
  OutOfMemory,
  Stall,
  Probe,
  StartTimeout,
  RuntimeLimit,
  Watchdog,
  Command,  ///< ExecStartPost= failed
};

/// How a main process ended, as only its kernel knows.
enum class End : std::uint8_t {
  NotStarted,  ///< no process, or no execve(2)
  ByItself,    ///< it called exit(2)
  Fault,
  FromOutside,  ///< somebody else's signal
  Seccomp,
  RanOut,        ///< its run-time got no more memory
  KernelOom,     ///< the OOM killer took it
  KernelOomAll,  ///< with all of its processes
  LostHelper,    ///< it exited because the OOM killer took its helper
  NoMoreTasks,   ///< it exited because its forks were refused
  Ours,          ///< a signal of gatevisor's
};

/// What gatevisor had done to it until then.
struct Ending {
  Reason reason = Reason::None;
  bool timed_out = false;  ///< killed at TimeoutStopSec=
  std::bitset<65> sent;    ///< every signal, for whatever reason
  unsigned acts = 0;       ///< how many they were

  bool killed() const { return sent.test(SIGKILL); }
};

struct Truth {
  Cause cause = Cause::ExitCode;
  std::optional<Victim> victim;  ///< where it can be known from here
  std::optional<Scope> scope;
  /// Two things came together within an instant, and nobody could tell which was first.
  bool ambiguous = false;
  bool prompt = false;  ///< out of memory, and dead within kOomSameKill
};

struct Facts {
  End end;
  WaitStatus status;
  Ending ending;  ///< when it died
  Scope scope;    ///< of the OOM kill, if there was one
  CgroupRung rung;
  bool pids;                              ///< pids.events of the gateway's own can be read
  bool recent_oom;                        ///< the OOM killer took one of its processes lately
  bool unready = false;                   ///< READY=1 was waited for
  Cause command_cause = Cause::ExitCode;  ///< Reason::Command: how that one ended
};

Truth truth_of(const Facts& facts, const ServiceSettings& settings);

}  // namespace gatevisor::core
