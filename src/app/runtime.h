// The runtime: events from the kernel to the core, actions from the core to the kernel.
//
// Owns every descriptor of a running gatevisor, those of a unit through UnitRuntime. Decides
// nothing: what an event means is the manager's. Nothing in here blocks but the one epoll_wait(2).
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "app/console.h"
#include "app/journal_sink.h"
#include "app/unit_runtime.h"
#include "core/manager.h"
#include "os/console_out.h"
#include "os/event_loop.h"
#include "os/signals.h"

namespace gatevisor::app {

/// What gatevisor needs to run a unit, made ready by the run command.
struct RuntimeParts {
  UnitParts unit;
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

  void handle(os::Ready ready);
  void read_signals();
  bool take_signals();
  void collect_exits();
  void push(Event event) { events_.push_back(std::move(event)); }
  void drain_events();
  void perform(const Actions& actions);
  void tell(const Actions& actions, Instant now);
  void watch_console();
  void note_failure(const Expected<void>& result);

  os::Signals signals_;
  std::vector<Error> warnings_;
  Shared shared_;
  core::Manager manager_;
  os::ConsoleOut out_;
  Console console_;
  JournalSink journal_;
  std::deque<Event> events_;
  UnitRuntime unit_;
  bool console_watched_ = false;
  bool exiting_ = false;
  int exit_status_ = 0;
};

}  // namespace gatevisor::app
