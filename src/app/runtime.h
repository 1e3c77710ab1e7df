// The runtime: events from the kernel to the core, actions from the core to the kernel.
//
// Owns every descriptor of a running gatevisor. Decides nothing: what an event means is the
// manager's. Nothing in here blocks but the one epoll_wait(2).
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "app/console.h"
#include "app/journal_sink.h"
#include "app/launcher.h"
#include "app/leavings.h"
#include "app/prober.h"
#include "core/manager.h"
#include "exec/child.h"
#include "os/console_out.h"
#include "os/event_loop.h"
#include "os/invocation.h"
#include "os/notify_socket.h"
#include "os/placement.h"
#include "os/process.h"
#include "os/signals.h"

namespace gatevisor::app {

/// What gatevisor needs to run one service, made ready by the run command.
struct RuntimeParts {
  ServiceSettings settings;
  Launcher launcher;
  os::Placement placement;
  os::ProcessMaker maker;
  os::Signals signals;
  LogFormat log_format = LogFormat::Text;
  std::string journal_directory;  ///< empty: none
  std::vector<Error> warnings;    ///< what the user allowed to be missing
};

class Runtime {
 public:
  static Expected<std::unique_ptr<Runtime>> create(RuntimeParts parts);

  /// Until the core says Exit; the status for gatevisor itself.
  int run();

 private:
  Runtime(RuntimeParts parts, os::EventLoop loop, std::uint64_t seed);

  // events in
  void handle(os::Source source);
  void read_signals();
  void read_exec_pipe();
  void read_command_pipe();
  void read_notifications();
  void collect_exits();
  void main_exited(WaitStatus status);
  void command_exited(WaitStatus status);
  void adopted_main_vanished();
  void read_tree_events();
  void read_memory_events();
  void check_children();
  void push(Event event) { events_.push_back(std::move(event)); }
  void drain_events();
  void tell(const Actions& actions, Instant now);

  // actions out
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
  void perform(const action::Probe& action);
  void perform(const action::EndProbe& action);
  void perform(const action::WritePidFile& action);
  void perform(const action::RemovePidFile& action);
  void perform(const action::Emit&) {}  ///< see tell()
  void perform(const action::Exit& action);

  struct Running {
    os::Child child;
    os::UniqueFd exec_pipe;
  };
  struct NotMade {
    ExecStep step;
    Error error;
  };
  std::expected<CgroupSnapshot, NotMade> open_invocation(std::uint64_t number);
  std::expected<Running, NotMade> spawn(const exec::Plan& plan);
  void find_main();
  void stop_finding_main();
  bool adopt_main(int pid);
  bool is_of_the_invocation(int pid) const;
  bool may_notify(int pid) const;
  os::Message take_outcome(os::UniqueFd& pipe, exec::ChildFailure& failure);
  void close_pipe(os::UniqueFd& pipe);
  bool others_alive() const;
  void signal_children(int signal);
  void watch_main();
  void watch_tree();
  void watch_console();
  void note_failure(const Expected<void>& result);

  RuntimeParts parts_;
  os::EventLoop loop_;
  core::Manager manager_;
  os::ConsoleOut out_;
  Console console_;
  Prober prober_;
  JournalSink journal_;
  Leavings leavings_;
  std::deque<Event> events_;
  os::NotifySocket notify_;
  os::Child child_;    ///< the main process
  os::Child command_;  ///< what runs beside it or before
  os::UniqueFd exec_pipe_;
  os::UniqueFd command_pipe_;
  os::UniqueFd pid_file_events_;
  bool finding_main_ = false;
  std::uint64_t invocation_ = 0;  ///< the one whose leaf is there
  std::string invocation_id_;
  std::uint64_t started_ticks_ = 0;  ///< of its first process, where there is no leaf
  os::UniqueFd tree_events_;
  os::UniqueFd memory_events_;
  os::UniqueFd pressure_;
  bool awaiting_children_ = false;  ///< no cgroup: what is left is told by SIGCHLD
  bool console_watched_ = false;
  bool exiting_ = false;
  int exit_status_ = 0;
};

}  // namespace gatevisor::app
