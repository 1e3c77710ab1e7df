// One random world: settings, a machine, and how each invocation is going to behave.
#pragma once

#include <cstdint>
#include <string>

#include "gatevisor/exec_step.h"
#include "gatevisor/last_words.h"
#include "gatevisor/rungs.h"
#include "gatevisor/settings.h"
#include "gatevisor/verdict.h"
#include "simulation/dice.h"

namespace gatevisor::core {

struct Scenario {
  ServiceSettings settings;
  CgroupRung rung = CgroupRung::MemoryController;
  bool pids = true;          ///< the pids controller
  Duration horizon{};        ///< when the outside world stops gatevisor for good
  unsigned outside = 0;      ///< signals and requests from outside, a minute
  unsigned unkillable = 0;   ///< percent of processes that SIGKILL does not end at once
  bool late_timers = false;  ///< the machine is slow, or was suspended
  bool plain = true;         ///< one main process of Type=exec, and nothing beside it
  bool notifies = false;     ///< its processes send sd_notify(3) messages
};

Scenario draw_scenario(Dice& dice);

/// Its settings in one line, as the test prints them when a seed fails.
std::string to_string(const Scenario& scenario);

/// How one process takes what it is sent.
struct Nature {
  bool ignores_stop = false;
  Duration stops_in{};           ///< from the stop signal to its end
  std::optional<int> stop_code;  ///< nullopt: it dies of the signal
  Duration dies_in{};            ///< from SIGKILL to its end; kForever: never
  bool killable() const;
};

Nature draw_nature(Dice& dice, const Scenario& scenario);

/// What becomes of an invocation that is left alone.
enum class Fate : std::uint8_t {
  NoLeaf,   ///< its cgroup cannot be made
  NoClone,  ///< no process can be made
  ExecFails,
  Exits,
  Faults,  ///< SIGSEGV and its like, with or without a core
  KilledFromOutside,
  Seccomp,
  RunsOut,  ///< its run-time gets no more memory, and says so
  OomMain,
  OomGroup,  ///< memory.oom.group; OomMain where OOMPolicy= is not kill
  OomHelper,
  TaskLimit,  ///< forks are refused, and it exits for that
  Spins,      ///< at its memory limit, with nobody whom the kernel may kill
  Pressed,    ///< memory.pressure is full
  Wedges,     ///< alive, but answers nothing any more
  Serves,
};

struct Life {
  Fate fate = Fate::Serves;
  Duration until{};       ///< from execve(2) to its fate
  WaitStatus end;         ///< Exits, Faults, KilledFromOutside, Seccomp, RunsOut, TaskLimit
  int seccomp_mode = -1;  ///< as proc(5) shows it
  std::optional<LastWords> said;  ///< at the end of its output
  Scope scope = Scope::OwnLimit;
  ExecStep step = ExecStep::Exec;
  int code = 0;  ///< errno of NoLeaf, NoClone and ExecFails
  unsigned helpers = 0;
  Duration boots_in{};           ///< from execve(2) to its first answer to a probe
  bool sparse = false;           ///< Spins: now and then only, which is no stall
  bool slow_to_die = false;      ///< so large that its end takes longer than kSettle
  Duration ready_in = kForever;  ///< from execve(2) to READY=1
};

Life draw_life(Dice& dice, const Scenario& scenario);

/// What becomes of a command that is left alone.
struct CommandLife {
  enum class Fate : std::uint8_t { NoClone, ExecFails, Ends, Hangs };
  Fate fate = Fate::Ends;
  Duration until{};
  WaitStatus end;
  ExecStep step = ExecStep::Exec;
  int code = 0;             ///< errno of NoClone and ExecFails
  unsigned leaves = 0;      ///< processes that outlive it
  bool stops_main = false;  ///< ExecStop= that does what it is for
};

CommandLife draw_command_life(Dice& dice, CommandKind kind);

}  // namespace gatevisor::core
