// One unit at run time: its processes, descriptors and cgroup.
//
// Owns every descriptor of the unit. What happens to it becomes an event for the core; what the
// core wants done with it is done. Decides nothing.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "app/descriptor_store.h"
#include "app/journal_fields.h"
#include "app/journal_sink.h"
#include "app/kernel_log_reader.h"
#include "app/launcher.h"
#include "app/leavings.h"
#include "app/prober.h"
#include "app/side_process.h"
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

/// What a process is made with beside its plan.
struct SpawnWith {
  std::vector<int> passed{};  ///< what it finds open from 3 on
  std::string awaited{};      ///< a text in a line of its output that is told of
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
  /// StartupProbe=log: has come true for that invocation.
  void line_seen(const std::string& invocation);
  /// When it is to be told what time it is: expire().
  Instant deadline() const;
  void expire(Instant now);
  /// After any child has changed.
  void check_children();
  /// Its main process or command, or the helper that tidies up after it.
  bool is_own(int pid) const;
  /// A child that is none of the unit's own processes.
  void reaped(int pid) { leavings_.reaped(pid); }
  /// It is none of the invocation's: it tidies up, or is a probe's command or a hook.
  bool is_helper(int pid) const;
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
  void store(std::string_view text, std::vector<os::UniqueFd> descriptors);
  void read_command_pipe();
  void main_exited(WaitStatus status);
  void tell_exit(event::MainExited exited);
  void read_kernel_log();
  void tell_held();
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
  void perform(const action::RunHook& action);
  void perform(const action::KillHook& action);
  void perform(const action::CloseStored& action);
  void perform(const action::WritePidFile& action);
  void perform(const action::RemovePidFile& action);

  /// A command of a probe. `dropped`: its answer is not waited for any longer.
  struct ProbeCommand {
    SideProcess process;
    bool dropped = false;
  };
  struct Hook {
    SideProcess process;
    std::string input;    ///< of all of its commands
    os::CgroupDir group;  ///< empty where there are no cgroups
  };
  struct Running {
    os::Child child;
    os::UniqueFd exec_pipe;
  };
  struct NotMade {
    ExecStep step;
    Error error;
  };
  std::expected<CgroupSnapshot, NotMade> open_invocation(std::uint64_t number);
  /// `into`: nullptr where it goes into no cgroup.
  std::expected<Running, NotMade> spawn(const exec::Plan& plan, const os::CgroupDir* into,
                                        SpawnWith with = {});
  std::expected<Running, NotMade> spawn_in_leaf(const exec::Plan& plan, bool beside_main,
                                                SpawnWith with = {});
  NewOutput open_output(const exec::Plan& plan, const StandardOutput& output);
  void keep_output(NewOutput output, const exec::Plan& plan, const OutputOf& of,
                   const std::string& awaited);
  void find_main();
  void tree_is_empty();
  void stop_finding_main();
  bool adopt_main(int pid);
  bool is_of_the_invocation(int pid) const;
  bool may_notify(int pid) const;
  os::Message take_outcome(os::UniqueFd& pipe, exec::ChildFailure& failure);
  bool collect_beside(int pid, WaitStatus status);
  void end_group(const Hook& hook);
  void ask_command(ProbeKind kind, const Command& command);
  void ask_line();
  std::string awaited_line() const;
  ProbeCommand& probe_command(ProbeKind kind) {
    return probe_commands_[static_cast<std::size_t>(kind)];
  }
  Prober& prober(ProbeKind kind) { return probers_[static_cast<std::size_t>(kind)]; }
  Hook& hook(HookKind kind) { return hooks_[static_cast<std::size_t>(kind)]; }
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
  std::array<Prober, kAllProbeKinds.size()> probers_;
  std::array<ProbeCommand, kAllProbeKinds.size()> probe_commands_;
  std::array<Hook, kAllHookKinds.size()> hooks_;
  DescriptorStore stored_;
  Leavings leavings_;
  os::NotifySocket notify_;
  KernelLogReader kernel_log_;
  os::Child child_;    ///< the main process
  os::Child command_;  ///< what runs beside it or before
  /// The main process is dead, and what was said at its end is not known yet.
  struct Held {
    std::uint64_t question;  ///< of its last words; 0: it is the kernel that says it
    event::MainExited exited;
    int pid = 0;
    Instant due = Instant::max();  ///< of what the kernel says
  };
  std::optional<Held> held_;
  os::UniqueFd exec_pipe_;
  os::UniqueFd command_pipe_;
  os::UniqueFd pid_file_events_;
  bool finding_main_ = false;
  bool line_asked_ = false;  ///< StartupProbe=log: is to be answered
  bool line_seen_ = false;   ///< and can be
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
