// A kernel that performs what the core asks for, in virtual time, and knows the truth.
//
// Processes with their children and grandchildren, the counters of a cgroup tree, signals that are
// ignored, processes that do not die, kills for memory, refused clones and execs. It tells what
// src/app tells, in the same order, each a little later than it happened.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/manager.h"
#include "fake_cgroups.h"
#include "simulation/scenario.h"
#include "simulation/truth.h"

namespace gatevisor::core {

struct Process {
  int pid = 0;
  int parent = 0;  ///< 1: reparented to gatevisor
  bool main = false;
  bool command = false;
  bool in_group = false;  ///< of the main process's process group
  bool executed = false;  ///< past execve(2): signals have their handlers
  bool alive = true;
  bool stopping = false;  ///< it is on its way out, for the stop signal
  bool doomed = false;    ///< SIGKILL is on its way, or cannot end it
  std::uint64_t invocation = 0;
  Nature nature;
};

class FakeKernel {
 public:
  FakeKernel(const Scenario& scenario, Dice& dice);

  // ---- time

  /// When the next thing happens by itself; Instant::max() for never.
  Instant next_at() const;
  /// Lets it happen. What is to be told of it is in `events` afterwards.
  void run_next();
  void at(Instant when, std::function<void()> what) { agenda_.emplace(when, std::move(what)); }
  Instant now() const { return now_; }
  void wait_until(Instant when) { now_ = std::max(now_, when); }
  std::deque<Event> events;

  // ---- what the core asks for

  /// `forwarded`: a signal of the user's, not one to end it with.
  void perform(const Action& action, bool forwarded);
  /// Why the core was ending the main process when it asked for what follows; `timed_out`: for the
  /// second time.
  void note_reason(Reason reason) { ending_.reason = reason; }
  void note_timed_out() { ending_.timed_out = true; }
  /// It counts as started: READY=1 is no longer waited for.
  void note_ready() { ready_ = true; }
  /// What was found is not taken: gatevisor has given this invocation up.
  void forget_main();
  /// It is being stopped without a signal: by ExecStop=.
  void note_act() { ++ending_.acts; }
  Reason reason() const { return ending_.reason; }

  // ---- what is true

  bool main_alive() const;
  /// Dead, but gatevisor was not told yet, or alive.
  bool main_known() const { return main_ != 0; }
  bool main_executed() const;
  bool spinning() const {
    return life_.fate == Fate::Pressed || (life_.fate == Fate::Spins && !life_.sparse);
  }
  /// It answers probes, and has done so for longer than any of them may take.
  bool surely_serving() const;
  bool oom_killed() const { return oom_kills_ > 0; }
  std::size_t population() const;
  /// Every process of this invocation dies at once when it is sent SIGKILL.
  bool all_killable() const;
  bool main_killable() const;
  /// The death that was told last.
  const Truth& truth() const { return truth_; }
  int told_pid() const { return told_pid_; }
  /// How the command ended that was told last.
  Cause command_cause() const { return command_cause_; }
  /// The command that was asked for last lives, and nothing of ours is ending it for good.
  bool command_goes_on() const;
  /// What MAINPID= may name.
  int some_pid();
  bool has_memory_events() const { return scenario_.rung == CgroupRung::MemoryController; }

  /// The outside world: SIGKILL for all of them, from elsewhere.
  void kill_everybody();

 private:
  void open_invocation(std::uint64_t invocation);
  void spawn(std::uint64_t invocation);
  void spawn_command(const action::SpawnCommand& action);
  void begin_serving(int pid);
  void find_main();
  void adopt_main(int pid);
  void tell_command(int pid, WaitStatus status);
  Process new_process(std::uint64_t invocation);
  void exec_done(int pid);
  void strike(int pid);
  void strike_for_memory(Process& main);
  void count_oom_kill(Scope scope, std::uint64_t victims, bool group);
  void lose_helper(int main_pid);
  void spin(int main_pid);
  void press(int main_pid);
  void answer_probe(ProbeKind kind);
  std::uint64_t& probe(ProbeKind kind) { return probes_[static_cast<std::size_t>(kind)]; }
  void run_hook(HookKind kind);
  void end_hook(HookKind kind, Duration after, std::optional<WaitStatus> status);
  std::uint64_t& hook(HookKind kind) { return hooks_[static_cast<std::size_t>(kind)]; }
  bool serving() const;
  void add_helper(int parent);
  void deliver(Process& process, int signal, bool forwarded);
  void deliver_to_tree(int signal);
  void act(int signal);
  void doom(Process& process, End end);
  void end(int pid, WaitStatus status, End how);
  void tell_exit(int pid);
  void tell_tree();
  void notify_memory();
  void tell_memory();
  bool reachable(const Process& process) const;
  Process* find(int pid);
  const Process* find(int pid) const;
  void in(Duration span, std::function<void()> what) { at(after(now_, span), std::move(what)); }
  Duration soon() { return dice_.span(Duration{0}, std::chrono::milliseconds{2}); }

  const Scenario& scenario_;
  Dice& dice_;
  Instant now_;
  std::multimap<Instant, std::function<void()>> agenda_;
  std::vector<Process> processes_;
  FakeCgroups groups_;
  int next_pid_ = 1000;
  std::uint64_t invocation_ = 0;
  int main_ = 0;  ///< 0: none, or its end was told
  Life life_;
  Ending ending_;
  Truth truth_;
  int told_pid_ = 0;
  bool exec_told_ = false;
  bool ready_ = false;
  bool finding_ = false;
  bool refused_ = false;  ///< forks, in this invocation and not for the main process of now
  bool refusing_ = false;
  int command_ = 0;  ///< the last that was asked for; 0: its end was told
  CommandLife command_life_;
  Cause command_cause_ = Cause::ExitCode;
  unsigned acts_at_death_ = 0;
  unsigned oom_kills_ = 0;  ///< in this life
  Scope oom_scope_{};
  bool spun_ = false;  ///< out of memory over and over, and nobody was killed
  Instant last_oom_{};
  bool watching_ = false;       ///< from Spawned to Release
  bool awaiting_tree_ = false;  ///< the end of the rest is waited for
  Instant serves_from_ = Instant::max();
  bool wedged_ = false;
  std::array<std::uint64_t, kAllProbeKinds.size()> probes_{};  ///< the one under way; 0: none
  std::array<std::uint64_t, kAllHookKinds.size()> hooks_{};    ///< likewise
  std::uint64_t asked_ = 0;  ///< probes and hooks so far
  bool memory_armed_ = true;
  bool memory_changed_ = false;
};

}  // namespace gatevisor::core
