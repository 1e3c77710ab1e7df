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
#include "app/leavings.h"
#include "app/prober.h"
#include "core/manager.h"
#include "exec/plan.h"
#include "os/console_out.h"
#include "os/event_loop.h"
#include "os/placement.h"
#include "os/process.h"
#include "os/signals.h"

namespace gatevisor::app {

/// What gatevisor needs to run one service, made ready by the run command.
struct RuntimeParts {
  ServiceSettings settings;
  exec::Plan plan;
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
  void collect_exits();
  void main_exited(WaitStatus status);
  void read_tree_events();
  void read_memory_events();
  void check_children();
  void push(Event event) { events_.push_back(std::move(event)); }
  void drain_events();
  void tell(const Actions& actions, Instant now);

  // actions out
  void perform(const action::Spawn& action);
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

  bool others_alive() const;
  void signal_children(int signal);
  void watch_invocation();
  void watch_tree();
  void watch_console();
  void close_exec_pipe();
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
  os::Child child_;
  std::uint64_t child_started_ticks_ = 0;
  os::UniqueFd exec_pipe_;
  os::UniqueFd tree_events_;
  os::UniqueFd memory_events_;
  os::UniqueFd pressure_;
  bool awaiting_children_ = false;  ///< no cgroup: what is left is told by SIGCHLD
  bool console_watched_ = false;
  bool exiting_ = false;
  int exit_status_ = 0;
};

}  // namespace gatevisor::app
