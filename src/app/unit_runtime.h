// One unit at run time: its processes, descriptors and cgroup.
//
// Owns every descriptor of the unit. What happens to it becomes an event for the core; what the
// core wants done with it is done. Decides nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/journal_sink.h"
#include "app/launcher.h"
#include "app/leavings.h"
#include "app/prober.h"
#include "exec/child.h"
#include "gatevisor/action.h"
#include "gatevisor/event.h"
#include "os/event_loop.h"
#include "os/invocation.h"
#include "os/notify_socket.h"
#include "os/placement.h"
#include "os/process.h"

namespace gatevisor::app {

/// What gatevisor needs to run one unit, made ready by the run command.
struct UnitParts {
  ServiceSettings settings;
  Launcher launcher;
  os::Placement placement;
};

/// What the units of one gatevisor share.
struct Shared {
  os::EventLoop loop;
  os::ProcessMaker maker;
  JournalSink* journal;
  /// Whether a child of gatevisor that is in no cgroup of a unit may be one of `unit`.
  std::function<bool(std::size_t unit, int pid)> may_be_of;
};

class UnitRuntime {
 public:
  /// `shared` must outlive it. `index`: its place among the units. `push` takes its events.
  UnitRuntime(UnitParts parts, Shared& shared, std::uint32_t index,
              std::function<void(Event)> push);
  UnitRuntime(const UnitRuntime&) = delete;
  UnitRuntime& operator=(const UnitRuntime&) = delete;

  /// What it needs for all its life. An error: it cannot be started.
  Expected<void> prepare();

  const ServiceSettings& settings() const { return parts_.settings; }
  const os::Placement& placement() const { return parts_.placement; }

  // events in
  void handle(os::Source source);
  /// A child of gatevisor is a zombie. False: it is none that the unit started or adopted.
  bool collect(int pid, WaitStatus status);
  /// What its main process said at its end is known now, or never will be.
  void told(const KnownWords& answer);
  /// After any child has changed.
  void check_children();
  /// Its main process or command, or the helper that tidies up after it.
  bool is_own(int pid) const;
  /// A child that is none of the unit's own processes.
  void reaped(int pid) { leavings_.reaped(pid); }
  bool is_helper(int pid) const { return pid != 0 && pid == leavings_.pid(); }
  /// 32 hexadecimal digits; of the last invocation where there is none. Empty: there was none.
  const std::string& invocation_id() const { return invocation_id_; }
  bool has_invocation() const { return invocation_ != 0; }

  // actions out
  void perform(const Action& action);
  /// gatevisor ends: nothing of the unit stays.
  void end();

  /// What has happened already, though its descriptors have not been looked at: before somebody's
  /// request is told, which may have come later.
  void catch_up();

 private:
  void read_exec_pipe();
  void read_notifications();
  void read_command_pipe();
  void main_exited(WaitStatus status);
  void tell_exit(event::MainExited exited);
  void command_exited(WaitStatus status);
  void adopted_main_vanished();
  void read_tree_events();
  void read_memory_events();
  void await_children();
  Expected<os::NotifySocket> make_notify_socket() const;
  Expected<void> watch(int fd, std::uint32_t events, os::Source source);

  void perform(const action::Emit& action);  ///< telling it is the runtime's, as Answer and Exit are
  void perform(const action::Answer&) {}
  void perform(const action::Exit&) {}
  void perform(const action::CheckConditions& action);
  void perform(const action::Spawn& action);
  void perform(const action::SpawnCommand& action);
  void perform(const action::FindMain& action);
  void perform(const action::AdoptMain& action);
  void perform(const action::AwaitTree& action);
  void perform(const action::SignalCommand& action);
  void perform(const action::SignalMain& action);
  void perform(const action::SignalTree& action);
  void perform(const action::KillTree& action);
  void perform(const action::Release& action);
  void perform(const action::Tidy& action);
  void perform(const action::RearmMemoryWatch& action);
  void perform(const action::TakeSample& action);
  void perform(const action::Probe& action);
  void perform(const action::EndProbe& action);
  void perform(const action::WritePidFile& action);
  void perform(const action::RemovePidFile& action);

  struct Running {
    os::Child child;
    os::UniqueFd exec_pipe;
  };
  struct NotMade {
    ExecStep step;
    Error error;
  };
  std::expected<CgroupSnapshot, NotMade> open_invocation(std::uint64_t number);
  std::expected<Running, NotMade> spawn(const exec::Plan& plan, bool beside_main);
  NewOutput open_output(const exec::Plan& plan, const StandardOutput& output);
  void keep_output(NewOutput output, const exec::Plan& plan, int pid, bool is_error);
  void find_main();
  void tree_is_empty();
  void stop_finding_main();
  bool adopt_main(int pid);
  bool is_of_the_invocation(int pid) const;
  bool may_notify(int pid) const;
  os::Message take_outcome(os::UniqueFd& pipe, exec::ChildFailure& failure);
  void close_pipe(os::UniqueFd& pipe);
  std::vector<int> other_children() const;
  bool others_alive() const;
  bool writes_pid_file() const;
  void signal_children(int signal);
  void watch_main();
  void watch_tree();
  void push(Event event) { push_(std::move(event)); }
  void note_failure(const Expected<void>& result);

  UnitParts parts_;
  Shared& shared_;
  const std::uint32_t index_;
  std::function<void(Event)> push_;
  Prober prober_;
  Leavings leavings_;
  os::NotifySocket notify_;
  os::Child child_;    ///< the main process
  os::Child command_;  ///< what runs beside it or before
  /// The main process is dead, and its last words are being asked for.
  struct Held {
    std::uint64_t question;
    event::MainExited exited;
  };
  std::optional<Held> held_;
  os::UniqueFd exec_pipe_;
  os::UniqueFd command_pipe_;
  os::UniqueFd pid_file_events_;
  bool finding_main_ = false;
  std::uint64_t invocation_ = 0;  ///< the one whose leaf is there
  std::string invocation_id_;
  std::string exit_json_;  ///< how it ended, for ExecStopPost=; empty: it has not
  std::uint64_t started_ticks_ = 0;  ///< of its first process, where there is no leaf
  os::UniqueFd tree_events_;
  os::UniqueFd memory_events_;
  os::UniqueFd pressure_;
  bool awaiting_children_ = false;  ///< no cgroup: what is left is told by SIGCHLD
};

}  // namespace gatevisor::app
