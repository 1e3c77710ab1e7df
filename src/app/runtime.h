// The runtime: events from the kernel to the core, actions from the core to the kernel.
//
// Owns every descriptor of a running gatevisor, those of a unit through UnitRuntime. Decides
// nothing: what an event means is the manager's. Nothing in here blocks but the one epoll_wait(2).
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/console.h"
#include "app/control_server.h"
#include "app/journal_sink.h"
#include "app/unit_runtime.h"
#include "app/upstream.h"
#include "core/manager.h"
#include "os/console_out.h"
#include "os/event_loop.h"
#include "os/signals.h"

namespace gatevisor::app {

/// What gatevisor needs to run its units, made ready by the run command.
struct RuntimeParts {
  std::vector<UnitParts> units;
  core::UnitSet set;  ///< of `units`
  os::ProcessMaker maker;
  os::Signals signals;
  LogFormat log_format = LogFormat::Text;
  JournalOptions journal;
  Upstream upstream;
  ControlOptions control;
  bool keep_running = false;
  std::vector<Error> warnings;  ///< what the user allowed to be missing
};

class Runtime {
 public:
  static Expected<std::unique_ptr<Runtime>> create(RuntimeParts parts);

  /// Until the core says Exit; the status for gatevisor itself.
  int run();

 private:
  /// An event, and the unit that it concerns.
  struct Happened {
    std::size_t unit;
    Event event;
  };

  Runtime(RuntimeParts parts, os::EventLoop loop, std::uint64_t seed);

  ControlHost control_host();
  SupervisorStatus describe_supervisor() const;
  std::optional<std::size_t> find(const std::string& name) const;
  bool may_be_of(std::size_t unit, int pid) const;
  void handle(os::Ready ready);
  void read_signals();
  bool take_signals();
  void collect_exits();
  void tell_answers();
  void push(Event event) { events_.push_back({main_, std::move(event)}); }
  Instant deadline() const;
  void drain_events();
  void perform(const UnitActions& actions);
  void tell(const UnitActions& actions, Instant now);
  void watch_console();
  void note_failure(const Expected<void>& result);

  os::Signals signals_;
  std::vector<Error> warnings_;
  Shared shared_;
  const std::size_t main_;
  core::Manager manager_;
  os::ConsoleOut out_;
  Console console_;
  const std::string journal_directory_;
  JournalSink journal_;
  Upstream upstream_;
  std::deque<Happened> events_;
  std::vector<std::unique_ptr<UnitRuntime>> units_;
  const Instant started_;
  const bool keep_running_;
  ControlServer control_;
  bool console_watched_ = false;
  bool exiting_ = false;
  int exit_status_ = 0;
};

}  // namespace gatevisor::app
