// Making a child, signalling exactly it, and learning how it ended.
//
// Owns the ladders clone3 / clone / fork and pidfd / kill. Never decides anything.
#pragma once

#include <optional>

#include "gatevisor/error.h"
#include "gatevisor/rungs.h"
#include "gatevisor/wait_status.h"
#include "os/unique_fd.h"

namespace gatevisor::os {

/// A child that has not been reaped: until then its pid is its own.
struct Child {
  int pid = 0;
  UniqueFd pidfd;  ///< empty on the rung Fork
};

/// What runs in the new process. Must not return, allocate, or touch anything but its argument.
/// `joined`: it is in its cgroup already.
struct ChildMain {
  void (*run)(void* argument, bool joined);
  void* argument;
};

class ProcessMaker {
 public:
  /// Finds the rungs without making a process: each call is given arguments that it must refuse.
  static ProcessMaker probe();

  SpawnRung spawn_rung() const { return spawn_; }
  SignalRung signal_rung() const { return signal_; }
  bool has_pidfd_open() const { return pidfd_open_; }
  /// False once clone3 has put a child into its cgroup: then none has to join by itself.
  bool child_may_have_to_join() const { return !born_in_cgroup_; }

  /// `cgroup`: a directory descriptor, or -1. A rung that is refused at the call itself is given up
  /// for good and the next one tried.
  Expected<Child> spawn(int cgroup, const ChildMain& main);

  /// ESRCH is no error here: the caller learns of the exit elsewhere.
  Expected<void> signal(const Child& child, int signal) const;

 private:
  SpawnRung spawn_ = SpawnRung::Fork;
  SignalRung signal_ = SignalRung::KillUnreaped;
  bool pidfd_open_ = false;
  bool born_in_cgroup_ = false;
};

/// It has ended, and another process has reaped it: how is not known.
bool was_reaped_elsewhere(const Child& child);

/// A process that is to be watched and signalled as if this one had made it.
Expected<Child> adopt(int pid);

struct Exit {
  int pid;
  WaitStatus status;
};

/// How `pid` ended, if it has; it stays a zombie (waitid(2) WNOWAIT).
std::optional<WaitStatus> peek_exit(int pid);

/// Any dead child of ours, still a zombie; nullopt if there is none.
std::optional<Exit> peek_any_exit();

void reap(int pid);

/// Waits for a child of one's own making that is about to end, and reaps it.
void await_end(int pid);

/// 'Seccomp:' of /proc/<pid>/status (proc(5)); -1 where it cannot be read.
int seccomp_mode(int pid);

/// A process as others see it (proc(5)); nothing of one that is not there.
struct Identity {
  std::string name;  ///< comm: at most 15 bytes, of any kind
  std::optional<unsigned> uid;
};
Identity identity_of(int pid);

}  // namespace gatevisor::os
